#include "report/comparison_page.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "base/statistics.hpp"
#include "base/text.hpp"
#include "base/workers.hpp"
#include "config/option_reader.hpp"
#include "infer/mcnemar.hpp"
#include "report/configuration.hpp"
#include "report/line_chart.hpp"
#include "report/numbers.hpp"
#include "report/run_record.hpp"

namespace cnn::report {
namespace {

namespace fs = std::filesystem;

// Keys whose values only repeat a run.
bool repeats(std::string_view key) {
  return key == "training.seed" || key == "data.fold";
}

// A share ends at 0 and 1, whatever deviation lies around its mean.
Spread band_at(double x, const Statistics& s, Scale scale) {
  Spread band{x, s.mean - s.deviation, s.mean + s.deviation};
  if (scale == Scale::percent) {
    band.low = std::max(band.low, 0.0);
    band.high = std::min(band.high, 1.0);
  }
  return band;
}

// A run, and what is kept of its scores.
struct Compared {
  RunRecord record;
  std::string name;
  std::map<std::string, std::string> keys;
  std::set<std::string> defaults;  // keys that say what would hold without them
  std::size_t group = 0;           // of runs that only their seeds and folds tell apart
  std::size_t parameters = 0;
  bool scored = false;
  DataPart part = DataPart::test;
  std::string set;  // which images
  Selection selection;
  Evaluation evaluation;
};

class Comparison {
 public:
  explicit Comparison(std::vector<Compared> runs) : runs_(std::move(runs)) {
    find_differing_keys();
    find_groups();
  }

  Fields fields() const {
    Fields fields;
    fields.text("title", counted(runs_.size(), "run") + " – training report");
    fields.text("run_count", counted(runs_.size(), "run"));
    for (const Compared& run : runs_) {
      for (const std::string& notice : run.record.notices) {
        fields.add("notices", Fields().text("notice", run.name + ": " + notice));
      }
    }
    add_table(fields);
    add_curves(fields);
    add_values(fields);
    add_pairs(fields);
    return fields;
  }

 private:
  void find_differing_keys() {
    std::set<std::string> all;
    for (const Compared& run : runs_) {
      for (const auto& [key, value] : run.keys) all.insert(key);
    }
    for (const std::string& key : all) {
      if (differs(key)) differing_.push_back(key);
    }
  }

  // A key that a run leaves out has its default there.
  bool differs(const std::string& key) const {
    std::set<std::string> values;
    bool left_out = false, all_default = true;
    for (const Compared& run : runs_) {
      const auto found = run.keys.find(key);
      left_out = left_out || found == run.keys.end();
      if (found == run.keys.end()) continue;
      values.insert(found->second);
      all_default = all_default && run.defaults.contains(key);
    }
    return values.size() > 1 || (left_out && !all_default);
  }

  void find_groups() {
    std::map<std::vector<std::string>, std::size_t> groups;
    for (Compared& run : runs_) {
      std::vector<std::string> values;
      for (const std::string& key : differing_) {
        if (!repeats(key)) values.push_back(value_of(run, key));
      }
      run.group = groups.emplace(values, groups.size()).first->second;
    }
    members_.resize(groups.size());
    for (const Compared& run : runs_) members_[run.group].push_back(&run);
  }

  static std::string value_of(const Compared& run, const std::string& key) {
    const auto found = run.keys.find(key);
    return found == run.keys.end() ? "–" : found->second;
  }

  static std::string style_of(std::size_t group) {
    constexpr std::size_t kColours = 8;
    return fmt::format("r{}", group % kColours);
  }

  // Runs of different data or networks: their figures come first, and nobody asks which of the keys
  // it is that makes one better.
  bool has_many_keys() const {
    constexpr std::size_t kMost = 8;
    return differing_.size() > kMost;
  }

  std::string name_of_group(std::size_t group) const {
    const std::vector<const Compared*>& runs = members_[group];
    if (runs.size() == 1) return runs.front()->name;
    if (has_many_keys()) {
      return fmt::format("{} and {} more", runs.front()->name, runs.size() - 1);
    }
    std::string text;
    for (const std::string& key : differing_) {
      if (repeats(key)) continue;
      text += (text.empty() ? "" : ", ") + key + " " + value_of(*runs.front(), key);
    }
    return text.empty() ? "all runs" : text;
  }

  static std::optional<double> validation_of(const Compared& run) {
    if (run.record.metrics.empty() || !run.record.metrics.back().validated) return std::nullopt;
    return run.record.metrics.back().validation_accuracy;
  }

  void add_table(Fields& fields) const {
    fields.show("many_keys", has_many_keys());
    for (const std::string& key : differing_) fields.add("keys", Fields().text("key", key));
    for (const Compared& run : runs_) {
      if (run.scored)
        fields.show("scored_on").text("scored_part", std::string(part_name(run.part)));
    }
    const Compared* const best = best_run();
    fields.show("has_best", best != nullptr);
    fields.text("judge", all_validated() ? "its validation accuracy" : "its accuracy");
    for (const Compared& run : runs_) {
      Fields row;
      row.text("run", run.name).text("style", style_of(run.group));
      row.show("is_best", &run == best);
      for (const std::string& key : differing_) {
        row.add("values", Fields().text("value", value_of(run, key)));
      }
      const Evaluation& e = run.evaluation;
      const ProportionInterval interval = wilson_interval(e.correct, e.predictions.size());
      row.text("accuracy", run.scored ? percent(e.accuracy()) : "–");
      row.text("interval",
               run.scored ? fmt::format("{:.2f} – {:.2f}", 100 * interval.low, 100 * interval.high)
                          : "–");
      const std::optional<double> validation = validation_of(run);
      row.text("validation", validation ? percent(*validation) : "–");
      row.text("parameters", run.parameters > 0 ? grouped(run.parameters) : "–");
      row.text("time", duration(run.record.seconds()));
      fields.add("runs", std::move(row));
    }
    add_means(fields);
  }

  bool all_validated() const {
    return std::ranges::all_of(runs_,
                               [](const Compared& run) { return validation_of(run).has_value(); });
  }

  // By validation where every run has one, as a sweep chooses: the test set is not for choosing.
  // None where two are equally good.
  const Compared* best_run() const {
    const bool by_validation = all_validated();
    const Compared* best = nullptr;
    double highest = -1;
    for (const Compared& run : runs_) {
      if (!by_validation && !run.scored) continue;
      const double value = by_validation ? *validation_of(run) : run.evaluation.accuracy();
      if (value == highest) best = nullptr;
      if (value > highest) best = &run;
      highest = std::max(highest, value);
    }
    return best;
  }

  void add_means(Fields& fields) const {
    for (std::size_t group = 0; group < members_.size(); ++group) {
      std::vector<double> values;
      for (const Compared* run : members_[group]) {
        if (run->scored) values.push_back(run->evaluation.accuracy());
      }
      if (values.size() < 2) continue;
      const Statistics s = statistics(values);
      fields.add("means", Fields()
                              .text("name", name_of_group(group))
                              .text("mean", fmt::format("{:.2f} ± {:.2f} %", 100 * s.mean,
                                                        100 * s.deviation))
                              .text("seeds", counted(values.size(), "run")));
    }
  }

  // The line of a group: the value of each epoch, or where there are seeds their mean, with a band.
  Line line_of(std::size_t group, double EpochMetrics::*value, Scale scale, bool validated) const {
    Line line{name_of_group(group), style_of(group), {}};
    std::map<std::uint64_t, std::vector<double>> epochs;
    for (const Compared* run : members_[group]) {
      for (const EpochMetrics& row : run->record.metrics) {
        if ((row.validated || !validated) && std::isfinite(row.*value)) {
          epochs[row.epoch].push_back(row.*value);
        }
      }
    }
    for (const auto& [epoch, values] : epochs) {
      const Statistics s = statistics(values);
      const auto x = static_cast<double>(epoch);
      line.points.push_back({x, s.mean});
      if (members_[group].size() > 1) {
        line.band.push_back(band_at(x, s, scale));
      }
    }
    return line;
  }

  void add_curves(Fields& fields) const {
    struct Curve {
      const char* title;
      Scale scale;
      double EpochMetrics::*value;
      bool validated;
    };
    for (const Curve& curve :
         {Curve{"Validation accuracy", Scale::percent, &EpochMetrics::validation_accuracy, true},
          Curve{"Validation loss", Scale::logarithmic, &EpochMetrics::validation_loss, true},
          Curve{"Training accuracy", Scale::percent, &EpochMetrics::train_accuracy, false},
          Curve{"Training loss", Scale::logarithmic, &EpochMetrics::train_loss, false}}) {
      LineChart chart{.title = curve.title, .scale = curve.scale, .lines = {}};
      for (std::size_t group = 0; group < members_.size(); ++group) {
        Line line = line_of(group, curve.value, curve.scale, curve.validated);
        if (!line.points.empty()) chart.lines.push_back(std::move(line));
      }
      if (!chart.lines.empty()) fields.add("curves", line_chart_fields(chart));
    }
    fields.show("banded", members_.size() < runs_.size());
  }

  // What a choice is made by: validation, or the score where there is none.
  static std::optional<double> judged(const Compared& run) {
    if (const std::optional<double> validation = validation_of(run)) return validation;
    return run.scored ? std::optional(run.evaluation.accuracy()) : std::nullopt;
  }

  void add_values(Fields& fields) const {
    if (has_many_keys()) return;
    for (const std::string& key : differing_) {
      if (repeats(key)) continue;
      std::map<std::pair<double, std::string>, std::vector<double>> values;
      for (const Compared& run : runs_) {
        const std::string value = value_of(run, key);
        const std::optional<double> accuracy = judged(run);
        if (accuracy) values[{parse_real(value).value_or(0), value}].push_back(*accuracy);
      }
      if (values.size() < 2) continue;
      LineChart chart{.title = key, .x_name = key, .scale = Scale::percent, .lines = {}};
      Line line{"accuracy", "r0", {}};
      for (const auto& [value, accuracies] : values) {
        const auto x = static_cast<double>(chart.x_names.size());
        const Statistics s = statistics(accuracies);
        line.points.push_back({x, s.mean});
        line.band.push_back(band_at(x, s, Scale::percent));
        chart.x_names.push_back(value.second);
      }
      chart.lines.push_back(std::move(line));
      fields.show("by_key").add("value_charts", line_chart_fields(chart));
    }
  }

  void add_pairs(Fields& fields) const {
    constexpr std::size_t kMostRuns = 10;  // 45 pairs
    constexpr double kUnlikely = 0.05;
    if (runs_.size() > kMostRuns) return;
    for (const Compared& a : runs_) {
      for (const Compared* b = &a + 1; b != runs_.data() + runs_.size(); ++b) {
        if (!a.scored || !b->scored || a.set != b->set || a.selection != b->selection) continue;
        std::size_t only_first = 0, only_second = 0;
        for (std::size_t i = 0; i < a.selection.size(); ++i) {
          const bool first = is_right(a, i), second = is_right(*b, i);
          only_first += first && !second ? 1 : 0;
          only_second += second && !first ? 1 : 0;
        }
        const double p = mcnemar_p(only_first, only_second);
        Fields row;
        row.text("first", a.name).text("second", b->name).text("p", fmt::format("{:.2g}", p));
        row.text("only_first", grouped(only_first)).text("only_second", grouped(only_second));
        row.show("unlikely", p < kUnlikely);
        fields.show("pairs").add("pair_rows", std::move(row));
      }
    }
  }

  static bool is_right(const Compared& run, std::size_t i) {
    return run.evaluation.predictions[i].predicted == run.evaluation.predictions[i].label;
  }

  std::vector<Compared> runs_;
  std::vector<std::string> differing_;
  std::vector<std::vector<const Compared*>> members_;  // per group
};

Compared compare_run(const fs::path& path, const ScoreOptions& options, KeptPart& images,
                     Workers& workers) {
  Compared run;
  run.record = read_run(path);
  run.name = display_path(path);
  for (auto& [key, value] : flat_configuration(run.record.config)) run.keys[key] = value;
  run.defaults = default_keys(run.record.config);
  if (std::string notice = scored_notice(run.record); !notice.empty()) {
    run.record.notices.push_back(std::move(notice));
  }
  if (run.record.model.empty()) return run;
  try {
    ScoredRun scored(run.record.model, workers);
    run.parameters = scored.network().parameter_count();
    scored.score(options, images);
    run.part = scored.part();
    run.set = scored.dataset().origin.images;
    run.selection = scored.selection();
    run.evaluation = scored.evaluation();
    run.scored = true;
  } catch (const Error& error) {
    run.record.notices.push_back("Scores are missing. " + std::string(error.what()));
  }
  return run;
}

// "run-2-fold-10" → {"run-", {2, 10}}
std::optional<std::pair<std::string, std::vector<std::int64_t>>> numbered(const std::string& name) {
  for (const std::string prefix : {"seed-", "run-", "fold-"}) {
    if (!name.starts_with(prefix)) continue;
    const std::string rest = name.substr(prefix.size());
    if (!parse_integer(rest.substr(0, rest.find('-')))) continue;
    std::vector<std::int64_t> numbers;
    std::istringstream parts(rest);
    for (std::string part; std::getline(parts, part, '-');) {
      if (const auto number = parse_integer(part)) numbers.push_back(*number);
    }
    return std::pair(prefix, numbers);
  }
  return std::nullopt;
}

}  // namespace

std::vector<fs::path> run_directories(const fs::path& path) {
  if (is_there(path / "config.yaml")) return {path};
  std::vector<std::tuple<std::string, std::vector<std::int64_t>, fs::path>> found;
  for (const fs::path& inner : list_directory(path)) {
    const auto number = numbered(inner.filename().string());
    if (number && is_there(inner / "config.yaml")) {
      found.emplace_back(number->first, number->second, inner);
    }
  }
  if (found.empty()) throw file_error(path, "holds no run: there is no config.yaml in it");
  std::sort(found.begin(), found.end());
  std::vector<fs::path> runs;
  for (const auto& run : found) runs.push_back(std::get<fs::path>(run));
  return runs;
}

std::vector<std::string> write_comparison(const ComparisonOptions& options) {
  const int threads = options.score.threads;
  Workers workers(threads > 0 ? threads : Workers::available());
  KeptPart images;
  std::vector<Compared> runs;
  std::vector<std::string> notices;
  std::string paths;
  for (const fs::path& path : options.runs) {
    runs.push_back(compare_run(path, options.score, images, workers));
    paths += shell_word(display_path(path)) + " ";
    for (const std::string& notice : runs.back().record.notices) {
      notices.push_back(runs.back().name + ": " + notice);
    }
  }
  const auto add = [&](const std::string& name, const fs::path& value) {
    if (!value.empty()) paths += "--" + name + " " + shell_word(display_path(value)) + " ";
  };
  add("data", options.score.data);
  add("split", options.score.split);
  Fields fields = Comparison(std::move(runs)).fields();
  fields.add("commands", Fields()
                             .text("purpose", "Write this page")
                             .text("command", "cnn-report " + paths + "--out " +
                                                  shell_word(display_path(options.out))));
  write_file(options.out, render("comparison.html", fields));
  return notices;
}

}  // namespace cnn::report
