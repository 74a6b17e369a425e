// What the runs of --sweep and --folds come to: as a table for people, and as sweep.csv.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/combinations.hpp"

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

// "training.alpha=0.01 network.conv1.count=16"; each with `before` in front.
std::string settings(const std::vector<SweepKey>& keys, const Combination& values,
                     const std::string& before);

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

}  // namespace cnn::app
