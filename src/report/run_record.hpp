// What a run directory tells of its run, whatever became of it.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cnn/training_observer.hpp"

#include "nn/layer_clock.hpp"
#include "run/run_config.hpp"

namespace cnn::report {

struct RunRecord {
  std::filesystem::path directory;
  RunConfig config;
  std::vector<EpochMetrics> metrics;
  std::vector<LayerTime> layers;     // as it measured them at its end; none if it did not
  std::filesystem::path model;       // model.safetensors, or the checkpoint; empty if there is none
  bool ended = false;                // model.safetensors is there
  bool running = false;              // a process has the directory
  std::string machine;               // "AMD EPYC, 2 thread(s)"; empty if it did not say
  std::vector<std::string> notices;  // what is missing, and what was done instead; sentences

  double seconds() const;  // of all epochs
};

// For a run that did not end: of what scores are. Empty for one that did.
std::string scored_notice(const RunRecord& run);

// Reads a directory. Throws FileError if it holds no run, or a file of it is broken, and
// ConfigError for its configuration.
RunRecord read_run(const std::filesystem::path& directory);

}  // namespace cnn::report
