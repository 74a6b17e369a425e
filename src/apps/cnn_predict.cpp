// cnn-predict: classifies image files.

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cnn/error.hpp"
#include "cnn/image.hpp"

#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/show_image.hpp"
#include "data/prepare_image.hpp"
#include "infer/evaluate.hpp"
#include "run/model.hpp"

namespace cnn::app {
namespace {

struct Result {
  std::string file;
  Image before;  // as it was, for --show only; large ones made smaller
  PreparedImage image;
  std::vector<double> probabilities;
  std::vector<std::size_t> ranking;  // classes, the most probable first; none if it is blank
};

// What came of all files.
struct Results {
  std::vector<Result> pictures;  // those that could be read, in their order
  bool complete = true;          // every file could be read
};

// An unreadable file costs its own line on stderr.
Results read_pictures(const PredictOptions& o, const ModelInfo& info) {
  Results results;
  for (const std::string& file : o.images) {
    try {
      const Image image = read_image(file);
      Result result{file, {}, {}, {}, {}};
      result.image = prepare_image(image, info.input, info.images, o.invert, o.prepare);
      if (o.show) result.before = thumbnail(image, info.input);
      results.pictures.push_back(std::move(result));
    } catch (const FileError& error) {
      std::fprintf(stderr, "%s\n", error.what());
      results.complete = false;
    }
  }
  return results;
}

void classify(const Model& model, const Inference::Pixels& pixels, Inference& inference,
              std::vector<Result>& results) {
  inference.run(results.size(), pixels, [&](std::size_t i, CView outputs) {
    Result& result = results[i];
    if (result.image.is_blank()) return;
    result.probabilities.resize(outputs.size());
    class_probabilities(model.info.config.loss, outputs, result.probabilities);
    result.ranking.resize(outputs.size());
    std::iota(result.ranking.begin(), result.ranking.end(), std::size_t{0});
    // By the outputs themselves, as cnn-eval does: probabilities may tie where outputs do not.
    std::stable_sort(result.ranking.begin(), result.ranking.end(),
                     [&](std::size_t a, std::size_t b) { return outputs[a] > outputs[b]; });
  });
}

// The classes to list: none if the picture is blank.
std::size_t listed(const PredictOptions& o, const Result& result) {
  return std::min(o.top, result.ranking.size());
}

void print_json(const PredictOptions& o, const Model& model, const std::vector<Result>& results) {
  using Json = nlohmann::ordered_json;
  Json json = Json::array();
  for (const Result& result : results) {
    const PreparedImage& image = result.image;
    Json top = Json::array();
    for (std::size_t k = 0; k < listed(o, result); ++k) {
      const std::size_t c = result.ranking[k];
      top.push_back({{"class", model.info.classes[c]}, {"probability", result.probabilities[c]}});
    }
    Json entry = {
        {"file", result.file},
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
    json.push_back(std::move(entry));
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
    if (o.show) {
      text += show_side_by_side(result.before, {model.info.input, result.image.pixels});
    }
    if (result.image.is_blank()) text += "  nothing to read\n";
    for (std::size_t k = 0; k < listed(o, result); ++k) {
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
  // First of all, what a model that asks for absurdly large images fails on.
  Workers workers(1);
  const PixelTable table(model.info.preprocessing, model.info.input);
  Inference inference(model.network, table, workers);
  Results results = read_pictures(o, model.info);
  classify(
      model, [&](std::size_t i) { return std::span(results.pictures[i].image.pixels); }, inference,
      results.pictures);
  o.json ? print_json(o, model, results.pictures) : print_text(o, model, results.pictures);
  return results.complete ? kDone : kFile;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::PredictOptions options;
  return cnn::app::run(argc, argv, options, [&] {
    return cnn::app::with_model(options.model, [&] { return cnn::app::predict(options); });
  });
}
