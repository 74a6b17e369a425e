// cnn-predict: classifies image files.

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cnn/error.hpp"
#include "cnn/evaluate.hpp"
#include "cnn/image.hpp"
#include "cnn/model.hpp"
#include "cnn/prepare_image.hpp"

#include "app.hpp"
#include "command_line.hpp"
#include "show_image.hpp"

namespace cnn::app {
namespace {

struct Result {
  std::string file;
  PreparedImage image;
  std::vector<double> probabilities;
  std::vector<std::size_t> ranking;  // classes, the most probable first
};

std::vector<Result> classify(const PredictOptions& o, const Model& model) {
  // First of all, what a model that asks for absurdly large images fails on.
  Workers workers(1);
  const PixelTable table(model.info.preprocessing, model.info.input);
  Inference inference(model.network, table, workers);
  std::vector<Result> results;
  for (const std::string& file : o.images) {
    results.push_back(
        {file,
         prepare_image(read_image(file), model.info.input, model.info.images, o.invert),
         {},
         {}});
  }
  inference.run(
      results.size(), [&](std::size_t i) { return std::span(results[i].image.pixels); },
      [&](std::size_t i, CView outputs) {
        Result& result = results[i];
        result.probabilities.resize(outputs.size());
        class_probabilities(model.info.config.loss, outputs, result.probabilities);
        result.ranking.resize(outputs.size());
        std::iota(result.ranking.begin(), result.ranking.end(), std::size_t{0});
        // By the outputs themselves, as cnn-eval does: probabilities may tie where outputs do not.
        std::stable_sort(result.ranking.begin(), result.ranking.end(),
                         [&](std::size_t a, std::size_t b) { return outputs[a] > outputs[b]; });
      });
  return results;
}

std::size_t listed(const PredictOptions& o, const Model& model) {
  return std::min(o.top, model.info.classes.size());
}

void print_json(const PredictOptions& o, const Model& model, const std::vector<Result>& results) {
  using Json = nlohmann::ordered_json;
  Json json = Json::array();
  for (const Result& result : results) {
    Json top = Json::array();
    for (std::size_t k = 0; k < listed(o, model); ++k) {
      const std::size_t c = result.ranking[k];
      top.push_back({{"class", model.info.classes[c]}, {"probability", result.probabilities[c]}});
    }
    json.push_back({{"file", result.file},
                    {"class", top[0]["class"]},
                    {"probability", top[0]["probability"]},
                    {"top", top},
                    {"inverted", result.image.inverted},
                    {"resized_from",
                     result.image.resized
                         ? Json::array({result.image.original.height, result.image.original.width})
                         : Json(nullptr)}});
  }
  std::printf("%s\n", json.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

void print_text(const PredictOptions& o, const Model& model, const std::vector<Result>& results) {
  constexpr double kBarCells = 20;
  std::size_t width = 0;
  for (const std::string& name : model.info.classes) width = std::max(width, name.size());
  std::string text;
  for (const Result& result : results) {
    text += fmt::format("{}: {}\n", result.file, result.image.description);
    if (o.show) text += show_image({model.info.input, result.image.pixels});
    for (std::size_t k = 0; k < listed(o, model); ++k) {
      const std::size_t c = result.ranking[k];
      const auto cells = static_cast<std::size_t>(result.probabilities[c] * kBarCells + 0.5);
      text += fmt::format("  {:>{}}  {:.4f}  {}\n", model.info.classes[c], width,
                          result.probabilities[c], std::string(cells, '#'));
    }
  }
  std::fputs(text.c_str(), stdout);
}

int predict(const PredictOptions& o) {
  const Model model = load_model(o.model);
  const std::vector<Result> results = classify(o, model);
  o.json ? print_json(o, model, results) : print_text(o, model, results);
  return kDone;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::PredictOptions options;
  return cnn::app::run(argc, argv, options, [&] {
    return cnn::app::with_model(options.model, [&] { return cnn::app::predict(options); });
  });
}
