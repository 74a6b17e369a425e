#include "apps/report.hpp"

#include <algorithm>
#include <iterator>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cnn/error.hpp"

#include "apps/csv_field.hpp"
#include "base/directory.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace cnn::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostConfused = 5;
constexpr std::size_t kWidestMatrix = 20;  // classes; larger ones would not fit a terminal

// With fewer classes it says little.
bool has_top5(const EvaluationReport& report) {
  constexpr std::size_t kFewest = 10;
  return report.classes.size() >= kFewest;
}

double top5_accuracy(const EvaluationReport& report) {
  constexpr std::size_t kTop = 5;
  const std::vector<Prediction>& all = report.evaluation.predictions;
  const auto count = std::ranges::count_if(all, [](const Prediction& p) { return p.rank < kTop; });
  return all.empty() ? 0 : static_cast<double>(count) / static_cast<double>(all.size());
}

std::string class_table(const EvaluationReport& report, const Confusion& confusion) {
  const std::size_t width = widest(report.classes);
  std::string text = fmt::format("\n{:>{}}  precision  recall     f1  images\n", "class", width);
  const std::vector<ClassMetrics> metrics = class_metrics(confusion);
  for (std::size_t k = 0; k < metrics.size(); ++k) {
    text += fmt::format("{:>{}}     {:.4f}  {:.4f} {:.4f}  {:>6}\n", report.classes[k], width,
                        metrics[k].precision, metrics[k].recall, metrics[k].f1, metrics[k].images);
  }
  return text;
}

std::string confused_list(const EvaluationReport& report, const Confusion& confusion) {
  const std::vector<ConfusedPair> pairs = most_confused(confusion, kMostConfused);
  if (pairs.empty()) return "";
  std::string text = "\nmost confused (true -> predicted)\n";
  for (const ConfusedPair& pair : pairs) {
    text += fmt::format("  {} -> {}  {} time{}\n", report.classes[pair.label],
                        report.classes[pair.predicted], pair.count, pair.count == 1 ? "" : "s");
  }
  return text;
}

std::string confusion_table(const EvaluationReport& report, const Confusion& confusion) {
  const std::size_t classes = confusion.classes();
  if (classes > kWidestMatrix) {
    return fmt::format("\nconfusion matrix: {0}x{0}, see --json or --out DIR\n", classes);
  }
  const std::size_t width = widest(report.classes);
  std::string text =
      fmt::format("\nconfusion matrix: rows = true, columns = predicted\n{:>{}}", "", width);
  for (const std::string& name : report.classes) text += fmt::format(" {:>{}}", name, width);
  text += "\n";
  for (std::size_t label = 0; label < classes; ++label) {
    text += fmt::format("{:>{}}", report.classes[label], width);
    for (const std::size_t count : confusion.row(label)) {
      text += fmt::format(" {:>{}}", count, width);
    }
    text += "\n";
  }
  return text;
}

// Beyond kMostDense classes, one line per cell that is not zero.
std::string sparse_confusion_csv(const EvaluationReport& report, const Confusion& confusion) {
  std::string text = "true,predicted,count\n";
  for (const ConfusedPair& cell : confusion.cells()) {
    fmt::format_to(std::back_inserter(text), "{},{},{}\n", csv_field(report.classes[cell.label]),
                   csv_field(report.classes[cell.predicted]), cell.count);
  }
  return text;
}

std::string confusion_csv(const EvaluationReport& report) {
  const Confusion confusion = report.confusion();
  if (confusion.classes() > kMostDense) return sparse_confusion_csv(report, confusion);
  std::string text = "true\\predicted";
  for (const std::string& name : report.classes) text += "," + csv_field(name);
  text += "\n";
  for (std::size_t label = 0; label < confusion.classes(); ++label) {
    text += csv_field(report.classes[label]);
    for (const std::size_t count : confusion.row(label)) text += "," + std::to_string(count);
    text += "\n";
  }
  return text;
}

std::string predictions_csv(const EvaluationReport& report) {
  const std::vector<std::string>& files = report.files;
  std::string text = "index,file,true,predicted,probability\n";
  for (std::size_t i = 0; i < report.selection.size(); ++i) {
    const Prediction& p = report.evaluation.predictions[i];
    const std::uint32_t index = report.selection[i];
    fmt::format_to(std::back_inserter(text), "{},{},{},{},{}\n", index,
                   files.empty() ? std::string() : csv_field(files[index]),
                   csv_field(report.classes[p.label]), csv_field(report.classes[p.predicted]),
                   p.probability);
  }
  return text;
}

// What write_file left behind of the report's files in processes that were killed.
void remove_leftovers(const Directory& directory) {
  for (const std::string& name : directory.names()) {
    const std::string_view target = target_of_temporary(name);
    if (target == "confusion.csv" || target == "predictions.csv") {
      remove_if_abandoned(directory.at(name));
    }
  }
}

}  // namespace

std::size_t widest(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 40;
  std::size_t width = 5;  // "class"
  for (const std::string& name : names) width = std::max(width, name.size());
  return std::min(width, kMost);
}

double EvaluationReport::images_per_second() const {
  return static_cast<double>(selection.size()) / std::max(seconds, 1e-9);
}

std::string report_text(const EvaluationReport& report) {
  const Confusion confusion = report.confusion();
  const Evaluation& evaluation = report.evaluation;
  const std::size_t images = evaluation.predictions.size();
  const ProportionInterval interval = wilson_interval(evaluation.correct, images);
  std::string text = fmt::format(
      "{}: {} images, {:.2f} s ({:.0f} images/s)\n"
      "accuracy {:.2f} %  ({}/{}, 95 % interval {:.2f} - {:.2f})   loss {:.4f}\n",
      report.title, images, report.seconds, report.images_per_second(), 100 * evaluation.accuracy(),
      evaluation.correct, images, 100 * interval.low, 100 * interval.high, evaluation.loss);
  if (has_top5(report)) {
    text += fmt::format("top 5    {:.2f} %: the true class is among the five most probable\n",
                        100 * top5_accuracy(report));
  }
  text += class_table(report, confusion);
  text += confused_list(report, confusion);
  text += confusion_table(report, confusion);
  return text;
}

std::string report_json(const EvaluationReport& report) {
  const Confusion confusion = report.confusion();
  // Said to be an object from the start: when memory runs out as a null value becomes one, the
  // library leaves a value behind that its destructor cannot stand.
  Json json = Json::object();
  json["images"] = report.evaluation.predictions.size();
  json["correct"] = report.evaluation.correct;
  json["accuracy"] = report.evaluation.accuracy();
  json["top5_accuracy"] = has_top5(report) ? Json(top5_accuracy(report)) : Json();
  json["loss"] = report.evaluation.loss;
  json["classes"] = report.classes;
  if (confusion.classes() > kMostDense) {
    json["confusion"] = nullptr;
    json["confusion_sparse"] = Json::array();
    for (const ConfusedPair& cell : confusion.cells()) {
      json["confusion_sparse"].push_back(Json::array({cell.label, cell.predicted, cell.count}));
    }
  } else {
    json["confusion"] = Json::array();
    for (std::size_t label = 0; label < confusion.classes(); ++label) {
      json["confusion"].push_back(Json(confusion.row(label)));
    }
  }
  json["per_class"] = Json::array();
  const std::vector<ClassMetrics> metrics = class_metrics(confusion);
  for (std::size_t k = 0; k < metrics.size(); ++k) {
    json["per_class"].push_back({{"class", report.classes[k]},
                                 {"precision", metrics[k].precision},
                                 {"recall", metrics[k].recall},
                                 {"f1", metrics[k].f1},
                                 {"images", metrics[k].images}});
  }
  json["seconds"] = report.seconds;
  json["images_per_second"] = report.images_per_second();
  return shown_json(json.dump(2)) + "\n";
}

void write_report_files(const EvaluationReport& report, const std::filesystem::path& directory) {
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  if (code) {
    throw file_error(directory, "cannot make the directory: " + code.message());
  }
  remove_leftovers(Directory(directory));
  write_file(directory / "confusion.csv", confusion_csv(report));
  write_file(directory / "predictions.csv", predictions_csv(report));
}

}  // namespace cnn::app
