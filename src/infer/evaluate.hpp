// Scoring a network: what it predicts of labelled images, and what that is worth.

#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <vector>

#include "cnn/dataset.hpp"
#include "cnn/evaluation.hpp"

#include "data/selection.hpp"
#include "infer/inference.hpp"
#include "nn/loss.hpp"

namespace cnn {

// Scores every selected image once. Throws ShapeError if the images are not those of the network,
// ArgumentError for an image that is not there and for a label that the network has no output for.
Evaluation evaluate(Inference& inference, Loss loss, const Dataset& dataset,
                    const Selection& selection);

// The same; nothing if `stop` became true on the way.
std::optional<Evaluation> evaluate(Inference& inference, Loss loss, const Dataset& dataset,
                                   const Selection& selection, const std::atomic<bool>& stop);

}  // namespace cnn
