// cnn-train --sweep and --folds: one configuration trained with each combination of values of some
// keys and on each fold of its data, and which is best by the images held out.

#pragma once

#include <functional>
#include <optional>

#include "apps/command_line.hpp"
#include "base/collective.hpp"
#include "run/run_config.hpp"
#include "run/trainer.hpp"
#include "run/training_data.hpp"

namespace cnn::app {

// What a sweep does with the options of one run.
struct KeySweepCalls {
  // Reads the configuration.
  std::function<RunConfig(const TrainOptions&)> load;
  // Looks at everything that can be wrong with the run, without training; on `data` where they are
  // there, and leaves there what it has read.
  std::function<void(const TrainOptions&, std::optional<TrainingData>& data)> look;
  // Returns the exit code.
  std::function<int(const TrainOptions&)> train;
};

// Trains into run-1, run-2, … of the output directory, as --seeds does (sweep.hpp); with --folds
// into run-1-fold-1, …, and without keys into fold-1, fold-2, … Every combination is looked at
// before the first is trained. A run that diverges is one of the results; if all do, the exit code
// is kDiverged. Throws ConfigError without a validation set, for combinations that train the same,
// and in a directory with other runs or another sweep.
int sweep_keys(const TrainOptions& options, StopSwitch& stop, Collective& ranks,
               const KeySweepCalls& calls);

}  // namespace cnn::app
