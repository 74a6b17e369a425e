// cnn-train --sweep and --folds: one configuration trained with each combination of values of some
// keys and on each fold of its data, and which is best by the images held out.

#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/combinations.hpp"
#include "apps/command_line.hpp"
#include "base/collective.hpp"
#include "run/run_config.hpp"
#include "run/trainer.hpp"

namespace cnn::app {

struct KeyRun {
  std::string run;  // its directory inside that of the sweep
  std::size_t combination;
  std::uint64_t seed;
  std::string state;  // "done", "diverged", or empty: not yet
  // Of its last epoch.
  std::optional<double> accuracy;
  std::optional<double> loss;
  std::optional<double> seconds;  // of all its epochs
  std::int64_t fold = 0;          // held out, from 1; 0 without --folds
};

// Combinations from the best mean accuracy to the worst, with deviations where there are several
// seeds, the options of the best, and whether the best two lie within noise: by the deviation
// between seeds and folds, or where there is one run by that of counting `images` images.
std::string key_sweep_text(const std::vector<SweepKey>& keys,
                           const std::vector<Combination>& combinations,
                           const std::vector<KeyRun>& runs, std::size_t images);
// Without keys: a line for each run, then the mean and the deviation of all.
std::string folds_text(const std::vector<KeyRun>& runs, std::size_t images);
// sweep.csv: run, the keys, seed, with --folds fold, validation_accuracy, validation_loss, seconds,
// state.
std::string key_sweep_csv(const std::vector<SweepKey>& keys,
                          const std::vector<Combination>& combinations,
                          const std::vector<KeyRun>& runs);

// Trains into run-1, run-2, … of the output directory by `train`, as --seeds does (sweep.hpp); with
// --folds into run-1-fold-1, …, and without keys into fold-1, fold-2, … `load` reads the
// configuration of some options. Every combination is checked before the first is trained. A run
// that diverges is one of the results. Throws ConfigError without a validation set.
int sweep_keys(const TrainOptions& options, StopSwitch& stop, Collective& ranks,
               const std::function<RunConfig(const TrainOptions&)>& load,
               const std::function<int(const TrainOptions&)>& train);

}  // namespace cnn::app
