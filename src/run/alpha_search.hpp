// Looking for a learning rate: a short training in which α grows from step to step (Smith,
// "Cyclical Learning Rates for Training Neural Networks", 2017) says where to begin; short
// trainings with one α each say which is best.

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
  double steepest;  // where the smoothed loss falls fastest
  double lowest;    // where it is smallest
  double first;     // where it has done nine tenths of its fall: the first to be tried
};

struct AlphaTrial {
  double alpha;
  double loss;  // mean of the batches of the last quarter; infinite where it was not finite
};

// 100 steps from the network's present values, α going from 1e-6 to 10 in equal factors; they end
// early once the smoothed loss is four times its smallest, or no longer finite. Everything else is
// as in a run: order, solver, augmentation. The schedule has no part in it. The result does not
// depend on the number of workers; it is nothing if `stop` became true. The network's values are
// as before in the end. Layers with an α of their own keep to it. Throws ConfigError if all do, or
// none learns, DivergedError if the first step's loss is not finite.
std::optional<std::vector<AlphaStep>> search_alpha(const ModelInfo& info, Network& network,
                                                   const TrainingData& data, Workers& workers,
                                                   const std::atomic<bool>& stop);

// Judges a curve of at least one step.
AlphaAdvice advise_alpha(std::span<const AlphaStep> steps);

// A training of 80 steps from the network's present values: up to α in a fifth of them, then down
// to 0. Otherwise like search_alpha; a loss that is not finite ends it.
std::optional<AlphaTrial> try_alpha(const ModelInfo& info, Network& network,
                                    const TrainingData& data, Workers& workers,
                                    const std::atomic<bool>& stop, double alpha);

// The alpha to be tried after these: twice the largest or half the smallest, if that one was the
// best. Nothing when the best has worse ones on both sides, or after eight. Needs a trial.
std::optional<double> next_alpha(std::span<const AlphaTrial> trials);

// Whether next_alpha has ended only because there are eight, the best at an end of them; and
// whether all of several have the same loss, as where nothing is learnt.
bool ended_at_limit(std::span<const AlphaTrial> trials);
bool makes_no_difference(std::span<const AlphaTrial> trials);

// About the best of at least one trial: between it and its neighbours, where the parabola through
// their losses is lowest; where a larger alpha had no finite loss, somewhat less: a longer training
// at the edge may go over it.
double recommended_alpha(std::span<const AlphaTrial> trials);

}  // namespace cnn
