#include "run/training_session.hpp"

#include <utility>

#include "cnn/error.hpp"
#include "cnn/version.hpp"

#include "base/arena.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace cnn {
namespace {

using Start = TrainingOptions::Start;
using Purpose = TrainingSession::Purpose;

std::filesystem::path absolute_path(const std::filesystem::path& path) {
  return std::filesystem::absolute(path).lexically_normal();
}

LoadedConfig with_paths(LoadedConfig loaded, const TrainingOptions& options) {
  if (!options.data.empty()) loaded.config.data.source.set_dir(absolute_path(options.data));
  if (!options.out.empty()) loaded.config.output.dir = absolute_path(options.out);
  return loaded;
}

// How messages call the configuration.
const std::string& name_of(const LoadedConfig& loaded) {
  return loaded.document.sources.front().name;
}

Shape image_shape(const RunConfig& config, const std::optional<TrainingData>& data) {
  if (data) return data->dataset.shape;
  return config.data.source.open(DataPart::train)->header().shape;
}

std::size_t checked_memory(const LoadedConfig& loaded, const Network& network) {
  const std::size_t memory =
      Trainer::bytes(network, loaded.config, worker_count(loaded.config.training));
  if (memory <= physical_memory()) return memory;
  throw ConfigError(name_of(loaded) + ": error: training this network of " +
                    std::to_string(network.parameter_count()) + " parameters takes " +
                    bytes_text(static_cast<double>(memory)) + ", this machine has " +
                    bytes_text(static_cast<double>(physical_memory())) +
                    "; lower the counts of its layers, or --threads");
}

RunDirectory checked_directory(const RunConfig& config, const TrainingOptions& options,
                               Purpose purpose) {
  RunDirectory directory(config.output.dir);
  if (purpose == Purpose::train && options.start == Start::fresh && directory.occupied()) {
    throw ConfigError("error: " + display_path(directory.path()) +
                      " already holds a run; continue it with --resume, replace it with "
                      "--overwrite, or choose another directory with --out DIR");
  }
  return directory;
}

// The checkpoint to resume from: the one named, or the newest that can be read; none if the run was
// killed before it wrote its first.
std::optional<Checkpoint> find_checkpoint(const TrainingOptions& options,
                                          const RunDirectory& directory) {
  if (options.start != Start::resume) return std::nullopt;
  if (!options.checkpoint.empty()) return load_checkpoint(options.checkpoint);
  const auto notify = [&](const std::string& notice) {
    if (options.on_notice) options.on_notice(notice);
  };
  const std::vector<std::filesystem::path> checkpoints = directory.checkpoints();
  for (const auto& path : checkpoints) {
    try {
      return load_checkpoint(path);
    } catch (const FileError& error) {
      notify(std::string(error.what()) + "\n  passing over it");
    }
  }
  if (checkpoints.empty() && directory.begun() && !is_there(directory.model())) {
    notify(display_path(directory.path()) +
           ": the run ended before its first checkpoint; it starts anew");
    return std::nullopt;
  }
  throw file_error(directory.path(),
                   "holds no checkpoint to resume from; start the run without --resume");
}

ModelInfo checked_info(const LoadedConfig& loaded, const Network& network,
                       const TrainingData& data) {
  check_classes(loaded, network, data.dataset);
  return make_model_info(loaded.config, network, data);
}

}  // namespace

LoadedConfig load_training_config(const std::filesystem::path& path,
                                  const TrainingOptions& options) {
  return with_paths(load_config(path, options.overrides), options);
}

LoadedConfig load_training_config(const std::string& name, const std::string& text,
                                  const TrainingOptions& options) {
  return with_paths(load_config_text(name, text, options.overrides), options);
}

TrainingData load_training_data(const LoadedConfig& loaded) {
  try {
    return load_training_data(loaded.config.data, loaded.config.training.seed);
  } catch (const ConfigError& error) {
    throw ConfigError(name_of(loaded) + ": " + error.what());
  }
}

TrainingSession::TrainingSession(LoadedConfig loaded, TrainingOptions options, Purpose purpose,
                                 std::optional<TrainingData> data)
    : loaded_(std::move(loaded)),
      options_(std::move(options)),
      network_(build_network(loaded_, image_shape(config(), data))),
      memory_(checked_memory(loaded_, network_)),
      writer_(checked_directory(config(), options_, purpose), config().output.keep),
      checkpoint_(find_checkpoint(options_, directory())),
      data_(data ? *std::move(data) : load_training_data(loaded_)),
      info_(checked_info(loaded_, network_, data_)),
      workers_(worker_count(config().training)),
      trainer_({info_, start_weights(), data_.dataset, data_.split, workers_, writer_}) {}

// The network with the values that the first step begins with.
Network& TrainingSession::start_weights() {
  network_.initialise(config().training.seed);
  if (!options_.weights.empty()) {
    unused_weights_ = load_weights(options_.weights, network_);
  }
  return network_;
}

void TrainingSession::occupy() {
  if (lock_) return;
  lock_.emplace(directory().create());
  if (options_.start == Start::overwrite) directory().clear();
}

void TrainingSession::resume(const Checkpoint& checkpoint) {
  writer_.resume(trainer_, checkpoint);
  if (checkpoint.version != version() && options_.on_notice) {
    options_.on_notice(display_path(checkpoint.file.path) + " was written by version " +
                       checkpoint.version + ", this is " + version() +
                       ": the run goes on, but it may not end in the bytes that either version "
                       "alone would have reached");
  }
}

Trainer::Outcome TrainingSession::run(TrainObserver& observer, StopSwitch& stop) {
  // Before any other file of the run, so that a killed run can either be resumed or be started.
  if (!checkpoint_ && trainer_.step() == 0) trainer_.write_checkpoint(observer);
  write_file(directory().config(), to_yaml(config(), ConfigText::complete));
  return trainer_.run(observer, stop);
}

}  // namespace cnn
