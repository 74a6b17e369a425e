// TrainingSession: everything between a configuration and a trained network, in its one order. The
// command, the public TrainingRun and the tests use it.
//
// Used by one thread, like the Trainer. On several ranks each has one; that of rank 0 alone has the
// run directory, and a checkpoint to go on from.

#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cnn/training_observer.hpp"
#include "cnn/training_run.hpp"

#include "base/collective.hpp"
#include "base/workers.hpp"
#include "nn/network.hpp"
#include "run/model.hpp"
#include "run/run_config.hpp"
#include "run/run_directory.hpp"
#include "run/run_writer.hpp"
#include "run/trainer.hpp"
#include "run/training_data.hpp"

namespace cnn {

// The configuration in `path` with what the options set in it. Throws ConfigError, FileError.
LoadedConfig load_training_config(const std::filesystem::path& path,
                                  const TrainingOptions& options);
// The same from text; `name` stands for the file in messages.
LoadedConfig load_training_config(const std::string& name, const std::string& text,
                                  const TrainingOptions& options);

// The data that the configuration names. `on_progress` as in ReadOptions. Throws FileError,
// ConfigError.
TrainingData load_training_data(
    const LoadedConfig& loaded,
    std::function<void(std::size_t done, std::size_t all)> on_progress = {});

class TrainingSession {
 public:
  // look: nothing will be written, and the run directory may hold whatever it does.
  enum class Purpose { train, look };

  // Takes the run directory, and looks at everything that can be wrong: reads headers, builds the
  // network, measures memory, finds the checkpoint, reads the data (or takes `data` instead of the
  // files that the configuration names), and sets the starting weights. Nothing is written: a
  // directory that had to be made goes again with a session that does not get as far as its first
  // checkpoint. Throws ConfigError, ShapeError, FileError, also if another process has the
  // directory. No rank talks to another in here.
  TrainingSession(LoadedConfig loaded, TrainingOptions options, Purpose purpose = Purpose::train,
                  std::optional<TrainingData> data = std::nullopt,
                  Collective& collective = alone());

  // Throws ConfigError, on all ranks, if one of them would train something else than rank 0.
  void require_same_ranks() const;

  const RunConfig& config() const { return loaded_.config; }
  const TrainingData& data() const { return data_; }
  // For another session; this one is then of no more use.
  TrainingData take_data() && { return std::move(data_); }
  const ModelInfo& info() const { return info_; }
  Network& network() { return network_; }
  const Network& network() const { return network_; }
  const RunDirectory& directory() const { return writer_.directory(); }
  // Is best.safetensors that of the best epoch?
  bool has_best() const { return writer_.has_best(); }
  Trainer& trainer() { return trainer_; }
  Workers& workers() { return workers_; }
  // Bytes of the buffers that training uses, besides the data.
  std::size_t memory() const { return memory_; }
  // Names of tensors in options.weights that the network has no use for.
  const std::vector<std::string>& unused_weights() const { return unused_weights_; }
  // What the run will go on from, if it does.
  const std::optional<Checkpoint>& checkpoint() const { return checkpoint_; }

  // Rank 0's: prepares the run directory for what will be written. What is in it stays until the
  // new run has its first checkpoint. Throws FileError.
  void occupy();
  // Rank 0's: goes on from `checkpoint`. Throws FileError if it is not of this run, ConfigError if
  // the run would be shorter than it is.
  void resume(const Checkpoint& checkpoint);
  // Trains to the end or until told to stop, and leaves the run in the directory, wherever that has
  // been moved. Throws as Trainer::run does.
  Trainer::Outcome run(TrainObserver& observer, StopSwitch& stop);

 private:
  Network& start_weights();
  // Does the run go on with what is in its directory?
  bool goes_on() const;

  LoadedConfig loaded_;
  TrainingOptions options_;
  Collective& collective_;
  RunWriter writer_;
  Network network_;
  std::size_t memory_;
  std::optional<Checkpoint> checkpoint_;
  TrainingData data_;
  ModelInfo info_;
  std::vector<std::string> unused_weights_;
  Workers workers_;
  Trainer trainer_;
  bool occupied_ = false;
};

}  // namespace cnn
