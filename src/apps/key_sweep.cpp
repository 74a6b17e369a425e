#include "apps/key_sweep.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "cnn/error.hpp"

#include "apps/app.hpp"
#include "apps/output_kind.hpp"
#include "apps/shared_runs.hpp"
#include "apps/sweep.hpp"
#include "apps/sweep_table.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "data/selection.hpp"
#include "run/metrics_rows.hpp"
#include "run/run_directory.hpp"
#include "run/run_identity.hpp"
#include "run/training_data.hpp"

namespace cnn::app {
namespace {

// Of a run on its way to rank 0; nothing of one that diverged.
struct KeyRunEnd {
  std::optional<double> accuracy;
  std::optional<double> loss;
  std::optional<double> seconds;
};

// What metrics.csv of a run that ended says.
KeyRunEnd results_of(const RunDirectory& directory) {
  const std::vector<EpochMetrics> rows = read_metrics(directory.metrics());
  if (rows.empty()) {
    throw file_error(directory.metrics(),
                     "does not tell of a last epoch; remove this run's directory to train it anew");
  }
  double seconds = 0;
  for (const EpochMetrics& row : rows) seconds += row.seconds;
  return {rows.back().validation_accuracy, rows.back().validation_loss, seconds};
}

// The options of one run, without where it is written.
TrainOptions options_of(const TrainOptions& sweep, const std::vector<SweepKey>& keys,
                        const Combination& values, std::int64_t fold) {
  TrainOptions options = sweep;
  options.sweep.clear();
  options.seeds.clear();
  options.random = 0;
  options.folds = 0;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    options.overrides.push_back(keys[k].key + "=" + values[k]);
  }
  if (sweep.folds > 0) options.overrides.push_back("data.fold=" + to_text({fold, sweep.folds}));
  return options;
}

// What every run gets from the sweep itself would displace a value of the key.
void require_free_keys(const TrainOptions& options, const std::vector<SweepKey>& keys) {
  for (const SweepKey& key : keys) {
    std::string advice;
    if (key.key == "training.seed") advice = "give the seeds by --seeds";
    if (key.key == "output.dir") advice = "each run has its own directory inside that of the sweep";
    if (key.key == "data.fold" || key.key == "data.validation") {
      advice = options.folds > 0 ? "--folds says what is held out"
                                 : "the same images are to judge all combinations";
    }
    if (advice.empty()) continue;
    throw ConfigError("error: --sweep cannot vary " + key.key + ": " + advice);
  }
}

// How many images judge a combination.
std::size_t judging_images(const RunConfig& config, bool all_folds) {
  const DataConfig& data = config.data;
  check_parts(data);
  if (data.validation > 0) return static_cast<std::size_t>(data.validation);
  if (data.fold.count > 0) {
    const std::size_t all = data.source.open(DataPart::train)->count();
    const std::size_t rest = all - std::min(all, static_cast<std::size_t>(data.test));
    return all_folds ? rest : rest / static_cast<std::size_t>(data.fold.count);
  }
  if (data.has_validation()) return data.source.open(DataPart::validation)->count();
  throw ConfigError(
      "error: --sweep judges by images held out of the training set; the test set is not for "
      "choosing\n  add --set data.validation=N, or --folds K");
}

// "run-2-seed-1-fold-3", with the parts that tell this sweep's runs apart.
std::string directory_name(const TrainOptions& options, const KeyRun& run) {
  std::vector<std::string> parts;
  if (!options.sweep.empty()) parts.push_back("run-" + std::to_string(run.combination + 1));
  if (!options.seeds.empty()) parts.push_back("seed-" + std::to_string(run.seed));
  if (run.fold > 0) parts.push_back("fold-" + std::to_string(run.fold));
  return join(parts, "-");
}

// The runs of a sweep, in their order.
std::vector<KeyRun> plan_runs(const TrainOptions& options, std::size_t combinations,
                              const std::vector<std::uint64_t>& seeds) {
  constexpr std::size_t kMostRuns = 10'000;
  const auto folds = static_cast<std::size_t>(std::max<std::int64_t>(options.folds, 1));
  if (combinations * seeds.size() * folds > kMostRuns) {
    throw ConfigError("error: " + std::to_string(combinations * seeds.size() * folds) +
                      " runs are more than " + std::to_string(kMostRuns) +
                      "; give fewer values, --seeds or --folds");
  }
  std::vector<KeyRun> runs;
  for (std::size_t c = 0; c < combinations; ++c) {
    for (const std::uint64_t seed : seeds) {
      for (std::size_t f = 1; f <= folds; ++f) {
        KeyRun run{"", c, seed, "", {}, {}, {}};
        if (options.folds > 0) run.fold = static_cast<std::int64_t>(f);
        run.run = directory_name(options, run);
        runs.push_back(std::move(run));
      }
    }
  }
  return runs;
}

struct SweepPlan {
  std::vector<SweepKey> keys;
  std::vector<Combination> combinations;
  std::vector<KeyRun> runs;
  RunConfig config;        // that of all, without the keys
  std::size_t images = 0;  // that judge a combination
};

TrainOptions options_of(const TrainOptions& sweep, const SweepPlan& plan, const KeyRun& run) {
  TrainOptions options = options_of(sweep, plan.keys, plan.combinations[run.combination], run.fold);
  options.seed = std::to_string(run.seed);
  return options;
}

// "training.alpha=0.01 seed 1 fold 2 of 5"
std::string run_title(const TrainOptions& options, const SweepPlan& plan, const KeyRun& run) {
  std::string text = settings(plan.keys, plan.combinations[run.combination], "");
  text += (text.empty() ? "seed " : " seed ") + std::to_string(run.seed);
  if (run.fold > 0) text += " fold " + to_text({run.fold, options.folds});
  return text;
}

// Other runs in the directory would look like ones of this sweep.
void require_own_runs(const TrainOptions& options, const std::filesystem::path& root,
                      const std::vector<std::string>& names) {
  const std::filesystem::path list = root / "sweep.csv";
  if (!options.resuming && !options.overwrite && is_there(list)) {
    require_output_kind("--out", list, OutputKind::sweep);
    throw ConfigError("error: " + display_path(list) +
                      " is that of another sweep; continue that with --resume, replace it with "
                      "--overwrite, or choose another directory with --out DIR");
  }
  if (!options.overwrite || !is_there(root)) return;
  for (const std::filesystem::path& inner : list_directory(root)) {
    const std::string name = inner.filename().string();
    const bool is_numbered =
        name.starts_with("run-") || name.starts_with("fold-") || name.starts_with("seed-");
    if (!is_numbered || std::ranges::find(names, name) != names.end()) continue;
    if (!RunDirectory(inner).occupied()) continue;
    throw ConfigError("error: " + display_path(inner) +
                      " holds a run that this sweep does not replace; remove it, or choose another "
                      "directory with --out DIR");
  }
}

// The sweep that goes on is the one that was begun there.
void take_rows_of_before(const std::filesystem::path& list, SweepPlan& plan) {
  constexpr std::size_t kLargest = std::size_t{1} << 28;
  if (!is_there(list)) return;
  require_output_kind("--out", list, OutputKind::sweep);
  const std::string other =
      take_rows(read_file(list, kLargest), plan.keys, plan.combinations, plan.runs);
  if (other.empty()) return;
  throw ConfigError("error: " + display_path(list) + " is that of another sweep: it has " +
                    in_quotes(other) +
                    "; go on with the --sweep, --seeds and --folds that it was begun with, or "
                    "choose another directory with --out DIR");
}

// What a run reads, as text.
std::string data_text(const RunConfig& config) {
  RunConfig data;
  data.data = config.data;
  data.data.augment = {};  // of images that have been read
  data.training.seed = config.training.seed;
  return to_yaml(data, ConfigText::portable);
}

// Calls `look`; what it throws says which combination is at fault.
template <typename Look>
void look_at(const SweepPlan& plan, std::size_t combination, const Look& look) {
  const auto named = [&](const Error& error) {
    if (plan.keys.empty()) return std::string(error.what());
    return std::string(error.what()) + "\n  in combination " + std::to_string(combination + 1) +
           " of " + std::to_string(plan.combinations.size()) + ": " +
           settings(plan.keys, plan.combinations[combination], "");
  };
  try {
    look();
  } catch (const ConfigError& error) {
    throw ConfigError(named(error));
  } catch (const ShapeError& error) {
    throw ShapeError(named(error));
  } catch (const FileError& error) {
    throw FileError(named(error));
  }
}

// Each could be trained, is judged by as many images, and differs from all others in more than its
// values' names.
void check_combinations(const TrainOptions& options, const KeySweepCalls& calls, SweepPlan& plan) {
  std::map<std::string, std::size_t> trained;
  std::optional<TrainingData> data;
  std::string text_of_data;
  const std::size_t runs_of_each = plan.runs.size() / plan.combinations.size();
  for (std::size_t c = 0; c < plan.combinations.size(); ++c) {
    const TrainOptions own = options_of(options, plan, plan.runs[c * runs_of_each]);
    look_at(plan, c, [&] {
      const RunConfig config = calls.load(own);
      const std::size_t images = judging_images(config, options.folds > 0);
      if (c > 0 && images != plan.images) {
        throw ConfigError("error: " + std::to_string(images) +
                          " images would judge this combination, and " +
                          std::to_string(plan.images) + " those before it");
      }
      plan.images = images;
      const auto [same, is_new] = trained.emplace(to_yaml(config, ConfigText::portable), c);
      if (!is_new) {
        throw ConfigError("error: this would train the same as " +
                          settings(plan.keys, plan.combinations[same->second], "") +
                          "; a value has no effect, or is there twice");
      }
      if (std::exchange(text_of_data, data_text(config)) != text_of_data) data.reset();
      calls.look(own, data);
    });
  }
}

// All of it is checked before the first run begins.
SweepPlan make_plan(const TrainOptions& options, const KeySweepCalls& calls) {
  if (!options.resume.empty()) {
    throw ConfigError(
        "error: with --sweep and --folds, --resume takes no CHECKPOINT: every run goes on from its "
        "own newest one");
  }
  SweepPlan plan;
  plan.keys = parse_sweep_keys(options.sweep);
  require_free_keys(options, plan.keys);
  plan.config = calls.load(options_of(options, {}, {}, 1));
  const std::uint64_t seed = plan.config.training.seed;
  plan.combinations = options.random > 0 ? draw_combinations(plan.keys, options.random, seed)
                                         : all_combinations(plan.keys);
  std::vector<std::uint64_t> seeds = {seed};
  if (!options.seeds.empty()) seeds = parse_seeds(options.seeds);
  plan.runs = plan_runs(options, plan.combinations.size(), seeds);
  std::vector<std::string> names;
  for (const KeyRun& run : plan.runs) names.push_back(run.run);
  const std::filesystem::path root = plan.config.output.dir;
  require_free(options, root, names);
  require_own_runs(options, root, names);
  if (options.resuming) take_rows_of_before(root / "sweep.csv", plan);
  check_combinations(options, calls, plan);
  return plan;
}

// What ranks must agree on.
std::string plan_text(const TrainOptions& options, const SweepPlan& plan) {
  std::string text;
  for (const KeyRun& run : plan.runs) {
    text += (text.empty() ? "" : ", ") + run.run + ": " + run_title(options, plan, run);
  }
  return text;
}

}  // namespace

int sweep_keys(const TrainOptions& options, StopSwitch& stop, Collective& ranks,
               const KeySweepCalls& calls) {
  SweepPlan plan;
  ranks.together([&] { plan = make_plan(options, calls); });
  require_same_runs(ranks, plan.config, plan_text(options, plan));
  const std::filesystem::path root = plan.config.output.dir;
  const std::filesystem::path list = root / "sweep.csv";
  ranks.together([&] { require_output_kind("--out", list, OutputKind::sweep); });
  require_same_directory(ranks, root);

  const SharedRuns runs{
      plan.runs.size(),
      [&](std::size_t i, int rank) {
        if (options.quiet) return;
        const std::string where = ranks.is_alone() ? "" : " on rank " + std::to_string(rank);
        write_lines(stderr,
                    fmt::format("{} ({} of {}){}: {}\n", plan.runs[i].run, i + 1, plan.runs.size(),
                                where, run_title(options, plan, plan.runs[i])));
      },
      [&](std::size_t i) -> std::optional<std::string> {
        const RunDirectory directory(root / plan.runs[i].run);
        TrainOptions own = options_of(options, plan, plan.runs[i]);
        own.out = directory.path().string();
        own.resuming = options.resuming && directory.begun();
        own.quiet = own.quiet || !ranks.is_alone();  // several at once would be a muddle
        try {
          if (calls.train(own) != kDone) return std::nullopt;
          return to_result(results_of(directory));
        } catch (const DivergedError& error) {
          return to_result(KeyRunEnd()) + error.what();
        }
      },
      [&](std::size_t i, int rank, const std::string& result) {
        KeyRun& run = plan.runs[i];
        const auto end = from_result<KeyRunEnd>(result);
        run.state = end.accuracy ? "done" : "diverged";
        run.accuracy = end.accuracy;
        run.loss = end.loss;
        run.seconds = end.seconds;
        if (!end.accuracy) write_lines(stderr, result.substr(sizeof(end)) + "\n");
        if (end.accuracy && rank != 0) say_model(RunDirectory(root / run.run));
        write_file(list, key_sweep_csv(plan.keys, plan.combinations, plan.runs));
      }};
  const int code = share_runs(ranks, stop, runs);
  if (code != kDone || !ranks.is_first()) return code;
  write_lines(stdout, plan.keys.empty()
                          ? folds_text(plan.runs, plan.images)
                          : key_sweep_text(plan.keys, plan.combinations, plan.runs, plan.images));
  say_report(root, options.quiet);
  const bool all_diverged =
      std::ranges::all_of(plan.runs, [](const KeyRun& run) { return run.state == "diverged"; });
  return all_diverged ? kDiverged : kDone;
}

}  // namespace cnn::app
