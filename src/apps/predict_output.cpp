#include "apps/predict_output.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/csv_field.hpp"
#include "apps/report.hpp"
#include "apps/show_image.hpp"
#include "apps/terminal.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace cnn::app {
namespace {

using Json = nlohmann::ordered_json;

// The classes to list: none if the picture is blank.
std::size_t listed(const PredictOptions& o, const PredictedFile& result) {
  const std::size_t all = result.found.ranking.size();
  return o.all ? all : std::min(o.top, all);
}

Json to_json(const PredictOptions& o, const std::vector<std::string>& classes,
             const PredictedFile& result) {
  const PreparedImage& image = result.found.image;
  Json top = Json::array();
  for (std::size_t k = 0; k < listed(o, result); ++k) {
    const std::size_t c = result.found.ranking[k];
    top.push_back({{"class", classes[c]}, {"probability", result.found.probabilities[c]}});
  }
  Json entry = {
      {"file", as_utf8(result.file)},
      {"class", top.empty() ? Json() : top[0]["class"]},
      {"probability", top.empty() ? Json() : top[0]["probability"]},
      {"top", top},
      {"inverted", image.inverted},
      {"resized_from",
       image.resized ? Json::array({image.original.height, image.original.width}) : Json()},
      {"blank", image.is_blank()},
      {"marks", image.found ? Json(image.found->marks) : Json()},
      {"box", Json()}};
  if (image.found && image.found->box) {
    const Box& box = *image.found->box;
    entry["box"] = {box.left, box.top, box.width, box.height};
  }
  return entry;
}

class TextWriter final : public PredictionWriter {
 public:
  TextWriter(const PredictOptions& options, const Classifier& classifier)
      : options_(options), classifier_(classifier), width_(widest(classifier.classes())) {}

  void write(const PredictedFile& result) override {
    constexpr double kBarCells = 20;
    const PreparedImage& image = result.found.image;
    write_lines(stdout, fmt::format("{}: {}\n", path_text(result.file), image.description));
    if (options_.show) {
      draw(show_side_by_side(result.before, {classifier_.input(), image.pixels}));
    }
    std::string text;
    if (image.is_blank()) text += "  nothing to read\n";
    for (std::size_t k = 0; k < listed(options_, result); ++k) {
      const std::size_t c = result.found.ranking[k];
      const auto cells = static_cast<std::size_t>(result.found.probabilities[c] * kBarCells + 0.5);
      text += fmt::format("  {:>{}}  {:.4f}  {}\n", classifier_.classes()[c], width_,
                          result.found.probabilities[c], std::string(cells, '#'));
    }
    write_lines(stdout, text);
  }

 private:
  const PredictOptions& options_;
  const Classifier& classifier_;
  std::size_t width_;
};

// One array, or one object per line.
class JsonWriter final : public PredictionWriter {
 public:
  JsonWriter(const PredictOptions& options, const Classifier& classifier)
      : options_(options), classes_(classifier.classes()) {}

  void write(const PredictedFile& result) override {
    const Json entry = to_json(options_, classes_, result);
    if (options_.jsonl) return write_lines(stdout, shown_json(entry.dump()) + "\n");
    std::string text = shown_json(entry.dump(2));
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
      text.insert(at + 1, "  ");
    }
    write_lines(stdout, (is_first_ ? "[\n  " : ",\n  ") + text);
    is_first_ = false;
  }
  void end() override {
    if (!options_.jsonl) write_lines(stdout, is_first_ ? "[]\n" : "\n]\n");
  }

 private:
  const PredictOptions& options_;
  const std::vector<std::string>& classes_;
  bool is_first_ = true;
};

class CsvWriter final : public PredictionWriter {
 public:
  CsvWriter(const PredictOptions& options, const Classifier& classifier)
      : options_(options), classes_(classifier.classes()) {
    std::string header = "file,class,probability";
    if (options.all) {
      for (const std::string& name : classes_) header += "," + csv_field("p_" + name);
    }
    write_lines(stdout, header + "\n");
  }

  void write(const PredictedFile& result) override {
    const Classification& found = result.found;
    std::string line = csv_field(result.file) + ",";
    if (found.ranking.empty()) {
      line += ",";
    } else {
      const std::size_t best = found.ranking.front();
      fmt::format_to(std::back_inserter(line), "{},{}", csv_field(classes_[best]),
                     found.probabilities[best]);
    }
    if (options_.all) {
      for (std::size_t k = 0; k < classes_.size(); ++k) {
        line += ",";
        if (!found.ranking.empty()) {
          fmt::format_to(std::back_inserter(line), "{}", found.probabilities[k]);
        }
      }
    }
    write_lines(stdout, line + "\n");
  }

 private:
  const PredictOptions& options_;
  const std::vector<std::string>& classes_;
};

}  // namespace

std::unique_ptr<PredictionWriter> make_prediction_writer(const PredictOptions& options,
                                                         const Classifier& classifier) {
  if (options.csv) return std::make_unique<CsvWriter>(options, classifier);
  if (options.json || options.jsonl) return std::make_unique<JsonWriter>(options, classifier);
  return std::make_unique<TextWriter>(options, classifier);
}

}  // namespace cnn::app
