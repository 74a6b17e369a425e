// Scoring a network: what it predicts of labelled images, and what that is worth.

#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <vector>

#include "cnn/dataset.hpp"
#include "cnn/evaluation.hpp"

#include "base/collective.hpp"
#include "data/selection.hpp"
#include "infer/inference.hpp"
#include "nn/loss.hpp"

namespace cnn {

// How many outputs come before that of `label`: those that are larger, and equal ones of classes
// before it.
template <typename Outputs>
std::size_t rank_of(std::size_t label, const Outputs& outputs) {
  std::size_t rank = 0;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    if (outputs[k] > outputs[label] || (outputs[k] == outputs[label] && k < label)) ++rank;
  }
  return rank;
}

// Scores every selected image once. Throws ShapeError if the images are not those of the network,
// ArgumentError for an image that is not there and for a label that the network has no output for.
Evaluation evaluate(Inference& inference, Loss loss, const Dataset& dataset,
                    const Selection& selection);

// The same; nothing if `stop` became true on the way. Several ranks share the images out, and all
// get the result; if one is stopped or throws, all are or do.
std::optional<Evaluation> evaluate(Inference& inference, Loss loss, const Dataset& dataset,
                                   const Selection& selection, const std::atomic<bool>& stop,
                                   Collective& collective = alone());

}  // namespace cnn
