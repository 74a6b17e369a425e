// A sweep: one configuration trained from several seeds, one run after the other, and what their
// accuracies come to.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/command_line.hpp"
#include "base/collective.hpp"
#include "run/run_config.hpp"
#include "run/trainer.hpp"

namespace cnn::app {

// "1-5", "1,3,7" or both as in "1-3,7": the seeds in that order. Throws ConfigError.
std::vector<std::uint64_t> parse_seeds(const std::string& text);

struct SweepRun {
  std::uint64_t seed;
  std::optional<double> accuracy;   // of the last weights
  std::optional<double> by_copies;  // their accuracy by the mean over copies, with --tta
  std::optional<double> seconds;    // loading and scoring included; none for a run that was resumed
};

// A line a run, then means and, of several accuracies, their deviation (n − 1 in the denominator).
// `part` names what was scored: "test"; `tta` names the copies.
std::string sweep_text(const std::vector<SweepRun>& runs, std::size_t parameters,
                       const std::string& part, const std::string& tta = "none");

// Trains `config` from the seeds of `options` into its output directory's seed-N, by `train`, which
// gets the options of one run and returns its exit code; several ranks share the runs out. Each
// final model is scored on the test set, or where there is none on the validation set, with --tta
// once more by the mean over copies of each image; nothing is chosen by that. Prints the summary on
// stdout. With --resume, runs that have begun go on and the others begin. Returns the exit code:
// that of the signal that stopped a run ends the sweep, as does what a run throws.
int sweep(const TrainOptions& options, const RunConfig& config, StopSwitch& stop, Collective& ranks,
          const std::function<int(const TrainOptions&)>& train);

}  // namespace cnn::app
