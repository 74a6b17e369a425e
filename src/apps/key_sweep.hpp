// cnn-train --sweep and --folds: one configuration trained with each combination of values of some
// keys and on each fold of its data, and which is best by the images held out.

#pragma once

#include <functional>

#include "apps/command_line.hpp"
#include "base/collective.hpp"
#include "run/run_config.hpp"
#include "run/trainer.hpp"

namespace cnn::app {

// Trains into run-1, run-2, … of the output directory by `train`, as --seeds does (sweep.hpp); with
// --folds into run-1-fold-1, …, and without keys into fold-1, fold-2, … `load` reads the
// configuration of some options. Every combination is checked before the first is trained. A run
// that diverges is one of the results. Throws ConfigError without a validation set.
int sweep_keys(const TrainOptions& options, StopSwitch& stop, Collective& ranks,
               const std::function<RunConfig(const TrainOptions&)>& load,
               const std::function<int(const TrainOptions&)>& train);

}  // namespace cnn::app
