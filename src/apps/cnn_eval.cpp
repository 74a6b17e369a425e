// cnn-eval: scores a model, or several that vote, on the whole test set, or on another part of its
// data.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cnn/error.hpp"

#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/output_kind.hpp"
#include "apps/report.hpp"
#include "base/file.hpp"
#include "base/paths.hpp"
#include "base/text.hpp"
#include "data/class_names.hpp"
#include "infer/vote.hpp"
#include "run/memory_need.hpp"
#include "run/model_runner.hpp"
#include "run/training_data.hpp"

namespace cnn::app {
namespace {

struct Part {
  Dataset dataset;
  Selection selection;
};

Part load_part(const EvalOptions& o, const RunConfig& config) {
  if (o.split == "test") {
    Part part{config.data.source.open(DataPart::test)->read(), {}};
    part.selection = everything(part.dataset.count());
    return part;
  }
  TrainingData data = load_training_data(config.data, config.training.seed);
  Selection& selection = o.split == "train" ? data.split.train : data.split.validation;
  if (selection.empty()) {
    throw ConfigError("error: the run of " + path_text(o.models.front()) +
                      " held out no validation set (data.validation is 0); score --split test or "
                      "train");
  }
  return {std::move(data.dataset), std::move(selection)};
}

using Voters = std::vector<std::unique_ptr<ModelRunner>>;

void require_agreement(const ModelRunner& first, const ModelRunner& other) {
  const ModelInfo& a = first.model.info;
  const ModelInfo& b = other.model.info;
  if (a.input == b.input && a.classes.size() == b.classes.size()) {
    if (match_classes(a.classes, b.classes)) return;
    throw file_error(other.path, "tells other classes apart than " + path_text(first.path) + ": " +
                                     class_difference(b.classes, a.classes) +
                                     "; only models for the same can vote");
  }
  const auto text = [](const ModelInfo& info) {
    return "images of " + to_string(info.input) + " and " + std::to_string(info.classes.size()) +
           " classes";
  };
  throw file_error(other.path, "is for " + text(b) + ", " + path_text(first.path) + " for " +
                                   text(a) + "; only models for the same can vote");
}

Voters load_voters(const EvalOptions& o, Workers& workers) {
  Voters voters;
  for (const std::string& path : o.models) {
    voters.push_back(std::make_unique<ModelRunner>(path, workers));
    require_agreement(*voters.front(), *voters.back());
  }
  return voters;
}

// What scoring takes once the models are loaded: passes, images, results and their texts.
std::size_t scoring_bytes(const EvalOptions& o, const Voters& voters, const RunConfig& config,
                          int workers) {
  constexpr std::size_t kPerImage = 200;
  constexpr std::size_t kPerClass = 2000;
  constexpr std::size_t kPerCell = 64;
  constexpr std::size_t kMostDense = 1000;
  const DataPart part = o.split == "test" ? DataPart::test : DataPart::train;
  const DatasetHeader header = config.data.source.open(part)->header();
  const std::size_t classes = voters.front()->model.info.classes.size();
  std::size_t bytes = dataset_bytes(header) + header.count * kPerImage + classes * kPerClass;
  if (classes <= kMostDense) bytes += classes * classes * kPerCell;
  if (voters.size() > 1 || o.tta != "none") {
    bytes += dataset_bytes(header) + header.count * classes * sizeof(double);
  }
  for (const auto& voter : voters) bytes += inference_bytes(voter->model.network, workers);
  return bytes;
}

Evaluation score(const EvalOptions& o, const Voters& voters, const Part& part) {
  if (voters.size() == 1 && o.tta == "none") {
    ModelRunner& only = *voters.front();
    Evaluation evaluation;
    with_model(only.path, [&] {
      evaluation =
          evaluate(only.inference, only.model.info.config.loss, part.dataset, part.selection);
    });
    return evaluation;
  }
  Vote vote(part.selection.size(), voters.front()->model.info.classes);
  const auto shifts = o.tta == "shifts" ? neighbour_shifts() : std::vector{PixelShift{}};
  for (const auto& runner : voters) {
    const ModelInfo& info = runner->model.info;
    with_model(runner->path, [&] {
      vote.add({runner->inference, info.config.loss, info.classes}, part.dataset, part.selection,
               shifts);
    });
  }
  return vote.evaluation(part.dataset, part.selection);
}

std::string title(const EvalOptions& o, const Part& part) {
  std::string text = o.split + " set " + display_path(part.dataset.origin.images);
  if (o.models.size() > 1) text += ", mean of " + std::to_string(o.models.size()) + " models";
  if (o.tta == "shifts") text += ", mean of 9 shifts";
  return text;
}

int evaluate_models(const EvalOptions& o) {
  require_output_kind("--out", o.out, OutputKind::directory);
  Workers workers(o.threads > 0 ? o.threads : Workers::available());
  const Voters voters = load_voters(o, workers);
  ModelInfo& info = voters.front()->model.info;
  if (!o.data.empty()) info.config.data.source.set_dir(resolved(o.data));
  announce_memory(scoring_bytes(o, voters, info.config, workers.count()), o.quiet);
  Part part = load_part(o, info.config);
  adopt_classes(part.dataset, info.classes);
  require_fit(part.dataset, info);

  const auto start = std::chrono::steady_clock::now();
  const Evaluation evaluation = score(o, voters, part);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

  const EvaluationReport report{title(o, part), evaluation, part.selection, info.classes,
                                seconds.count()};
  if (!o.out.empty()) write_report_files(report, o.out);
  write_lines(stdout, o.json ? report_json(report) : report_text(report));
  return kDone;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::EvalOptions options;
  return cnn::app::run(argc, argv, options, [&] { return cnn::app::evaluate_models(options); });
}
