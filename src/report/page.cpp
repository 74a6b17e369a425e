#include "report/page.hpp"

#include <algorithm>
#include <span>
#include <string>

#include "base/file.hpp"
#include "base/text.hpp"
#include "report/configuration.hpp"
#include "report/confusion_view.hpp"
#include "report/first_kernels.hpp"
#include "report/line_chart.hpp"
#include "report/network_view.hpp"
#include "report/numbers.hpp"
#include "report/samples.hpp"

namespace cnn::report {
namespace {

Line line_of(const std::vector<EpochMetrics>& rows, double EpochMetrics::*value,
             const std::string& name, const std::string& style, bool validated) {
  Line line{name, style, {}};
  for (const EpochMetrics& row : rows) {
    if (validated && !row.validated) continue;
    line.points.push_back({static_cast<double>(row.epoch), row.*value});
  }
  return line;
}

void add_curves(Fields& fields, const std::vector<EpochMetrics>& rows) {
  if (rows.empty()) return;
  const auto chart = [&](const std::string& title, Scale scale, double EpochMetrics::*train,
                         double EpochMetrics::*validation) {
    LineChart result{.title = title, .scale = scale, .lines = {}};
    result.lines.push_back(line_of(rows, train, "training", "train", false));
    Line held_out = line_of(rows, validation, "validation", "held-out", true);
    if (!held_out.points.empty()) result.lines.push_back(std::move(held_out));
    return line_chart_fields(result);
  };
  fields.show("trained");
  fields.add("curves", chart("Loss", Scale::logarithmic, &EpochMetrics::train_loss,
                             &EpochMetrics::validation_loss));
  fields.add("curves", chart("Accuracy", Scale::percent, &EpochMetrics::train_accuracy,
                             &EpochMetrics::validation_accuracy));
  fields.add("curves", line_chart_fields(
                           {.title = "Learning rate α, at the end of each epoch",
                            .lines = {line_of(rows, &EpochMetrics::alpha, "alpha", "alpha", false)},
                            .height = 130,
                            .begins_at_zero = true}));
}

void add_epochs(Fields& fields, const std::vector<EpochMetrics>& rows) {
  fields.text("epochs", rows.empty() ? "0" : grouped(rows.back().epoch));
  const EpochMetrics* best = nullptr;
  for (const EpochMetrics& row : rows) {
    if (row.validated && (best == nullptr || row.validation_accuracy > best->validation_accuracy)) {
      best = &row;
    }
  }
  if (best == nullptr) return;
  fields.show("validated").text("best_epoch", grouped(best->epoch));
  fields.text("best_accuracy", percent(best->validation_accuracy));
}

std::string resume_command(const RunRecord& run) {
  return "cnn-train --config " + shell_word(display_path(run.directory / "config.yaml")) +
         " --resume";
}

std::string report_command(const RunRecord& run) {
  return "cnn-report " + shell_word(display_path(run.directory));
}

void add_commands(Fields& fields, const RunPage& page) {
  const std::string config = shell_word(display_path(page.run.directory / "config.yaml"));
  const auto add = [&](const std::string& purpose, const std::string& command) {
    fields.add("commands", Fields().text("purpose", purpose).text("command", command));
  };
  add("Train it again, elsewhere", "cnn-train --config " + config + " --out DIR");
  if (!page.run.model.empty()) {
    const std::string model = shell_word(display_path(page.run.model));
    add("Score it",
        "cnn-eval --model " + model +
            (page.data.empty() ? "" : " --data " + shell_word(display_path(page.data))) +
            (page.has_scores && page.scored->part() != DataPart::test
                 ? " --split " + std::string(part_name(page.scored->part()))
                 : ""));
    add("Classify pictures", "cnn-predict --model " + model + " PICTURE…");
  }
  if (!page.run.ended) add("Continue it", resume_command(page.run));
  add("Write this page", page.command.empty() ? report_command(page.run) : page.command);
}

// What shows the images and the way of some through the network: what a page may still take.
void add_images(Fields& fields, const RunPage& page, std::size_t taken) {
  constexpr std::size_t kMostBytes = 1'950'000, kOfAStep = 1'000, kOfSamples = 300'000;
  if (page.has_scores) {
    PictureBudget samples(std::min(kOfSamples, taken < kMostBytes ? kMostBytes - taken : 0));
    const std::size_t before = samples.left();
    add_samples(fields, *page.scored, samples);
    add_augmented(fields, *page.scored, samples);
    taken += before - samples.left();
  }
  // Markup besides the strips: pictures for which there is no room are left out.
  const std::size_t left = taken < kMostBytes ? kMostBytes - taken : 0;
  const std::size_t of_picture = (page.scored->network().nodes().size() + 3) * kOfAStep;
  const std::size_t shown =
      std::min(page.pictures.size(), std::max<std::size_t>(1, left / 2 / of_picture));
  PictureBudget strips(left - std::min(left, shown * of_picture));
  add_sight(fields, *page.scored, std::span(page.pictures).first(shown), strips);
  fields.show("sight_cut", strips.is_spent() || shown < page.pictures.size());
}

}  // namespace

std::string run_page(const RunPage& page) {
  const RunRecord& run = page.run;
  Fields fields;
  fields.text("title", run.config.name + " – training report");
  fields.text("run_name", run.config.name).text("directory", display_path(run.directory));
  for (const std::string& notice : run.notices) {
    fields.add("notices", Fields().text("notice", notice));
  }
  fields.text("time", duration(run.seconds()));
  fields.text("loss", std::string(kLossNames[static_cast<std::size_t>(run.config.loss)]));
  add_epochs(fields, run.metrics);
  add_curves(fields, run.metrics);
  if (page.reloading) {
    fields.add("reloads", Fields()
                              .text("every", std::to_string(page.reloading->every))
                              .text("written", page.reloading->written)
                              .text("resume", resume_command(run))
                              .text("complete", report_command(run)));
  }
  if (page.network != nullptr) add_network(fields, *page.network, run.layers);
  if (page.scored != nullptr) {
    fields.show("has_arithmetic", !page.scored->arithmetic().empty());
    fields.text("arithmetic", page.scored->arithmetic());
    fields.show("has_machine", !run.machine.empty());
    fields.text("machine", run.machine);
    add_network(fields, page.scored->network(), run.layers);
    add_first_kernels(fields, page.scored->network());
    if (page.has_scores) add_results(fields, *page.scored);
  }
  add_configuration(fields, run.config);
  add_commands(fields, page);
  if (page.scored != nullptr) add_images(fields, page, render("page.html", fields).size());
  return render("page.html", fields);
}

}  // namespace cnn::report
