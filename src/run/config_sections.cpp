#include "run/config_sections.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "config/option_reader.hpp"

namespace cnn {
namespace {

constexpr double kLargestSeed = 9223372036854775808.0;  // 2^63, itself out of an int64's reach

void visit_checkpoint_every(ConfigVisitor& visitor, Interval& interval) {
  std::string text = to_text(interval);
  const TextCheck check = [&](const std::string& given) -> std::optional<Complaint> {
    const std::optional<Interval> parsed = parse_interval(given);
    const bool bare =
        parsed && given.find(' ') == std::string::npos && parsed->unit != Interval::Unit::never;
    if (parsed && !bare && (parsed->count > 0 || parsed->unit == Interval::Unit::never)) {
      interval = *parsed;
      return std::nullopt;
    }
    return Complaint{
        "checkpoint_every must be as in '1 epoch', '100 steps', '30 seconds' or never, got " +
            in_quotes(given),
        bare ? "say the unit: '" + given + " epochs', '" + given + " steps' or '" + given +
                   " seconds'"
             : ""};
  };
  visitor.text("checkpoint_every", text, check);
}

void visit_fold(ConfigVisitor& visitor, Fold& fold) {
  std::string text = fold.count > 0 ? to_text(fold) : "";
  visitor.text("fold", text, [&](const std::string& given) -> std::optional<Complaint> {
    if (const std::optional<Fold> parsed = parse_fold(given)) {
      fold = *parsed;
      return std::nullopt;
    }
    return Complaint{"fold must be as in '2 of 5', of 2 to " + std::to_string(kMostFolds) +
                     " folds, got " + in_quotes(given)};
  });
}

void visit_classes(ConfigVisitor& visitor, std::vector<std::string>& classes) {
  std::size_t count = 0;
  std::set<std::string> seen;
  visitor.texts("classes", classes, false,
                [&](const std::string& name) -> std::optional<Complaint> {
                  const bool repeated = !seen.insert(name).second;
                  ++count;
                  if (count == kMostClasses + 1) {
                    return Complaint{"more than " + std::to_string(kMostClasses) + " classes"};
                  }
                  if (has_control(name)) {
                    return Complaint{"class " + in_quotes(name) + " holds a control character",
                                     "a name stands on one line of a table"};
                  }
                  if (!repeated || count > kMostClasses) return std::nullopt;
                  return Complaint{"class " + in_quotes(name) + " is named twice",
                                   "every class needs a name of its own"};
                });
}

}  // namespace

void visit(ConfigVisitor& visitor, DataConfig& data) {
  visitor.exclusive("normalize", {"scale", "mean"});
  data.source.options(visitor);
  if (visitor.wants("scale", !data.normalize)) {
    visitor.real("scale", data.scale, {-kLargestReal, kLargestReal});
  }
  if (visitor.wants("mean", !data.normalize)) {
    visitor.real("mean", data.mean, {-kLargestReal, kLargestReal});
  }
  if (visitor.wants("normalize", data.normalize)) {
    constexpr std::array<std::string_view, 1> kAuto = {"auto"};
    std::size_t index = 0;
    visitor.one_of("normalize", index, kAuto);
    data.normalize = true;
  }
  visit_classes(visitor, data.classes);
  visitor.exclusive("validation", {"fold"});
  if (visitor.wants("validation", data.fold.count == 0)) {
    visitor.integer("validation", data.validation, {.low = 0, .high = kLargestCount});
  }
  if (visitor.wants("fold", data.fold.count > 0)) visit_fold(visitor, data.fold);
  if (visitor.has_number("test", data.test > 0)) {
    visitor.integer("test", data.test, {.low = 0, .high = kLargestCount});
  }
  if (visitor.wants("augment", data.augment.is_on())) {
    visitor.section("augment", "", [&](ConfigVisitor& inner) { visit(inner, data.augment); });
  }
}

void visit_training(ConfigVisitor& visitor, RunConfig& config, ConfigText what) {
  TrainingConfig& training = config.training;
  constexpr Bounds kLength{.low = 1, .high = kLargestCount};
  visitor.exclusive("epochs", {"steps"});
  if (visitor.wants("epochs", training.steps == 0)) {
    visitor.integer("epochs", training.epochs, kLength);
  }
  if (visitor.wants("steps", training.steps > 0)) {
    visitor.integer("steps", training.steps, kLength);
  }
  if (training.steps > 0) training.epochs = 0;
  visitor.integer("batch", training.batch, {.low = 1, .high = 65536});
  visit(visitor, training.solver);
  if (visitor.wants("train_only", !training.train_only.empty())) {
    visitor.texts("train_only", training.train_only, true, nullptr);
  }
  visit(visitor, config.loss, training.loss_options, training.class_weights);
  visitor.section("schedule", "policy",
                  [&](ConfigVisitor& inner) { visit(inner, training.schedule); });
  if (visitor.wants("patience", config.data.holds_validation_out() || training.patience > 0)) {
    visitor.integer("patience", training.patience, {.low = 0, .high = kLargestCount});
  }
  visitor.boolean("shuffle", training.shuffle);
  auto seed = static_cast<std::int64_t>(training.seed);
  visitor.integer("seed", seed, {.low = 0, .high = kLargestSeed});
  training.seed = static_cast<std::uint64_t>(seed);
  if (what == ConfigText::complete) {
    visitor.integer_or("threads", training.threads, {.low = 1, .high = 256}, "auto", 0);
  }
}

void visit(ConfigVisitor& visitor, OutputConfig& output) {
  visitor.path("dir", output.dir);
  visit_checkpoint_every(visitor, output.checkpoint_every);
  visitor.integer("keep", output.keep, {.low = 1, .high = 1000});
  visitor.boolean("report", output.report);
}

void visit(ConfigVisitor& visitor, LayerSpec& spec, const LayerEntry& entry,
           const std::function<void()>& own, const LayerChecks& checks) {
  visitor.text("name", spec.name, checks.name);
  own();
  if (entry.has_weights()) {
    visitor.section("init", "type", [&](ConfigVisitor& inner) { visit(inner, spec.init); });
  }
  if (entry.learns != Learns::nothing) {
    visitor.real("alpha", spec.alpha, {.low = 0, .high = kLargestReal});
  }
  if (entry.has_weights()) {
    visitor.real("lambda", spec.lambda, {.low = 0, .high = kLargestReal});
  }
  visitor.texts("from", spec.from, true, checks.from);
}

void visit(ConfigVisitor& visitor, RunConfig& config, ConfigText what,
           const std::function<void()>& network) {
  visitor.text("name", config.name, check_run_name);
  visitor.section(
      "data", "", [&](ConfigVisitor& inner) { visit(inner, config.data); }, Presence::required);
  network();
  visitor.choice("loss", config.loss, kLossNames);
  visitor.section("training", "",
                  [&](ConfigVisitor& inner) { visit_training(inner, config, what); });
  if (what == ConfigText::complete) {
    visitor.section("output", "", [&](ConfigVisitor& inner) { visit(inner, config.output); });
  }
}

std::optional<Complaint> check_run_name(const std::string& name) {
  const bool dots = name.find_first_not_of('.') == std::string::npos;
  if (is_word(name, kRunNameMarks) && !dots) return std::nullopt;
  return Complaint{"name must be of letters, digits, '_', '.' and '-', got " + in_quotes(name)};
}

std::string run_name(std::string text) {
  for (char& c : text) {
    if (!is_word({&c, 1}, kRunNameMarks)) c = '-';
  }
  return check_run_name(text) ? "run" : text;
}

}  // namespace cnn
