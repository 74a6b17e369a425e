#include "apps/sweep_table.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <tuple>

#include <fmt/format.h>

#include "apps/csv_field.hpp"
#include "base/statistics.hpp"
#include "base/text.hpp"

namespace cnn::app {
namespace {

// A combination and how well it did.
struct Standing {
  std::size_t combination;
  std::size_t runs = 0;  // that came to an end
  std::size_t diverged = 0;
  Statistics accuracy = {};
};

// First those of which every run came to an end, by their means, then those of which some diverged.
std::vector<Standing> standings(std::size_t combinations, const std::vector<KeyRun>& runs) {
  std::vector<Standing> result;
  for (std::size_t c = 0; c < combinations; ++c) {
    Standing standing{c};
    std::vector<double> values;
    for (const KeyRun& run : runs) {
      if (run.combination != c) continue;
      if (run.accuracy) values.push_back(*run.accuracy);
      if (run.state == "diverged") ++standing.diverged;
    }
    standing.runs = values.size();
    standing.accuracy = statistics(values);
    result.push_back(standing);
  }
  const auto rank = [](const Standing& s) {
    return std::tuple(s.runs == 0, s.diverged > 0, -s.accuracy.mean);
  };
  std::ranges::stable_sort(result, {}, rank);
  return result;
}

// "98.00 ± 1.00 %"
std::string accuracy_text(const Standing& standing) {
  if (standing.runs == 0) return "diverged";
  if (standing.runs == 1) return fmt::format("{:.2f} %", 100 * standing.accuracy.mean);
  return fmt::format("{:.2f} ± {:.2f} %", 100 * standing.accuracy.mean,
                     100 * standing.accuracy.deviation);
}

// Beside a mean of those that did not.
std::string divergence_text(const Standing& standing) {
  if (standing.runs == 0 || standing.diverged == 0) return "";
  return fmt::format("  ({} of {} diverged)", standing.diverged, standing.runs + standing.diverged);
}

// The square of the mean's standard error: that of the runs, which a few of them may understate,
// but no less than that of counting so many images. Of those, four are added that are half right
// (Agresti & Coull, 1998): no result is without doubt.
double squared_error(const Standing& standing, double images) {
  const auto runs = static_cast<double>(standing.runs);
  const double share = (standing.accuracy.mean * images + 2) / (images + 4);
  const double counting = share * (1 - share) / images;
  return std::max(counting, std::pow(standing.accuracy.deviation, 2) / runs);
}

std::int64_t fold_count(const std::vector<KeyRun>& runs) {
  std::int64_t folds = 1;
  for (const KeyRun& run : runs) folds = std::max(folds, run.fold);
  return folds;
}

// Do the means of two differ by less than two standard errors of their difference? `images` judge a
// combination once, all folds together.
bool within_noise(const Standing& a, const Standing& b, std::size_t images, std::int64_t folds) {
  const auto judged = [&](const Standing& s) {
    return static_cast<double>(images * s.runs) / static_cast<double>(folds);
  };
  const double error = std::sqrt(squared_error(a, judged(a)) + squared_error(b, judged(b)));
  return std::abs(a.accuracy.mean - b.accuracy.mean) < 2 * error;
}

// Of sweep.csv.
std::string header(const std::vector<SweepKey>& keys, const std::vector<KeyRun>& runs) {
  std::string text = "run";
  for (const SweepKey& key : keys) text += "," + csv_field(key.key);
  text += runs.front().fold > 0 ? ",seed,fold" : ",seed";
  return text + ",validation_accuracy,validation_loss,seconds,state\n";
}

// What tells a row from those of all other runs, with the comma behind it.
std::string row_start(const Combination& values, const KeyRun& run) {
  std::string text = run.run + ",";
  for (const std::string& value : values) text += csv_field(value) + ",";
  text += std::to_string(run.seed) + ",";
  return run.fold > 0 ? text + std::to_string(run.fold) + "," : text;
}

}  // namespace

std::string settings(const std::vector<SweepKey>& keys, const Combination& values,
                     const std::string& before) {
  std::string text;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const std::string setting = keys[k].key + "=" + values[k];
    text += (k == 0 ? "" : " ") + before + (before.empty() ? setting : shell_word(setting));
  }
  return text;
}

std::string key_sweep_text(const std::vector<SweepKey>& keys,
                           const std::vector<Combination>& combinations,
                           const std::vector<KeyRun>& runs, std::size_t images) {
  const std::vector<Standing> table = standings(combinations.size(), runs);
  std::string text = "validation accuracy of the last weights, best first\n";
  for (const Standing& s : table) {
    text += fmt::format("{:>16}  {}{}\n", accuracy_text(s),
                        settings(keys, combinations[s.combination], ""), divergence_text(s));
  }
  if (table.front().runs == 0) return text + "no run came to an end\n";
  const bool comparable =
      table.size() > 1 && table[1].runs > 0 && (table[1].diverged == 0 || table[0].diverged > 0);
  if (comparable && within_noise(table[0], table[1], images, fold_count(runs))) {
    text += fmt::format(
        "the best two lie within noise: {:.2f} and {:.2f} % of {} images; more --seeds, or more "
        "images held out, tell them apart\n",
        100 * table[0].accuracy.mean, 100 * table[1].accuracy.mean, images);
  }
  return text + "best: " + settings(keys, combinations[table[0].combination], "--set ") + "\n";
}

std::string folds_text(const std::vector<KeyRun>& runs, std::size_t images) {
  std::string text = "validation accuracy of the last weights\n";
  const bool seeds = runs.front().seed != runs.back().seed;
  for (const KeyRun& run : runs) {
    if (seeds) text += fmt::format("seed {:>4}  ", run.seed);
    text += fmt::format("fold {:>4}  ", run.fold);
    text += run.accuracy ? fmt::format("{:.2f} %\n", 100 * *run.accuracy) : "diverged\n";
  }
  const Standing all = standings(1, runs).front();
  if (all.runs == 0) return text + "no run came to an end\n";
  return text + fmt::format("mean  {}  {} images in {} folds{}\n", accuracy_text(all), images,
                            fold_count(runs), divergence_text(all));
}

std::string key_sweep_csv(const std::vector<SweepKey>& keys,
                          const std::vector<Combination>& combinations,
                          const std::vector<KeyRun>& runs) {
  std::string text = header(keys, runs);
  const auto number = [](const std::optional<double>& value) {
    return value ? number_text(*value) : std::string();
  };
  for (const KeyRun& run : runs) {
    if (run.state.empty()) {
      text += run.row;
      continue;
    }
    text += row_start(combinations[run.combination], run) + number(run.accuracy) + "," +
            number(run.loss) + "," + (run.seconds ? fmt::format("{:.1f}", *run.seconds) : "") +
            "," + run.state + "\n";
  }
  return text;
}

std::string take_rows(const std::string& csv, const std::vector<SweepKey>& keys,
                      const std::vector<Combination>& combinations, std::vector<KeyRun>& runs) {
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  if (line + "\n" != header(keys, runs)) return line;
  while (std::getline(lines, line)) {
    const auto is_its = [&](const KeyRun& run) {
      return line.starts_with(row_start(combinations[run.combination], run));
    };
    const auto run = std::ranges::find_if(runs, is_its);
    if (run == runs.end()) return line;
    run->row = line + "\n";
  }
  return "";
}

}  // namespace cnn::app
