#include "cnn/classifier.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "cnn/error.hpp"

#include "data/class_names.hpp"
#include "nn/loss.hpp"
#include "run/memory_need.hpp"
#include "run/model_runner.hpp"
#include "run/training_data.hpp"

namespace cnn {
namespace {

int worker_count(int threads) {
  if (threads < 0) throw ArgumentError("classifier: a number of threads is not negative");
  return threads > 0 ? threads : Workers::available();
}

void require_picture(const Image& picture) {
  const Shape& shape = picture.shape;
  if ((shape.channels == 1 || shape.channels == 3) && shape.height > 0 && shape.width > 0 &&
      picture.pixels.size() == shape.size()) {
    return;
  }
  throw ShapeError(
      "classifier: a picture has 1 channel (grey) or 3 (colour) and channels x height "
      "x width pixels, got " +
      std::to_string(picture.pixels.size()) + " of " + to_string(shape));
}

// Assigns probabilities and ranking.
void rank(Loss loss, CView outputs, Classification& result) {
  result.probabilities.resize(outputs.size());
  class_probabilities(loss, outputs, result.probabilities);
  result.ranking.resize(outputs.size());
  std::iota(result.ranking.begin(), result.ranking.end(), std::size_t{0});
  // By the outputs themselves, as cnn-eval does: probabilities may tie where outputs do not.
  std::stable_sort(result.ranking.begin(), result.ranking.end(),
                   [&](std::size_t a, std::size_t b) { return outputs[a] > outputs[b]; });
}

}  // namespace

struct Classifier::State {
  State(const std::filesystem::path& path, const ClassifierOptions& given)
      : options(given), workers(worker_count(given.threads)), runner(path, workers) {}

  ClassifierOptions options;
  Workers workers;
  ModelRunner runner;
};

Classifier::Classifier(const std::filesystem::path& model, const ClassifierOptions& options)
    : state_(std::make_unique<State>(model, options)) {}
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;
Classifier::~Classifier() = default;

const std::vector<std::string>& Classifier::classes() const {
  return state_->runner.model.info.classes;
}

const Shape& Classifier::input() const {
  return state_->runner.model.info.input;
}

std::size_t Classifier::memory() const {
  return inference_bytes(state_->runner.model.network, state_->workers.count());
}

PreparedImage Classifier::prepare(const Image& picture) const {
  require_picture(picture);
  const ModelInfo& info = state_->runner.model.info;
  return prepare_picture(picture, info, state_->options.invert, state_->options.prepare);
}

std::vector<Classification> Classifier::classify_prepared(std::vector<PreparedImage> pictures) {
  std::vector<Classification> results(pictures.size());
  for (std::size_t i = 0; i < pictures.size(); ++i) results[i].image = std::move(pictures[i]);
  ModelRunner& runner = state_->runner;
  with_model(runner.path, [&] {
    runner.inference.run(
        results.size(), [&](std::size_t i) { return std::span(results[i].image.pixels); },
        [&](std::size_t i, CView outputs) {
          if (results[i].image.is_blank()) return;
          rank(runner.model.info.config.loss, outputs, results[i]);
        });
  });
  return results;
}

std::vector<Classification> Classifier::classify(std::span<const Image> pictures) {
  std::vector<PreparedImage> prepared;
  prepared.reserve(pictures.size());
  for (const Image& picture : pictures) prepared.push_back(prepare(picture));
  return classify_prepared(std::move(prepared));
}

Evaluation Classifier::score(const Dataset& dataset) {
  ModelRunner& runner = state_->runner;
  if (!dataset.class_names.empty() && dataset.class_names != runner.model.info.classes) {
    Dataset matched = dataset;
    adopt_classes(matched, runner.model.info.classes);
    return score(matched);
  }
  require_fit(dataset, runner.model.info);
  Evaluation result;
  with_model(runner.path, [&] {
    result = evaluate(runner.inference, runner.model.info.config.loss, dataset,
                      everything(dataset.count()));
  });
  return result;
}

Classification Classifier::classify(const Image& picture) {
  return std::move(classify(std::span(&picture, 1)).front());
}

}  // namespace cnn
