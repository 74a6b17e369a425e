// cnn-train: trains the network that a YAML file describes.

#include <algorithm>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cnn/error.hpp"
#include "cnn/image.hpp"

#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/console.hpp"
#include "apps/find_alpha.hpp"
#include "apps/gradient_report.hpp"
#include "apps/key_sweep.hpp"
#include "apps/live_report.hpp"
#include "apps/network_table.hpp"
#include "apps/output_kind.hpp"
#include "apps/preview.hpp"
#include "apps/ranks.hpp"
#include "apps/reading_progress.hpp"
#include "apps/schema_line.hpp"
#include "apps/signals.hpp"
#include "apps/starter_file.hpp"
#include "apps/sweep.hpp"
#include "apps/train_log.hpp"
#include "base/collective.hpp"
#include "base/file.hpp"
#include "base/processor_name.hpp"
#include "base/text.hpp"
#include "base/vectors.hpp"
#include "data/source.hpp"
#include "kernels/blas.hpp"
#include "run/learning_check.hpp"
#include "run/memory_need.hpp"
#include "run/model.hpp"
#include "run/run_config.hpp"
#include "run/run_directory.hpp"
#include "run/training_session.hpp"

namespace cnn::app {
namespace {

TrainingOptions options_of(const TrainOptions& o) {
  using Start = TrainingOptions::Start;
  TrainingOptions options;
  options.overrides = o.overrides;
  if (!o.threads.empty()) options.overrides.push_back("training.threads=" + o.threads);
  if (!o.seed.empty()) options.overrides.push_back("training.seed=" + o.seed);
  if (o.report) options.overrides.push_back("output.report=true");
  options.data = o.data;
  options.out = o.out;
  if (o.overwrite) options.start = Start::overwrite;
  if (o.resuming) options.start = Start::resume;
  options.checkpoint = o.resume;
  options.weights = o.weights;
  options.reset = o.reset;
  options.rename = o.rename;
  return options;
}

LoadedConfig load(const TrainOptions& o, const TrainingOptions& options) {
  return read_config([&] { return load_training_config(o.config, options); });
}

void log_weights(spdlog::logger& log, const TrainOptions& o,
                 const std::vector<std::string>& unused) {
  constexpr std::size_t kMostNamed = 5;
  const std::size_t named = std::min(unused.size(), kMostNamed);
  std::string text;
  if (!unused.empty()) {
    text = "; " + std::to_string(unused.size()) +
           " others passed over: " + join(std::span(unused).first(named), ", ") +
           (named < unused.size() ? ", …" : "");
  }
  const std::string anew = o.reset.empty() ? "" : " but those of " + join(o.reset, ", ", " and ");
  log.info("weights {}: every tensor of the network taken over{}{}", path_text(o.weights), anew,
           text);
}

void log_start(spdlog::logger& log, const TrainOptions& o, TrainingSession& session,
               const std::string& table, int ranks) {
  const RunConfig& config = session.config();
  const TrainingData& data = session.data();
  const BlasInfo blas = blas_info();
  const std::string on_ranks = ranks > 1 ? std::to_string(ranks) + " ranks of " : "";
  log.info("{}: ok   run: {}   seed {}   {}{} thread(s)   {} {}/{}   vectors {}",
           path_text(o.config), display_path(config.output.dir), config.training.seed, on_ranks,
           session.workers().count(), blas.version, blas.threading, blas.kernel,
           vector_level_name());
  // For the run's page.
  log.debug("{}{}, {}{} thread(s)", kMachineInLog, processor_name(), on_ranks,
            session.workers().count());
  log.info("data    {}: {} train, {} validation   {}", display_path(data.dataset.origin.images),
           data.split.train.size(), data.split.validation.size(), to_string(data.dataset.shape));
  log.info("{}", table);
}

void log_warnings(spdlog::logger& log, const TrainingSession& session) {
  for (const std::string& warning :
       check_training_data(session.info(), session.network(), session.data())) {
    log.warn("{}", warning);
  }
}

void resume(const Checkpoint& checkpoint, TrainingSession& session, spdlog::logger& log) {
  session.resume(checkpoint);
  const RunConfig& config = session.config();
  const Trainer& trainer = session.trainer();
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
  const double alpha = config.training.solver.alpha;
  message += "\n  alpha is " + number_text(alpha) +
             "; try --set training.alpha=" + rounded_text(alpha / 10) + " or smaller.";
  if (is_there(directory.at(directory.last()))) {
    message += " Last good state kept: " + display_path(directory.last());
  }
  return message;
}

// The run itself; everything is checked and in place.
int run_training(TrainingSession& session, Console& console, TrainLog& train_log, StopSwitch& stop,
                 Collective& ranks, ReportedRun& reported) {
  const RunDirectory& directory = session.directory();
  const Trainer& trainer = session.trainer();
  std::optional<LiveReport> live;
  // A run that is resumed writes the page anew that it began: it says what has become of the run.
  const bool has_page = session.checkpoint() && is_there(directory.at(directory.report()));
  if (ranks.is_first() && (session.config().output.report || has_page)) {
    live.emplace(session, train_log, console.log());
  }
  TrainObserver& observer = live ? static_cast<TrainObserver&>(*live) : train_log;
  if (live) reported = {directory.path(), session.workers().count()};
  try {
    const Trainer::Outcome outcome = session.run(observer, stop);
    if (live) reported.directory = directory.path();  // it may have been moved
    console.status("");
    // A rank that has got no signal is stopped by that of another.
    const auto signal = static_cast<int>(ranks.any(static_cast<std::uint32_t>(stop_signal())));
    if (outcome == Trainer::Outcome::finished) {
      train_log.report_end(trainer, directory, session.has_best());
      return kDone;
    }
    console.log().warn(
        "stopped: saved {} at step {} of {}. Continue with: cnn-train --config {} --resume",
        display_path(directory.last()), trainer.step(), trainer.steps(),
        shell_word(display_path(directory.config())));
    return 128 + signal;
  } catch (const DivergedError& error) {
    console.status("");
    console.log().debug("{}{}", kDivergedInLog, error.what());  // for the run's page
    throw DivergedError(divergence(error, session.config(), trainer, directory));
  }
}

int dry_run(const TrainOptions& o, TrainingSession& session, const std::string& table,
            const StopSwitch& stop, spdlog::logger& log) {
  log_warnings(log, session);
  const double loss = session.trainer().try_one_step();
  if (stop.stop.load()) return 128 + stop_signal();
  const Dataset& dataset = session.data().dataset;
  write_lines(
      stdout,
      fmt::format("{}data: {} images of {} take {}{}\none step of {}: loss {:.6f}; a run takes "
                  "{} steps\n",
                  table, dataset.count(), to_string(dataset.shape),
                  bytes_text(static_cast<double>(dataset.pixels.size())),
                  dataset.mapping ? " and are read from their file for the rest" : "",
                  path_text(o.config), loss, session.trainer().steps()));
  return kDone;
}

// What is only looked at, not trained; nothing if the run goes on.
std::optional<int> look(const TrainOptions& o, TrainingSession& session, const std::string& table,
                        const StopSwitch& stop, spdlog::logger& log) {
  if (o.check_gradients) {
    return report_gradients(session.info(), session.network(), session.data(), stop);
  }
  if (o.find_alpha) {
    log_warnings(log, session);
    return find_alpha(session.info(), session.network(), session.data(), session.workers(), stop);
  }
  if (o.dry_run) return dry_run(o, session, table, stop, log);
  return std::nullopt;
}

// Rank 0's, before the first step.
void begin(const TrainOptions& o, TrainingSession& session, Console& console,
           const std::string& table, int ranks) {
  spdlog::logger& log = console.log();
  session.occupy();
  console.open_file(session.directory().at(session.directory().log()), o.resuming);
  log_start(log, o, session, table, ranks);
  const std::optional<Checkpoint>& checkpoint = session.checkpoint();
  if (checkpoint) resume(*checkpoint, session, log);
  // A run that is resumed has been warned when it started.
  if (!checkpoint) log_warnings(log, session);
}

// `reported` is told of a run that is to end with a report.
int train_one(const TrainOptions& o, StopSwitch& stop, Collective& ranks, ReportedRun& reported) {
  Console console(o.quiet     ? Verbosity::quiet
                  : o.verbose ? Verbosity::verbose
                              : Verbosity::normal,
                  !o.no_progress && ranks.is_first());
  spdlog::logger& log = console.log();
  TrainingOptions options = options_of(o);
  options.on_notice = [&log](const std::string& notice) { log.warn("{}", notice); };
  options.on_memory = [&log, &ranks](std::size_t bytes) {
    log.info("{}{}", memory_text(bytes), ranks.is_alone() ? "" : " on each rank");
  };
  options.on_reading = [&, show = reading_progress(console)](std::size_t done, std::size_t all) {
    // Ranks stop together, behind a step.
    if (stop.stop.load() && ranks.is_alone()) {
      console.status("");
      throw ReadingStopped();
    }
    show(done, all);
  };
  LoadedConfig loaded;
  ranks.together([&] {
    require_output_kind("--preview", o.preview, OutputKind::png);
    loaded = load(o, options);
  });
  if (o.print_config) {
    write_lines(stdout, schema_line() + to_yaml(loaded.config, ConfigText::complete));
    return kDone;
  }
  if (!o.preview.empty()) {
    if (!ranks.is_first()) return kDone;
    write_png(o.preview,
              preview_sheet(loaded.config, load_training_data(loaded, options.on_reading)));
    console.status("");
    return kDone;
  }

  using Purpose = TrainingSession::Purpose;
  const Purpose purpose =
      o.dry_run || o.check_gradients || o.find_alpha ? Purpose::look : Purpose::train;
  std::optional<TrainingSession> made;
  ranks.together([&] { made.emplace(std::move(loaded), options, purpose, std::nullopt, ranks); });
  TrainingSession& session = *made;
  console.status("");
  session.require_same_ranks();
  if (!o.weights.empty()) log_weights(log, o, session.unused_weights());
  const std::string table = network_table(session.config(), session.network(), session.memory());
  if (const std::optional<int> code = look(o, session, table, stop, log)) return *code;

  ranks.together([&] {
    if (ranks.is_first()) begin(o, session, console, table, ranks.size());
  });
  TrainLog observer(console, session.trainer(), !session.data().split.validation.empty(),
                    LearningCheck(session.info(), session.network(), session.data()));
  return run_training(session, console, observer, stop, ranks, reported);
}

// A run with the report that it is to end with, whatever its end is: the page says so. The run has
// left its directory and its memory by then. Who stops a run is not kept waiting for scores.
int train(const TrainOptions& o, StopSwitch& stop, Collective& ranks) {
  ReportedRun reported;
  try {
    const int code = train_one(o, stop, ranks, reported);
    write_last_report(reported, !stop.stop.load(), o.quiet);
    return code;
  } catch (const ReadingStopped&) {
    return 128 + stop_signal();  // nothing has begun
  } catch (...) {
    write_last_report(reported, false, o.quiet);
    throw;
  }
}

// Everything that can be wrong with a run, but for its directory.
void look_at_run(TrainOptions run, std::optional<TrainingData>& data, const StopSwitch& stop,
                 const Collective& ranks) {
  run.resuming = run.overwrite = false;
  TrainingOptions options = options_of(run);
  options.on_reading = [&](std::size_t, std::size_t) {
    if (stop.stop.load() && ranks.is_alone()) throw ReadingStopped();
  };
  TrainingSession session(load(run, options), options, TrainingSession::Purpose::look,
                          std::exchange(data, std::nullopt));
  data = std::move(session).take_data();
}

// Several ranks share the runs out.
int train_several(const TrainOptions& o, StopSwitch& stop, Collective& ranks) {
  const auto read = [](const TrainOptions& run) { return load(run, options_of(run)).config; };
  const auto train_here = [&](const TrainOptions& run) { return train(run, stop, alone()); };
  if (!o.sweep.empty() || o.folds > 0) {
    const auto look = [&](const TrainOptions& run, std::optional<TrainingData>& data) {
      look_at_run(run, data, stop, ranks);
    };
    try {
      return sweep_keys(o, stop, ranks, {read, look, train_here});
    } catch (const ReadingStopped&) {
      return 128 + stop_signal();  // nothing has begun
    }
  }
  RunConfig config;
  ranks.together([&] { config = read(o); });
  return sweep(o, config, stop, ranks, train_here);
}

int train_all(const TrainOptions& o, StopSwitch& stop, Collective& ranks) {
  if (!o.init.empty()) return ranks.is_first() ? write_starter_file(o) : kDone;
  if (!o.sweep.empty() || o.folds > 0 || !o.seeds.empty()) return train_several(o, stop, ranks);
  return train(o, stop, ranks);
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  using cnn::app::RankedCommand;
  static cnn::StopSwitch& stop = cnn::app::install_signal_handlers();
  cnn::app::TrainOptions options;
  return RankedCommand::run([&](RankedCommand& command) {
    // Of two references: a function of more would need memory before anybody guards it.
    return cnn::app::run(argc, argv, options, [&command, &options] {
      return command.watch(
          [&options](cnn::Collective& ranks) { return cnn::app::train_all(options, stop, ranks); });
    });
  });
}
