// Looking for a learning rate: a short training in which α grows from step to step (Smith,
// "Cyclical Learning Rates for Training Neural Networks", 2017).

#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/workers.hpp"
#include "nn/network.hpp"
#include "run/model.hpp"
#include "run/training_data.hpp"

namespace cnn {

struct AlphaStep {
  double alpha;     // of the step
  double loss;      // before it, mean of the batch
  double smoothed;  // mean of the losses so far, in which old ones fade
};

struct AlphaAdvice {
  double steepest;     // where the smoothed loss falls fastest
  double lowest;       // where it is smallest
  double recommended;  // a fifth of that
};

// 100 steps from the network's present values, α going from 1e-6 to 10 in equal factors; they end
// early once the smoothed loss is four times its smallest, or no longer finite. Everything else is
// as in a run: order, solver, augmentation. The schedule has no part in it. The result does not
// depend on the number of workers; it is nothing if `stop` became true. The network's values are
// of no use afterwards. Throws ConfigError if training.alpha is 0, DivergedError if the first
// step's loss is not finite.
std::optional<std::vector<AlphaStep>> search_alpha(const ModelInfo& info, Network& network,
                                                   const TrainingData& data, Workers& workers,
                                                   const std::atomic<bool>& stop);

// Judges a curve of at least one step.
AlphaAdvice advise_alpha(std::span<const AlphaStep> steps);

}  // namespace cnn
