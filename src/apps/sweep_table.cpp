#include "apps/sweep_table.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "apps/csv_field.hpp"
#include "base/text.hpp"

namespace cnn::app {
namespace {

// A combination and how well it did.
struct Standing {
  std::size_t combination;
  std::size_t runs = 0;  // that came to an end
  std::size_t diverged = 0;
  double mean = 0;       // of accuracies
  double deviation = 0;  // n − 1 in the denominator
};

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
    const auto n = static_cast<double>(values.size());
    for (const double value : values) standing.mean += value / n;
    for (const double value : values) standing.deviation += std::pow(value - standing.mean, 2);
    standing.deviation = values.size() > 1 ? std::sqrt(standing.deviation / (n - 1)) : 0;
    result.push_back(standing);
  }
  std::stable_sort(result.begin(), result.end(), [](const Standing& a, const Standing& b) {
    return a.runs > 0 && (b.runs == 0 || a.mean > b.mean);
  });
  return result;
}

// "98.00 ± 1.00 %"
std::string accuracy_text(const Standing& standing) {
  if (standing.runs == 0) return "diverged";
  if (standing.runs == 1) return fmt::format("{:.2f} %", 100 * standing.mean);
  return fmt::format("{:.2f} ± {:.2f} %", 100 * standing.mean, 100 * standing.deviation);
}

// Beside a mean of those that did not.
std::string divergence_text(const Standing& standing) {
  if (standing.runs == 0 || standing.diverged == 0) return "";
  return fmt::format("  ({} of {} diverged)", standing.diverged, standing.runs + standing.diverged);
}

// The square of the mean's standard error.
double squared_error(const Standing& standing, std::size_t images) {
  if (standing.runs > 1) {
    return standing.deviation * standing.deviation / static_cast<double>(standing.runs);
  }
  return standing.mean * (1 - standing.mean) / static_cast<double>(images);
}

}  // namespace

std::string settings(const std::vector<SweepKey>& keys, const Combination& values,
                     const std::string& before) {
  std::string text;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    text += (k == 0 ? "" : " ") + before + keys[k].key + "=" + values[k];
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
  if (table.size() > 1 && table[1].runs > 0) {
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

std::string folds_text(const std::vector<KeyRun>& runs, std::size_t images) {
  std::string text = "validation accuracy of the last weights\n";
  const bool seeds = runs.front().seed != runs.back().seed;
  std::int64_t folds = 0;
  for (const KeyRun& run : runs) {
    if (seeds) text += fmt::format("seed {:>4}  ", run.seed);
    text += fmt::format("fold {:>4}  ", run.fold);
    text += run.accuracy ? fmt::format("{:.2f} %\n", 100 * *run.accuracy) : "diverged\n";
    folds = std::max(folds, run.fold);
  }
  const Standing all = standings(1, runs).front();
  if (all.runs == 0) return text + "no run came to an end\n";
  return text + fmt::format("mean  {}  {} folds of {} images{}\n", accuracy_text(all), folds,
                            images, divergence_text(all));
}

std::string key_sweep_csv(const std::vector<SweepKey>& keys,
                          const std::vector<Combination>& combinations,
                          const std::vector<KeyRun>& runs) {
  std::string text = "run";
  for (const SweepKey& key : keys) text += "," + csv_field(key.key);
  const bool folds = !runs.empty() && runs.front().fold > 0;
  text += folds ? ",seed,fold" : ",seed";
  text += ",validation_accuracy,validation_loss,seconds,state\n";
  const auto number = [](const std::optional<double>& value) {
    return value ? number_text(*value) : std::string();
  };
  for (const KeyRun& run : runs) {
    if (run.state.empty()) continue;
    text += run.run;
    for (const std::string& value : combinations[run.combination]) text += "," + csv_field(value);
    text += "," + std::to_string(run.seed) + (folds ? "," + std::to_string(run.fold) : "");
    text += "," + number(run.accuracy) + "," + number(run.loss) + "," +
            (run.seconds ? fmt::format("{:.1f}", *run.seconds) : "") + "," + run.state + "\n";
  }
  return text;
}

}  // namespace cnn::app
