// cnn-train: trains the network that a YAML file describes.

#include <algorithm>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "cnn/error.hpp"
#include "cnn/image.hpp"

#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/console.hpp"
#include "apps/gradient_report.hpp"
#include "apps/network_table.hpp"
#include "apps/preview.hpp"
#include "apps/signals.hpp"
#include "apps/sweep.hpp"
#include "apps/train_log.hpp"
#include "base/arena.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "kernels/blas.hpp"
#include "run/learning_check.hpp"
#include "run/model.hpp"
#include "run/run_config.hpp"
#include "run/run_directory.hpp"
#include "run/trainer.hpp"
#include "run/training_data.hpp"

namespace cnn::app {
namespace {

LoadedConfig load(const TrainOptions& o) {
  std::vector<std::string> overrides = o.overrides;
  if (!o.threads.empty()) overrides.push_back("training.threads=" + o.threads);
  if (!o.seed.empty()) overrides.push_back("training.seed=" + o.seed);
  LoadedConfig loaded = read_config(o.config, overrides);
  if (!o.data.empty()) {
    loaded.config.data.dir = absolute_path(o.data);
    loaded.config.data.train = loaded.config.data.test = {};
  }
  if (!o.out.empty()) loaded.config.output.dir = absolute_path(o.out);
  return loaded;
}

// The checkpoint to resume from: the one named, or the newest that can be read; none if the run was
// killed before it wrote its first.
std::optional<Checkpoint> find_checkpoint(const TrainOptions& o, const RunDirectory& directory,
                                          spdlog::logger& log) {
  if (!o.resume.empty()) return load_checkpoint(o.resume);
  const std::vector<std::filesystem::path> checkpoints = directory.checkpoints();
  for (const auto& path : checkpoints) {
    try {
      return load_checkpoint(path);
    } catch (const FileError& error) {
      log.warn("{}\n  passing over it", error.what());
    }
  }
  if (checkpoints.empty() && directory.begun() && !exists(directory.model())) {
    log.warn("{}: the run ended before its first checkpoint; it starts anew",
             display_path(directory.path()));
    return std::nullopt;
  }
  throw FileError(directory.path().string() +
                  ": error: holds no checkpoint to resume from; start the run without --resume");
}

void require_free(const TrainOptions& o, const RunDirectory& directory) {
  if (o.resuming || o.overwrite || !directory.occupied()) return;
  throw ConfigError("error: " + display_path(directory.path()) +
                    " already holds a run; continue it with --resume, replace it with --overwrite, "
                    "or choose another directory with --out DIR");
}

void require_memory(const TrainOptions& o, const Network& network, std::size_t memory) {
  if (memory <= physical_memory()) return;
  throw ConfigError(o.config + ": error: training this network of " +
                    std::to_string(network.parameter_count()) + " parameters takes " +
                    bytes_text(static_cast<double>(memory)) + ", this machine has " +
                    bytes_text(static_cast<double>(physical_memory())) +
                    "; lower the counts of its layers, or --threads");
}

TrainingData load_data(const TrainOptions& o, const RunConfig& config) {
  try {
    return load_training_data(config.data, config.training.seed);
  } catch (const ConfigError& error) {
    throw ConfigError(o.config + ": " + error.what());
  }
}

void load_start_weights(const TrainOptions& o, Network& network, spdlog::logger& log) {
  constexpr std::size_t kMostNamed = 5;
  const std::vector<std::string> others = load_weights(o.weights, network);
  const std::size_t named = std::min(others.size(), kMostNamed);
  std::string text;
  if (!others.empty()) {
    text = "; " + std::to_string(others.size()) +
           " others passed over: " + join(std::span(others).first(named), ", ") +
           (named < others.size() ? ", …" : "");
  }
  log.info("weights {}: every tensor of the network taken over{}", o.weights, text);
}

void log_start(spdlog::logger& log, const TrainOptions& o, const RunConfig& config,
               const TrainingData& data, int workers, const std::string& table) {
  const BlasInfo blas = blas_info();
  log.info("{}: ok   run: {}   seed {}   {} thread(s)   {} {}/{}", o.config,
           display_path(config.output.dir), config.training.seed, workers, blas.version,
           blas.threading, blas.kernel);
  log.info("data    {}: {} train, {} validation   {}", display_path(data.dataset.files.images),
           data.split.train.size(), data.split.validation.size(), to_string(data.dataset.shape));
  log.info("{}", table);
}

void log_warnings(spdlog::logger& log, const ModelInfo& info, const Network& network,
                  const TrainingData& data) {
  for (const std::string& warning : check_training_data(info, network, data)) {
    log.warn("{}", warning);
  }
}

void resume(const Checkpoint& checkpoint, const RunConfig& config, Trainer& trainer,
            spdlog::logger& log) {
  trainer.resume(checkpoint);
  const TrainingConfig& training = config.training;
  const TrainingConfig& before = checkpoint.info.config.training;
  const bool resized = before.epochs != training.epochs || before.steps != training.steps;
  if (resized && depends_on_length(training.schedule.policy)) {
    log.warn(
        "the run has another length now, and the {} schedule with it: alpha was that of the "
        "former length up to step {}, and is that of {} steps from there on",
        Schedule::kPolicyNames[static_cast<std::size_t>(training.schedule.policy)], trainer.step(),
        trainer.steps());
  }
  if (resized && config.data.augment.is_on() && config.data.augment.until < 1) {
    log.warn("the run has another length now, and images are distorted until {} of that",
             number_text(config.data.augment.until));
  }
  log.info("resumed {} at step {} of {}", display_path(checkpoint.file.path), trainer.step(),
           trainer.steps());
  if (trainer.is_finished()) {
    log.info("nothing left to do; for a longer run add --set training.{}=N",
             trainer.step() < trainer.steps() ? "patience" : "epochs");
  }
}

// The message of exit code 4: what happened, and the likeliest remedy.
std::string divergence(const DivergedError& error, const RunConfig& config, const Trainer& trainer,
                       const RunDirectory& directory) {
  std::string message = "error: training diverged: " + std::string(error.what());
  if (trainer.step() == 0) {
    return message +
           "\n  this was before the first step: look at the starting weights (init, "
           "--weights) and at data.scale";
  }
  const double alpha = config.training.alpha;
  message += "\n  alpha is " + number_text(alpha) +
             "; try --set training.alpha=" + rounded_text(alpha / 10) + " or smaller.";
  std::error_code ignored;
  if (std::filesystem::exists(directory.last(), ignored)) {
    message += " Last good state kept: " + display_path(directory.last());
  }
  return message;
}

// The run itself; everything is checked and in place.
int run_training(Trainer& trainer, const RunConfig& config, const RunDirectory& directory,
                 bool resuming, Console& console, TrainLog& observer, StopSwitch& stop) {
  try {
    // Before any other file of the run, so that a killed run can either be resumed or be started.
    if (!resuming) trainer.write_checkpoint(observer);
    write_file(directory.config(), to_yaml(config, ConfigText::complete));
    const Trainer::Outcome outcome = trainer.run(observer, stop);
    console.status("");
    if (outcome == Trainer::Outcome::finished) {
      observer.report_end(trainer, directory);
      return kDone;
    }
    console.log().warn(
        "stopped: saved {} at step {} of {}. Continue with: cnn-train --config {} --resume",
        display_path(directory.last()), trainer.step(), trainer.steps(),
        display_path(directory.config()));
    return 128 + stop_signal();
  } catch (const DivergedError& error) {
    console.status("");
    throw DivergedError(divergence(error, config, trainer, directory));
  }
}

int train(const TrainOptions& o, StopSwitch& stop) {
  Console console(o.quiet     ? Verbosity::quiet
                  : o.verbose ? Verbosity::verbose
                              : Verbosity::normal,
                  !o.no_progress);
  spdlog::logger& log = console.log();
  const LoadedConfig loaded = load(o);
  const RunConfig& config = loaded.config;
  if (o.print_config) {
    std::fputs(to_yaml(config, ConfigText::complete).c_str(), stdout);
    return kDone;
  }
  if (!o.preview.empty()) {
    write_png(o.preview, preview_sheet(config, load_data(o, config)));
    return kDone;
  }

  // Everything that can be wrong is looked at before anything is written.
  const DatasetHeader header = read_dataset_header(dataset_files(config.data, DataPart::train));
  Network network = build_network(loaded, header.shape);
  const int worker_number = worker_count(config.training);
  const std::size_t memory = Trainer::bytes(network, config, worker_number);
  require_memory(o, network, memory);
  const RunDirectory directory(config.output.dir);
  if (!o.dry_run && !o.check_gradients) require_free(o, directory);
  std::optional<Checkpoint> checkpoint;
  if (o.resuming) checkpoint = find_checkpoint(o, directory, log);
  const TrainingData data = load_data(o, config);
  check_classes(loaded, network, data.dataset);
  const ModelInfo info = make_model_info(config, network, data);
  network.initialise(config.training.seed);
  if (!o.weights.empty()) load_start_weights(o, network, log);
  if (o.check_gradients) return report_gradients(info, network, data, stop);
  Workers workers(worker_number);
  Trainer trainer({info, network, data.dataset, data.split, directory, workers});
  const std::string table = network_table(config, network, memory);
  if (o.dry_run) {
    log_warnings(log, info, network, data);
    const double loss = trainer.try_one_step();
    if (stop.stop.load()) return 128 + stop_signal();
    std::printf("%sone step of %s: loss %.6f; a run takes %llu steps\n", table.c_str(),
                o.config.c_str(), loss, static_cast<unsigned long long>(trainer.steps()));
    return kDone;
  }

  const DirectoryLock lock = directory.create();
  if (o.overwrite) directory.clear();
  console.open_file(directory.log(), o.resuming);
  log_start(log, o, config, data, worker_number, table);
  if (checkpoint) resume(*checkpoint, config, trainer, log);
  // A run that is resumed has been warned when it started.
  if (!checkpoint) log_warnings(log, info, network, data);
  TrainLog observer(console, trainer, !data.split.validation.empty(),
                    LearningCheck(info, network, data));
  return run_training(trainer, config, directory, checkpoint.has_value(), console, observer, stop);
}

int train_all(const TrainOptions& o, StopSwitch& stop) {
  if (o.seeds.empty()) return train(o, stop);
  return sweep(o, load(o).config, stop, [&](const TrainOptions& run) { return train(run, stop); });
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::TrainOptions options;
  cnn::StopSwitch& stop = cnn::app::install_signal_handlers();
  return cnn::app::run(argc, argv, options, [&] { return cnn::app::train_all(options, stop); });
}
