// What makes two checkpoints ones of the same run: all that their bytes depend on but for its
// length. The network and how it is trained (the configuration), the training set, and the weights
// that it began with.

#pragma once

#include <cstdint>
#include <string>

#include "base/collective.hpp"
#include "run/model.hpp"

namespace cnn {

// Is there a best model under that name, of that run and that epoch (0: there is none)? A file that
// does not say its epoch, as those of earlier versions, is believed.
bool holds_best_of(const FilePlace& place, const RunConfig& config, std::uint64_t epoch);
// Throws ConfigError naming both if they are of different runs.
void check_same_run(const Checkpoint& here, const Checkpoint& other);
// Throws FileError, listing all that differs, unless the checkpoint comes from this network's
// configuration and this training set. The length of the run, its threads and its output may
// differ.
void check_same_run(const Checkpoint& checkpoint, const ModelInfo& info, const std::string& data);
// Throws ConfigError on all ranks, naming the first one that differs from rank 0 and what differs,
// unless all have the same version, arithmetic, configuration, training set and starting weights.
// Where data lie, and the number of threads, may differ.
void require_same_run(Collective& collective, const ModelInfo& info, const std::string& data,
                      const std::string& weights);
// The same of several runs of a configuration; `runs` tells them apart. What they read is theirs.
void require_same_runs(Collective& collective, const RunConfig& config, const std::string& runs);

}  // namespace cnn
