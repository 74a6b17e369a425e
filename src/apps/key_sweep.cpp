#include "apps/key_sweep.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>

#include "cnn/error.hpp"

#include "apps/app.hpp"
#include "apps/signals.hpp"
#include "apps/sweep.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "run/run_directory.hpp"

namespace cnn::app {
namespace {

// A combination and how well it did.
struct Standing {
  std::size_t combination;
  std::size_t seeds = 0;  // that came to an end
  double mean = 0;        // of accuracies
  double deviation = 0;   // n − 1 in the denominator
};

std::vector<Standing> standings(std::size_t combinations, const std::vector<KeyRun>& runs) {
  std::vector<Standing> result;
  for (std::size_t c = 0; c < combinations; ++c) {
    Standing standing{c};
    std::vector<double> values;
    for (const KeyRun& run : runs) {
      if (run.combination == c && run.accuracy) values.push_back(*run.accuracy);
    }
    standing.seeds = values.size();
    const auto n = static_cast<double>(values.size());
    for (const double value : values) standing.mean += value / n;
    for (const double value : values) standing.deviation += std::pow(value - standing.mean, 2);
    standing.deviation = values.size() > 1 ? std::sqrt(standing.deviation / (n - 1)) : 0;
    result.push_back(standing);
  }
  std::stable_sort(result.begin(), result.end(), [](const Standing& a, const Standing& b) {
    return a.seeds > 0 && (b.seeds == 0 || a.mean > b.mean);
  });
  return result;
}

// The square of the mean's standard error.
double squared_error(const Standing& standing, std::size_t images) {
  if (standing.seeds > 1) {
    return standing.deviation * standing.deviation / static_cast<double>(standing.seeds);
  }
  return standing.mean * (1 - standing.mean) / static_cast<double>(images);
}

std::string settings(const std::vector<SweepKey>& keys, const Combination& values,
                     const std::string& before) {
  std::string text;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    text += (k == 0 ? "" : " ") + before + keys[k].key + "=" + values[k];
  }
  return text;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? "\"\"" : std::string(1, c);
  return result + "\"";
}

// What metrics.csv of a run that ended says.
void take_results(const RunDirectory& directory, KeyRun& run) {
  constexpr std::size_t kLargest = std::size_t{1} << 30;
  std::istringstream lines(read_file(directory.metrics(), kLargest));
  std::string line, last;
  std::getline(lines, line);
  double seconds = 0;
  std::vector<double> numbers;
  while (std::getline(lines, line)) {
    numbers.clear();
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) {
      numbers.push_back(cell.empty() ? 0 : std::stod(cell));
    }
    if (numbers.size() > 7) seconds += numbers[7];
  }
  if (numbers.size() < 8) throw file_error(directory.metrics(), "does not tell of a last epoch");
  run.loss = numbers[4];
  run.accuracy = numbers[5];
  run.seconds = seconds;
}

// The options of one run, without where it is written.
TrainOptions options_of(const TrainOptions& sweep, const std::vector<SweepKey>& keys,
                        const Combination& values) {
  TrainOptions options = sweep;
  options.sweep.clear();
  options.seeds.clear();
  options.random = 0;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    options.overrides.push_back(keys[k].key + "=" + values[k]);
  }
  return options;
}

// How many images judge.
std::size_t validation_images(const RunConfig& config) {
  const SourceConfig& source = config.data.source;
  if (config.data.validation > 0) return static_cast<std::size_t>(config.data.validation);
  if (source.has(DataPart::validation)) return source.open(DataPart::validation)->count();
  throw ConfigError(
      "error: --sweep judges by images held out of the training set; the test set is not for "
      "choosing\n  add --set data.validation=N");
}

}  // namespace

std::string key_sweep_text(const std::vector<SweepKey>& keys,
                           const std::vector<Combination>& combinations,
                           const std::vector<KeyRun>& runs, std::size_t images) {
  const std::vector<Standing> table = standings(combinations.size(), runs);
  std::string text = "validation accuracy of the last weights, best first\n";
  for (const Standing& s : table) {
    std::string accuracy = "diverged";
    if (s.seeds > 0) accuracy = fmt::format("{:.2f} %", 100 * s.mean);
    if (s.seeds > 1) accuracy = fmt::format("{:.2f} ± {:.2f} %", 100 * s.mean, 100 * s.deviation);
    text += fmt::format("{:>16}  {}\n", accuracy, settings(keys, combinations[s.combination], ""));
  }
  if (table.front().seeds == 0) return text + "no run came to an end\n";
  if (table.size() > 1 && table[1].seeds > 0) {
    const double error =
        std::sqrt(squared_error(table[0], images) + squared_error(table[1], images));
    if (table[0].mean - table[1].mean < 2 * error) {
      text += fmt::format(
          "the best two lie within noise: {:.2f} and {:.2f} % of {} images; more --seeds, or more "
          "images held out, tell them apart\n",
          100 * table[0].mean, 100 * table[1].mean, images);
    }
  }
  return text + "best: " + settings(keys, combinations[table[0].combination], "--set ") + "\n";
}

std::string key_sweep_csv(const std::vector<SweepKey>& keys,
                          const std::vector<Combination>& combinations,
                          const std::vector<KeyRun>& runs) {
  std::string text = "run";
  for (const SweepKey& key : keys) text += "," + csv_field(key.key);
  text += ",seed,validation_accuracy,validation_loss,seconds,state\n";
  const auto number = [](const std::optional<double>& value) {
    return value ? number_text(*value) : std::string();
  };
  for (const KeyRun& run : runs) {
    if (run.state.empty()) continue;
    text += run.run;
    for (const std::string& value : combinations[run.combination]) text += "," + csv_field(value);
    text += "," + std::to_string(run.seed) + "," + number(run.accuracy) + "," + number(run.loss) +
            "," + (run.seconds ? fmt::format("{:.1f}", *run.seconds) : "") + "," + run.state + "\n";
  }
  return text;
}

int sweep_keys(const TrainOptions& options, const StopSwitch& stop,
               const std::function<RunConfig(const TrainOptions&)>& load,
               const std::function<int(const TrainOptions&)>& train) {
  if (!options.resume.empty()) {
    throw ConfigError(
        "error: with --sweep, --resume takes no CHECKPOINT: every run goes on from its own newest "
        "one");
  }
  const std::vector<SweepKey> keys = parse_sweep_keys(options.sweep);
  const RunConfig config = load(options_of(options, {}, {}));
  const std::vector<Combination> combinations =
      options.random > 0 ? draw_combinations(keys, options.random, config.training.seed)
                         : all_combinations(keys);
  std::vector<std::uint64_t> seeds = {config.training.seed};
  if (!options.seeds.empty()) seeds = parse_seeds(options.seeds);

  std::vector<KeyRun> runs;
  std::size_t images = 0;
  for (std::size_t c = 0; c < combinations.size(); ++c) {
    const RunConfig own = load(options_of(options, keys, combinations[c]));
    images = validation_images(own);
    for (const std::uint64_t seed : seeds) {
      std::string name = "run-" + std::to_string(c + 1);
      if (!options.seeds.empty()) name += "-seed-" + std::to_string(seed);
      runs.push_back({std::move(name), c, seed, {}, {}, {}, {}});
    }
  }
  const std::filesystem::path root = config.output.dir;
  for (const KeyRun& run : runs) {
    const RunDirectory directory(root / run.run);
    if (options.resuming || options.overwrite || !directory.occupied()) continue;
    throw ConfigError("error: " + display_path(directory.path()) +
                      " already holds a run; continue the sweep with --resume, replace its runs "
                      "with --overwrite, or choose another directory with --out DIR");
  }

  for (KeyRun& run : runs) {
    const Combination& values = combinations[run.combination];
    const RunDirectory directory(root / run.run);
    TrainOptions own = options_of(options, keys, values);
    own.seed = std::to_string(run.seed);
    own.out = directory.path().string();
    own.resuming = options.resuming && directory.begun();
    if (!options.quiet) {
      write_lines(stderr, fmt::format("{} of {}: {} seed {}\n", run.run, combinations.size(),
                                      settings(keys, values, ""), run.seed));
    }
    try {
      if (const int code = train(own); code != kDone) {
        write_lines(stderr, "the sweep ends here; it goes on with the same command and --resume\n");
        return code;
      }
      take_results(directory, run);
      run.state = "done";
    } catch (const DivergedError& error) {
      write_lines(stderr, std::string(error.what()) + "\n");
      run.state = "diverged";
    }
    write_file({root / "sweep.csv"}, key_sweep_csv(keys, combinations, runs));
    if (stop.stop.load()) return 128 + stop_signal();
  }
  write_lines(stdout, key_sweep_text(keys, combinations, runs, images));
  return kDone;
}

}  // namespace cnn::app
