#include "apps/sweep.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <memory>

#include <fmt/format.h>

#include "cnn/error.hpp"

#include "apps/app.hpp"
#include "apps/shared_runs.hpp"
#include "base/file.hpp"
#include "base/statistics.hpp"
#include "base/text.hpp"
#include "config/option_reader.hpp"
#include "data/class_names.hpp"
#include "infer/vote.hpp"
#include "run/model_runner.hpp"
#include "run/run_directory.hpp"
#include "run/run_identity.hpp"
#include "run/training_data.hpp"

namespace cnn::app {
namespace {

constexpr std::size_t kMostSeeds = 1000;

[[noreturn]] void fail_seeds(const std::string& text) {
  throw ConfigError("error: --seeds must be different seeds as in 1-5 or 1,3,7, at most " +
                    std::to_string(kMostSeeds) + ", got " + in_quotes(text));
}

// "99.16 ± 0.04 %"
std::string mean_text(const std::vector<double>& percentages) {
  const Statistics s = statistics(percentages);
  if (percentages.size() == 1) return fmt::format("{:.2f} %", s.mean);
  return fmt::format("{:.2f} ± {:.2f} %", s.mean, s.deviation);
}

// What the final models are scored on.
enum class Scored { test, validation, nothing };

// The test set, where the data have one.
Scored part_to_score(const DataConfig& data) {
  if (data.test > 0) return Scored::test;
  if (!data.source.has(DataPart::test)) {
    return data.has_validation() ? Scored::validation : Scored::nothing;
  }
  const std::unique_ptr<DataSource> source = data.source.open(DataPart::test);
  // What is wrong with it shows before hours of training.
  if (data.source.keeps_pictures()) {
    source->read();
  } else {
    source->header();
  }
  return Scored::test;
}

struct Score {
  double accuracy;
  std::optional<double> by_copies;
  std::size_t parameters;
};

// Nothing if `stop` became true on the way.
std::optional<Score> score(const std::filesystem::path& path, const RunConfig& config,
                           std::uint64_t seed, Scored scored, const std::string& tta,
                           const std::atomic<bool>& stop) {
  Workers workers(worker_count(config.training));
  ModelRunner runner(path, workers);
  const ModelInfo& info = runner.model.info;
  Score result{0, {}, runner.model.network.parameter_count()};
  ReadOptions reading;
  reading.threads = workers.count();
  reading.preparation = preparation_of(info);
  PartData data = load_part(
      config.data, scored == Scored::test ? DataPart::test : DataPart::validation, seed, reading);
  adopt_classes(data.dataset, info.classes);
  require_fit(data.dataset, info);
  const Selection& images = data.selection;
  const std::optional<Evaluation> evaluation =
      evaluate(runner.inference, config.loss, data.dataset, images, stop);
  if (!evaluation) return std::nullopt;
  result.accuracy = evaluation->accuracy();
  if (tta != "none") {
    Vote vote(images.size(), info.classes);
    const Voter voter{runner.inference, config.loss, info.classes};
    if (!vote.add(voter, data.dataset, images, copies_called(tta), stop)) {
      return std::nullopt;
    }
    result.by_copies = vote.evaluation(data.dataset, images).accuracy();
  }
  return result;
}

// The options of the run of one seed, which begins or goes on.
TrainOptions options_of_run(const TrainOptions& sweep, const RunDirectory& directory,
                            std::uint64_t seed) {
  TrainOptions options = sweep;
  options.seeds.clear();
  options.seed = std::to_string(seed);
  options.out = directory.path().string();
  options.resuming = sweep.resuming && directory.begun();
  return options;
}

// What the last weights of a seed came to, on its way to rank 0.
struct SweepEnd {
  SweepRun run;
  std::size_t parameters;
};

std::string directory_name(std::uint64_t seed) {
  return "seed-" + std::to_string(seed);
}

RunDirectory directory_of(const RunConfig& config, std::uint64_t seed) {
  return RunDirectory(config.output.dir / directory_name(seed));
}

}  // namespace

std::vector<std::uint64_t> parse_seeds(const std::string& text) {
  std::vector<std::uint64_t> seeds;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const std::size_t dash = part.find('-');
    const auto first = parse_integer(part.substr(0, dash));
    const auto last = dash == std::string::npos ? first : parse_integer(part.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first ||
        *last - *first >= static_cast<std::int64_t>(kMostSeeds - seeds.size())) {
      fail_seeds(text);
    }
    for (std::int64_t i = 0; i <= *last - *first; ++i) {
      const auto seed = static_cast<std::uint64_t>(*first + i);
      if (std::find(seeds.begin(), seeds.end(), seed) != seeds.end()) fail_seeds(text);
      seeds.push_back(seed);
    }
    begin = end + 1;
  }
  return seeds;
}

std::string sweep_text(const std::vector<SweepRun>& runs, std::size_t parameters,
                       const std::string& part, const std::string& tta) {
  std::string text;
  std::vector<double> accuracies, by_copies, seconds;
  for (const SweepRun& run : runs) {
    text += fmt::format("seed {:>4}", run.seed);
    if (run.accuracy) {
      accuracies.push_back(100 * *run.accuracy);
      text += fmt::format("  {:.2f} %", accuracies.back());
    }
    if (run.seconds) {
      seconds.push_back(*run.seconds);
      text += fmt::format("  {:.1f} s", *run.seconds);
    } else {
      text += "  (resumed)";
    }
    if (run.by_copies) {
      by_copies.push_back(100 * *run.by_copies);
      text += fmt::format("  with {} {:.2f} %", tta, by_copies.back());
    }
    text += "\n";
  }
  text += "mean";
  if (!accuracies.empty()) text += "  " + mean_text(accuracies);
  if (!seconds.empty()) text += fmt::format("  {:.1f} s", statistics(seconds).mean);
  if (!accuracies.empty()) text += fmt::format("  {} parameters  {} set", parameters, part);
  if (!by_copies.empty()) text += "  with " + tta + " " + mean_text(by_copies);
  return text + "\n";
}

int sweep(const TrainOptions& options, const RunConfig& config, StopSwitch& stop, Collective& ranks,
          const std::function<int(const TrainOptions&)>& train) {
  std::vector<std::uint64_t> seeds;
  Scored scored = Scored::nothing;
  ranks.together([&] {
    seeds = parse_seeds(options.seeds);
    if (!options.resume.empty()) {
      throw ConfigError(
          "error: with --seeds, --resume takes no CHECKPOINT: every run goes on from "
          "its own newest one");
    }
    std::vector<std::string> names;
    for (const std::uint64_t seed : seeds) names.push_back(directory_name(seed));
    require_free(options, config.output.dir, names);
    scored = part_to_score(config.data);
  });
  require_same_runs(ranks, config, options.seeds);
  require_same_directory(ranks, config.output.dir);
  std::vector<SweepRun> results(seeds.size());
  std::size_t parameters = 0;
  const SharedRuns runs{
      seeds.size(),
      [&](std::size_t i, int rank) {
        if (ranks.is_alone() || options.quiet) return;
        write_lines(stderr, fmt::format("seed-{} ({} of {}) on rank {}\n", seeds[i], i + 1,
                                        seeds.size(), rank));
      },
      [&](std::size_t i) -> std::optional<std::string> {
        const RunDirectory directory = directory_of(config, seeds[i]);
        TrainOptions run = options_of_run(options, directory, seeds[i]);
        run.quiet = run.quiet || !ranks.is_alone();  // several at once would be a muddle
        const auto start = std::chrono::steady_clock::now();
        if (train(run) != kDone) return std::nullopt;
        SweepEnd end{{seeds[i], {}, {}, {}}, 0};
        if (scored != Scored::nothing) {
          const std::optional<Score> reached =
              score(directory.model(), config, seeds[i], scored, options.tta, stop.stop);
          if (!reached) return std::nullopt;
          end.run.accuracy = reached->accuracy;
          end.run.by_copies = reached->by_copies;
          end.parameters = reached->parameters;
        }
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        if (!run.resuming) end.run.seconds = seconds.count();
        return to_result(end);
      },
      [&](std::size_t i, int rank, const std::string& result) {
        const auto end = from_result<SweepEnd>(result);
        results[i] = end.run;
        parameters = end.parameters;
        if (rank != 0) say_model(directory_of(config, seeds[i]));
      }};
  const int code = share_runs(ranks, stop, runs);
  if (code != kDone || !ranks.is_first()) return code;
  write_lines(stdout, sweep_text(results, parameters,
                                 scored == Scored::test ? "test" : "validation", options.tta));
  say_report(config.output.dir, options.quiet);
  return kDone;
}

}  // namespace cnn::app
