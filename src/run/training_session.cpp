#include "run/training_session.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "cnn/error.hpp"
#include "cnn/version.hpp"

#include "base/arena.hpp"
#include "base/file.hpp"
#include "base/paths.hpp"
#include "base/text.hpp"
#include "config/option_printer.hpp"
#include "config/path_bytes.hpp"
#include "kernels/blas.hpp"
#include "run/memory_need.hpp"
#include "run/run_identity.hpp"
#include "run/weights.hpp"

namespace cnn {
namespace {

using Start = TrainingOptions::Start;
using Purpose = TrainingSession::Purpose;

LoadedConfig with_paths(LoadedConfig loaded, const TrainingOptions& options) {
  if (!options.data.empty()) loaded.config.data.source.set_dir(resolved(options.data));
  if (!options.out.empty()) loaded.config.output.dir = resolved(options.out);
  return loaded;
}

// A configuration need not say where its data stand if the options do.
std::vector<std::string> overrides_of(const TrainingOptions& options) {
  std::vector<std::string> overrides = options.overrides;
  if (options.data.empty()) return overrides;
  overrides.push_back("data.dir=" + yaml_quoted(path_to_yaml(resolved(options.data).native())));
  return overrides;
}

// How messages call the configuration.
const std::string& name_of(const LoadedConfig& loaded) {
  return loaded.document.sources.front().name;
}

bool has_validation(const DataConfig& config, const std::optional<TrainingData>& data) {
  if (data) return !data->split.validation.empty();
  return config.has_validation();
}

// Throws ConfigError if some rank would have nothing to do in a batch of so many images.
void require_work(const LoadedConfig& loaded, std::size_t batch, int ranks) {
  const int most = TrainStep::most_ranks(batch);
  if (ranks <= most) return;
  const bool full = TrainStep::kSlots * TrainStep::kGroup <= batch;
  throw ConfigError(
      name_of(loaded) + ": error: these are " + std::to_string(ranks) + " ranks, and a batch of " +
      std::to_string(batch) + " images is work for at most " + std::to_string(most) +
      ": each takes whole groups of " + std::to_string(TrainStep::kGroup) + " images\n  start " +
      std::to_string(most) + (most == 1 ? " rank" : " ranks") + ", or fewer" +
      (full ? "; no batch is work for more than that"
            : "; a training.batch of " +
                  std::to_string(static_cast<std::size_t>(ranks) * TrainStep::kGroup) +
                  " is work for " + std::to_string(ranks)));
}

// What can be seen to be wrong with the data before the run directory is made.
LoadedConfig looked_at(LoadedConfig loaded, const std::optional<TrainingData>& data, int ranks) {
  require_work(loaded, static_cast<std::size_t>(loaded.config.training.batch), ranks);
  if (!data) {
    const std::unique_ptr<DataSource> source = loaded.config.data.source.open(DataPart::train);
    if (!loaded.config.data.source.keeps_pictures()) source->header();
  }
  check_validation(loaded, has_validation(loaded.config.data, data));
  return loaded;
}

// Where nothing says which size the pictures have, they are read first, so that what is wrong with
// them is said.
Shape image_shape(const LoadedConfig& loaded, const TrainingOptions& options,
                  std::optional<TrainingData>& data) {
  if (!data) {
    const std::unique_ptr<DataSource> source = loaded.config.data.source.open(DataPart::train);
    if (!source->header_is_guess()) return source->header().shape;
    data = load_training_data(loaded, options.on_reading);
  }
  return data->dataset.shape;
}

// Bytes that the data take, and reading them; nothing if they have been read.
std::size_t data_bytes(const SourceConfig& source, const Shape& shape, int workers,
                       const std::optional<TrainingData>& data) {
  if (data) return 0;
  std::size_t kept = 0;
  std::size_t reading = 0;
  for (const DataPart part : {DataPart::train, DataPart::validation}) {
    if (part == DataPart::validation && !source.has(part)) continue;
    const std::unique_ptr<DataSource> images = source.open(part);
    // Behind mapped images of the training part, others are in memory.
    kept += dataset_bytes({shape, images->count(), part == DataPart::train && images->is_mapped()});
    reading = std::max(reading, images->reading_bytes(workers));
  }
  return kept + reading;
}

// The images take more memory than the network leaves.
FileError data_memory_error(const LoadedConfig& loaded, std::size_t bytes) {
  const SourceConfig& source = loaded.config.data.source;
  const bool is_array = !source.keeps_pictures();
  return FileError(
      path_text(source.open(DataPart::train)->describe()) + ": error: the images take " +
      bytes_text(static_cast<double>(bytes)) + " of memory, this machine has " +
      bytes_text(static_cast<double>(physical_memory())) + " for all" +
      "\n  write them into IDX files, which need not fit: cnn-data --config " + name_of(loaded) +
      " --pack DIR, then --data DIR" + (is_array ? "" : "; or choose a smaller data.size"));
}

// Bytes of the buffers that training uses, after a look at all that the process will hold.
std::size_t checked_memory(const LoadedConfig& loaded, const TrainingOptions& options,
                           const Network& network, const std::optional<TrainingData>& data,
                           int ranks) {
  const int workers = worker_count(loaded.config.training);
  const bool from_file = options.start == Start::resume || !options.weights.empty();
  const std::size_t file = options.weights.empty() ? 0 : weights_bytes(options.weights);
  const std::size_t images = data_bytes(loaded.config.data.source, network.input(), workers, data);
  const std::size_t memory = process_bytes(
      file + training_bytes(network, loaded.config, workers, from_file, ranks) + images);
  if (memory <= physical_memory()) {
    if (options.on_memory) options.on_memory(memory);
    return Trainer::bytes(network, loaded.config, workers, ranks);
  }
  if (memory - images <= physical_memory()) throw data_memory_error(loaded, images);
  throw ConfigError(name_of(loaded) + ": error: training this network of " +
                    std::to_string(network.parameter_count()) + " parameters takes " +
                    bytes_text(static_cast<double>(memory)) + ", this machine has " +
                    bytes_text(static_cast<double>(physical_memory())) +
                    "; lower the counts of its layers, or --threads");
}

[[noreturn]] void fail_without_checkpoint(const RunDirectory& directory) {
  throw file_error(directory.path(),
                   "holds no checkpoint to resume from; start the run without --resume");
}

// The run directory; if something is to be written, taken before anything is decided about it.
RunDirectory taken_directory(const RunConfig& config, const TrainingOptions& options,
                             Purpose purpose) {
  RunDirectory directory(config.output.dir);
  if (purpose == Purpose::look) return directory;
  const bool may_be_new = options.start != Start::resume || !options.checkpoint.empty();
  if (!directory.take(may_be_new)) fail_without_checkpoint(directory);
  if (options.start == Start::fresh && directory.foreign_file()) {
    throw ConfigError("error: " + display_path(*directory.foreign_file()) +
                      " is there already, and a run would replace it; move it away, or choose "
                      "another directory with --out DIR");
  }
  if (options.start == Start::fresh && directory.occupied()) {
    throw ConfigError("error: " + display_path(directory.path()) +
                      " already holds a run; continue it with --resume, replace it with "
                      "--overwrite, or choose another directory with --out DIR");
  }
  return directory;
}

// Throws ConfigError if the directory holds another run than the checkpoint's, or one that cannot
// be told.
void require_own_run(const RunDirectory& directory, const Checkpoint& checkpoint) {
  for (const FilePlace& place : directory.checkpoints()) {
    std::optional<Checkpoint> here;
    try {
      here = load_checkpoint(place);
    } catch (const FileError&) {
      continue;
    }
    return check_same_run(*here, checkpoint);
  }
  if (!directory.occupied() || directory.is_home_of(checkpoint.place)) return;
  throw ConfigError("error: cannot go on from " + display_path(checkpoint.file.path) +
                    " in this directory: " + display_path(directory.path()) +
                    " holds files of a run, and no checkpoint that says of which; choose another "
                    "directory with --out DIR");
}

// The newest checkpoint that can be read; none if the run was killed before it wrote its first.
std::optional<Checkpoint> newest_checkpoint(const RunDirectory& directory,
                                            const TrainingOptions& options) {
  const auto notify = [&](const std::string& notice) {
    if (options.on_notice) options.on_notice(notice);
  };
  const std::vector<FilePlace> checkpoints = directory.checkpoints();
  for (const FilePlace& place : checkpoints) {
    try {
      return load_checkpoint(place);
    } catch (const FileError& error) {
      notify(std::string(error.what()) + "\n  passing over it");
    }
  }
  const std::array results = {directory.model(), directory.best(), directory.metrics()};
  const bool has_results = directory.foreign_file() ||
                           std::any_of(results.begin(), results.end(), [&](const auto& file) {
                             return is_there(directory.at(file));
                           });
  if (checkpoints.empty() && directory.begun() && !has_results) {
    notify(display_path(directory.path()) +
           ": the run ended before its first checkpoint; it starts anew");
    return std::nullopt;
  }
  fail_without_checkpoint(directory);
}

// The checkpoint to resume from: the one named, or the newest.
std::optional<Checkpoint> find_checkpoint(const TrainingOptions& options,
                                          const RunDirectory& directory) {
  if (options.start != Start::resume) return std::nullopt;
  if (options.checkpoint.empty()) return newest_checkpoint(directory, options);
  Checkpoint checkpoint = load_checkpoint(options.checkpoint);
  require_own_run(directory, checkpoint);
  return checkpoint;
}

ModelInfo checked_info(const LoadedConfig& loaded, const Network& network, const TrainingData& data,
                       int ranks) {
  const auto batch = static_cast<std::size_t>(loaded.config.training.batch);
  if (!data.split.train.empty()) {
    require_work(loaded, std::min(batch, data.split.train.size()), ranks);
  }
  check_classes(loaded, network, data.dataset);
  return make_model_info(loaded.config, network, data);
}

}  // namespace

LoadedConfig load_training_config(const std::filesystem::path& path,
                                  const TrainingOptions& options) {
  return with_paths(load_config(path, overrides_of(options)), options);
}

LoadedConfig load_training_config(const std::string& name, const std::string& text,
                                  const TrainingOptions& options) {
  return with_paths(load_config_text(name, text, overrides_of(options)), options);
}

TrainingData load_training_data(const LoadedConfig& loaded,
                                std::function<void(std::size_t, std::size_t)> on_progress) {
  try {
    ReadOptions options;
    options.threads = worker_count(loaded.config.training);
    options.on_progress = std::move(on_progress);
    return load_training_data(loaded.config.data, loaded.config.training.seed, options);
  } catch (const ConfigError& error) {
    throw ConfigError(name_of(loaded) + ": " + error.what());
  }
}

TrainingSession::TrainingSession(LoadedConfig loaded, TrainingOptions options, Purpose purpose,
                                 std::optional<TrainingData> data, Collective& collective)
    : loaded_(looked_at(std::move(loaded), data, collective.size())),
      options_(std::move(options)),
      collective_(collective),
      writer_(taken_directory(config(), options_, collective.is_first() ? purpose : Purpose::look),
              config().output.keep),
      network_(build_network(loaded_, image_shape(loaded_, options_, data))),
      memory_(checked_memory(loaded_, options_, network_, data, collective.size())),
      checkpoint_(collective.is_first() ? find_checkpoint(options_, directory()) : std::nullopt),
      data_(data ? *std::move(data) : load_training_data(loaded_, options_.on_reading)),
      info_(checked_info(loaded_, network_, data_, collective.size())),
      workers_(worker_count(config().training)),
      trainer_({info_, start_weights(), data_.dataset, data_.split, workers_, writer_,
                options_.weights.empty() ? "" : weights_fingerprint(network_), collective}) {
  if (checkpoint_ && purpose == Purpose::train) trainer_.require_resumable(*checkpoint_);
}

// The network with the values that the first step begins with.
Network& TrainingSession::start_weights() {
  network_.initialise(config().training.seed);
  if (!options_.weights.empty()) {
    unused_weights_ = load_weights(options_.weights, network_, {options_.reset, options_.rename});
  }
  return network_;
}

bool TrainingSession::goes_on() const {
  return checkpoint_.has_value() && directory().occupied();
}

void TrainingSession::occupy() {
  if (occupied_) return;
  writer_.directory().prepare(!goes_on());
  occupied_ = true;
}

void TrainingSession::resume(const Checkpoint& checkpoint) {
  writer_.resume(trainer_, checkpoint);
  if (checkpoint.version != version() && options_.on_notice) {
    options_.on_notice(display_path(checkpoint.file.path) + " was written by version " +
                       checkpoint.version + ", this is " + version() +
                       ": the run goes on, but it may not end in the bytes that either version "
                       "alone would have reached");
  }
  info_.arithmetic_before = checkpoint.arithmetic;
  const std::string here = arithmetic();
  if (!checkpoint.arithmetic.empty() && checkpoint.arithmetic != here && options_.on_notice) {
    options_.on_notice(display_path(checkpoint.file.path) + " was computed by " +
                       checkpoint.arithmetic + ", this is " + here +
                       ": the run goes on, but it may not end in the bytes that either alone "
                       "would have reached");
  }
}

void TrainingSession::require_same_ranks() const {
  require_same_run(collective_, info_, trainer_.data(), trainer_.progress().weights);
}

Trainer::Outcome TrainingSession::run(TrainObserver& observer, StopSwitch& stop) {
  RunDirectory& directory = writer_.directory();
  const bool is_prepared = collective_.any(directory.is_prepared() ? 1 : 0) != 0;
  if (is_prepared) trainer_.write_checkpoint(observer);
  if (!collective_.is_first()) return trainer_.run(observer, stop);
  write_file(directory.at(directory.config()), to_yaml(config(), ConfigText::complete));
  if (is_prepared) directory.begin();
  try {
    const Trainer::Outcome outcome = trainer_.run(observer, stop);
    directory.follow();
    return outcome;
  } catch (...) {
    directory.follow();
    throw;
  }
}

}  // namespace cnn
