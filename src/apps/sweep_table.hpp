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
  std::string row = {};           // its line in the sweep.csv of the sweep that goes on, if any
};

// "training.alpha=0.01 network.conv1.count=16"; with something before each, words of a shell.
std::string settings(const std::vector<SweepKey>& keys, const Combination& values,
                     const std::string& before);

// Combinations from the best mean accuracy to the worst, with deviations where there are several
// seeds, the options of the best, and whether the best two lie within noise: by the deviation
// between seeds and folds, and by that of counting the `images` that judge a combination. Those of
// which a run diverged come last.
std::string key_sweep_text(const std::vector<SweepKey>& keys,
                           const std::vector<Combination>& combinations,
                           const std::vector<KeyRun>& runs, std::size_t images);
// Without keys: a line for each run, then the mean and the deviation of all.
std::string folds_text(const std::vector<KeyRun>& runs, std::size_t images);
// sweep.csv: run, the keys, seed, with --folds fold, validation_accuracy, validation_loss, seconds,
// state. Of runs that have not ended their `row`, if they have one. Requires at least one run.
std::string key_sweep_csv(const std::vector<SweepKey>& keys,
                          const std::vector<Combination>& combinations,
                          const std::vector<KeyRun>& runs);
// Gives the runs their rows of such a file. Returns the first line that is of no such sweep; empty
// if there is none.
std::string take_rows(const std::string& csv, const std::vector<SweepKey>& keys,
                      const std::vector<Combination>& combinations, std::vector<KeyRun>& runs);

}  // namespace cnn::app
