// cnn-predict: classifies image files.

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cnn/classifier.hpp"
#include "cnn/error.hpp"
#include "cnn/image.hpp"

#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/report.hpp"
#include "apps/show_image.hpp"
#include "apps/terminal.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "data/picture_memory.hpp"

namespace cnn::app {
namespace {

// The files that could be read, in their order.
struct Pictures {
  std::vector<std::string> files;
  std::vector<Image> before;  // as they were, for --show only; large ones made smaller
  std::vector<PreparedImage> prepared;
  bool complete = true;  // every file could be read
};

struct Result {
  std::string file;
  Image before;
  Classification found;
};

// An unreadable file costs its own line on stderr.
Pictures read_pictures(const PredictOptions& o, const Classifier& classifier) {
  Pictures pictures;
  for (const std::string& file : o.images) {
    try {
      const Image image = read_image(file);
      pictures.prepared.push_back(classifier.prepare(image));
      pictures.before.push_back(o.show ? thumbnail(image, classifier.input()) : Image{});
      pictures.files.push_back(file);
    } catch (const FileError& error) {
      write_lines(stderr, std::string(error.what()) + "\n");
      pictures.complete = false;
    }
  }
  return pictures;
}

std::vector<Result> classify(Classifier& classifier, Pictures& pictures) {
  std::vector<Classification> found = classifier.classify_prepared(std::move(pictures.prepared));
  std::vector<Result> results;
  for (std::size_t i = 0; i < found.size(); ++i) {
    results.push_back(
        {std::move(pictures.files[i]), std::move(pictures.before[i]), std::move(found[i])});
  }
  return results;
}

// The classes to list: none if the picture is blank.
std::size_t listed(const PredictOptions& o, const Result& result) {
  return std::min(o.top, result.found.ranking.size());
}

void print_json(const PredictOptions& o, const std::vector<std::string>& classes,
                const std::vector<Result>& results) {
  using Json = nlohmann::ordered_json;
  Json json = Json::array();
  for (const Result& result : results) {
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
    json.push_back(std::move(entry));
  }
  write_lines(stdout, shown_json(json.dump(2)) + "\n");
}

void print_text(const PredictOptions& o, const Classifier& classifier,
                const std::vector<Result>& results) {
  constexpr double kBarCells = 20;
  const std::size_t width = widest(classifier.classes());
  for (const Result& result : results) {
    write_lines(stdout,
                fmt::format("{}: {}\n", path_text(result.file), result.found.image.description));
    if (o.show) {
      draw(show_side_by_side(result.before, {classifier.input(), result.found.image.pixels}));
    }
    std::string text;
    if (result.found.image.is_blank()) text += "  nothing to read\n";
    for (std::size_t k = 0; k < listed(o, result); ++k) {
      const std::size_t c = result.found.ranking[k];
      const auto cells = static_cast<std::size_t>(result.found.probabilities[c] * kBarCells + 0.5);
      text += fmt::format("  {:>{}}  {:.4f}  {}\n", classifier.classes()[c], width,
                          result.found.probabilities[c], std::string(cells, '#'));
    }
    write_lines(stdout, text);
  }
}

// Of the results' text, classes by their names; as JSON they are values, and twice a text, too.
std::size_t text_bytes(const PredictOptions& o, const std::vector<std::string>& classes) {
  constexpr std::size_t kPerLine = 100;
  constexpr std::size_t kPerValue = 1200;
  constexpr std::size_t kCopies = 8;
  std::size_t longest = 0, all = 0;
  for (const std::string& name : classes) {
    longest = std::max(longest, name.size());
    all += name.size();
  }
  const std::size_t listed = std::min(o.top, classes.size());
  const std::size_t names = kCopies * std::min(all, listed * longest);
  return o.json ? o.images.size() * (listed * kPerValue + names) : listed * kPerLine + names;
}

// What answering takes once the model is loaded: the largest picture, and of each one what is kept.
std::size_t predicting_bytes(const PredictOptions& o, const Classifier& classifier) {
  constexpr std::size_t kTexts = 4000;
  constexpr std::size_t kPerClass = 2 * sizeof(double);
  const std::size_t kept =
      2 * classifier.input().size() + kPerClass * classifier.classes().size() + kTexts;
  std::size_t largest = 0;
  for (const std::string& file : o.images) largest = std::max(largest, picture_bytes(file));
  return classifier.memory() + largest + o.images.size() * kept +
         text_bytes(o, classifier.classes());
}

int predict(const PredictOptions& o) {
  // First of all, what a model that asks for absurdly large images fails on.
  Classifier classifier(o.model, {o.invert, o.prepare, 1});
  announce_memory(predicting_bytes(o, classifier), o.quiet);
  Pictures pictures = read_pictures(o, classifier);
  const std::vector<Result> results = classify(classifier, pictures);
  o.json ? print_json(o, classifier.classes(), results) : print_text(o, classifier, results);
  return pictures.complete ? kDone : kFile;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::PredictOptions options;
  return cnn::app::run(argc, argv, options, [&] { return cnn::app::predict(options); });
}
