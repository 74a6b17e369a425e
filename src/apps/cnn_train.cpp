// cnn-train: trains the network that a YAML file describes.

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "cnn/blas.hpp"
#include "cnn/error.hpp"
#include "cnn/file.hpp"
#include "cnn/model.hpp"
#include "cnn/run_config.hpp"
#include "cnn/run_directory.hpp"
#include "cnn/text.hpp"
#include "cnn/trainer.hpp"
#include "cnn/training_data.hpp"

#include "app.hpp"
#include "console.hpp"
#include "network_table.hpp"
#include "signals.hpp"
#include "train_log.hpp"

namespace cnn::app {
namespace {

struct TrainOptions {
  std::string config;
  std::vector<std::string> overrides;
  std::string data;
  std::string out;
  std::string weights;
  std::string resume;  // CHECKPOINT, or empty for the newest
  bool resuming = false;
  bool overwrite = false;
  bool dry_run = false;
  bool print_config = false;
  bool quiet = false;
  bool verbose = false;
  bool no_progress = false;
  std::optional<int> threads;
  std::optional<std::int64_t> seed;
};

void add_options(CLI::App& app, TrainOptions& o) {
  app.add_option("--config", o.config, "The YAML file that describes data, network and training")
      ->required()
      ->type_name("FILE");
  app.add_option("--set", o.overrides,
                 "Override a key of the file, as in training.alpha=0.05 or network.conv1.count=32; "
                 "may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option("--data", o.data, "Directory of the data set, instead of data.dir")
      ->type_name("DIR");
  app.add_option("--out", o.out, "Run directory, instead of output.dir")->type_name("DIR");
  CLI::Option* overwrite =
      app.add_flag("--overwrite", o.overwrite, "Replace the run that the run directory holds");
  CLI::Option* resume =
      app.add_option("--resume", o.resume,
                     "Continue from CHECKPOINT, or from the newest valid one of the run directory")
          ->type_name("CHECKPOINT")
          ->expected(0, 1)
          ->excludes(overwrite);
  app.add_option("--weights", o.weights, "Start from the weights of this model")
      ->type_name("FILE")
      ->excludes(resume);
  app.add_option("--threads", o.threads,
                 "Worker threads, instead of training.threads; results do not depend on it")
      ->type_name("N");
  app.add_option("--seed", o.seed, "Seed, instead of training.seed")->type_name("N");
  app.add_flag("--dry-run", o.dry_run,
               "Check everything, run one step, print the layer table, write nothing");
  app.add_flag("--print-config", o.print_config, "Print the resolved configuration and stop");
  CLI::Option* quiet = app.add_flag("--quiet", o.quiet, "Only warnings and errors");
  app.add_flag("--verbose", o.verbose, "Checkpoints and other details, too")->excludes(quiet);
  app.add_flag("--no-progress", o.no_progress, "No progress bar");
}

// A configuration that cannot be read is a mistake of configuration, not of data.
LoadedConfig read_config(const std::string& path, const std::vector<std::string>& overrides) {
  try {
    return load_config(path, overrides);
  } catch (const FileError& error) {
    throw ConfigError(error.what());
  }
}

LoadedConfig load(const TrainOptions& o) {
  std::vector<std::string> overrides = o.overrides;
  if (o.threads) overrides.push_back("training.threads=" + std::to_string(*o.threads));
  if (o.seed) overrides.push_back("training.seed=" + std::to_string(*o.seed));
  LoadedConfig loaded = read_config(o.config, overrides);
  if (!o.data.empty()) {
    loaded.config.data.dir = absolute_path(o.data);
    loaded.config.data.train = loaded.config.data.test = {};
  }
  if (!o.out.empty()) loaded.config.output.dir = absolute_path(o.out);
  return loaded;
}

int worker_count(const TrainingConfig& training) {
  return training.threads > 0 ? static_cast<int>(training.threads) : Workers::available();
}

// The checkpoint to resume from: the one named, or the newest that can be read.
Checkpoint find_checkpoint(const TrainOptions& o, const RunDirectory& directory,
                           spdlog::logger& log) {
  if (!o.resume.empty()) return load_checkpoint(o.resume);
  for (const auto& path : directory.checkpoints()) {
    try {
      return load_checkpoint(path);
    } catch (const FileError& error) {
      log.warn("{}\n  passing over it", error.what());
    }
  }
  throw FileError(directory.path().string() +
                  ": error: holds no checkpoint to resume from; start the run without --resume");
}

void require_free(const TrainOptions& o, const RunDirectory& directory) {
  if (o.resuming || o.overwrite || !directory.occupied()) return;
  throw ConfigError("error: " + directory.path().string() +
                    " already holds a run; continue it with --resume, replace it with --overwrite, "
                    "or choose another directory with --out DIR");
}

void load_start_weights(const TrainOptions& o, Network& network, spdlog::logger& log) {
  const std::vector<std::string> left_over = load_weights(o.weights, network);
  log.info("weights {}: every tensor of the network taken over", o.weights);
  for (const std::string& name : left_over) log.warn("{}: '{}' is left over", o.weights, name);
}

void log_start(spdlog::logger& log, const TrainOptions& o, const LoadedConfig& loaded,
               const TrainingData& data, int workers) {
  const BlasInfo blas = blas_info();
  log.info("{}: ok   run: {}   seed {}   {} thread(s)   {} {}/{}", o.config,
           loaded.config.output.dir.string(), loaded.config.training.seed, workers, blas.version,
           blas.threading, blas.kernel);
  log.info("data    {}: {} train, {} validation   {}", data.dataset.files.images.string(),
           data.split.train.size(), data.split.validation.size(), to_string(data.dataset.shape));
}

int train(const TrainOptions& o) {
  Console console(o.quiet     ? Verbosity::quiet
                  : o.verbose ? Verbosity::verbose
                              : Verbosity::normal,
                  !o.no_progress);
  spdlog::logger& log = console.log();
  LoadedConfig loaded = load(o);
  const RunConfig& config = loaded.config;
  if (o.print_config) {
    std::fputs(to_yaml(config, ConfigText::complete).c_str(), stdout);
    return kDone;
  }
  StopSwitch& stop = install_signal_handlers();
  use_single_threaded_blas();

  const DatasetHeader header = read_dataset_header(dataset_files(config.data, DataPart::train));
  Network network = build_network(loaded, header.shape);
  const RunDirectory directory(config.output.dir);
  std::optional<Checkpoint> checkpoint;
  if (!o.dry_run) {
    require_free(o, directory);
    if (o.resuming) checkpoint = find_checkpoint(o, directory, log);
  }
  const int workers_wanted = worker_count(config.training);
  const std::size_t memory = Trainer::bytes(network, config.training, workers_wanted);

  const TrainingData data = load_training_data(config.data, config.training.seed);
  check_classes(loaded, network, data.dataset);
  const ModelInfo info = make_model_info(config, network, data);
  network.initialise(config.training.seed);
  if (!o.weights.empty()) load_start_weights(o, network, log);

  if (!o.dry_run) {
    if (o.overwrite) directory.clear();
    directory.create();
    console.open_file(directory.log(), o.resuming);
  }
  log_start(log, o, loaded, data, workers_wanted);
  const std::string table = network_table(config, network, memory);

  Workers workers(workers_wanted);
  Trainer trainer({info, network, data.dataset, data.split, directory, workers});
  if (o.dry_run) {
    const double loss = trainer.try_one_step();
    std::printf("%sone step of %s: loss %.6f; a run takes %llu steps\n", table.c_str(),
                o.config.c_str(), loss, static_cast<unsigned long long>(trainer.steps()));
    return kDone;
  }
  log.info("{}", table);
  for (const Network::Node& node : network.nodes()) {
    if (!node.plan.notice.empty())
      log.info("note: layer '{}' {}", node.spec.name, node.plan.notice);
  }

  if (checkpoint) {
    trainer.resume(*checkpoint);
    log.info("resumed {} at step {} of {}", checkpoint->file.path.string(), trainer.step(),
             trainer.steps());
    if (trainer.step() >= trainer.steps()) {
      log.info("nothing left to do; for a longer run add --set training.epochs=N");
    }
  }
  write_file(directory.config(), to_yaml(config, ConfigText::complete));

  TrainLog observer(console, trainer.step());
  try {
    const Trainer::Outcome outcome = trainer.run(observer, stop);
    console.status("");
    if (outcome == Trainer::Outcome::stopped) {
      log.warn("stopped: saved {} at step {} of {}. Continue with: cnn-train --config {} --resume",
               directory.last().string(), trainer.step(), trainer.steps(),
               directory.config().string());
      return 128 + stop_signal();
    }
  } catch (const DivergedError& error) {
    console.status("");
    const bool kept = std::filesystem::exists(directory.last());
    throw DivergedError("error: training diverged: " + std::string(error.what()) + "\n  alpha is " +
                        number_text(config.training.alpha) + "; try --set training.alpha=" +
                        number_text(config.training.alpha / 10) + " or smaller." +
                        (kept ? " Last good state kept: " + directory.last().string() : ""));
  }
  observer.report_end(trainer, directory);
  return kDone;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  using namespace cnn::app;
  CLI::App app("Trains the convolutional neural network that a YAML file describes.", "cnn-train");
  TrainOptions options;
  add_options(app, options);
  set_up(app, "cnn-train --config configs/lenet.yaml --set training.epochs=5 --out runs/try");
  return run(app, argc, argv, [&] {
    options.resuming = app.count("--resume") > 0;
    return train(options);
  });
}
