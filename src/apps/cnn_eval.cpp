// cnn-eval: scores a model on the whole test set, or on another part of its data.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

#include "cnn/blas.hpp"
#include "cnn/error.hpp"
#include "cnn/evaluate.hpp"
#include "cnn/model.hpp"
#include "cnn/training_data.hpp"

#include "app.hpp"
#include "command_line.hpp"
#include "report.hpp"

namespace cnn::app {
namespace {

struct Part {
  Dataset dataset;
  Selection selection;
};

Part load_part(const EvalOptions& o, const RunConfig& config) {
  if (o.split == "test") {
    Part part{read_dataset(dataset_files(config.data, DataPart::test)), {}};
    part.selection = everything(part.dataset.count());
    return part;
  }
  TrainingData data = load_training_data(config.data, config.training.seed);
  Selection& selection = o.split == "train" ? data.split.train : data.split.validation;
  if (selection.empty()) {
    throw ConfigError("error: the run of " + o.model +
                      " held out no validation set (data.validation is 0); score --split test or "
                      "train");
  }
  return {std::move(data.dataset), std::move(selection)};
}

int evaluate_model(const EvalOptions& o) {
  use_single_threaded_blas();
  Model model = load_model(o.model);
  if (!o.data.empty()) {
    model.info.config.data.dir = absolute_path(o.data);
    model.info.config.data.train = model.info.config.data.test = {};
  }
  const Part part = load_part(o, model.info.config);
  require_fit(part.dataset, model.info);

  Workers workers(o.threads > 0 ? o.threads : Workers::available());
  const PixelTable table(model.info.preprocessing, model.info.input);
  Inference inference(model.network, table, workers);
  const auto start = std::chrono::steady_clock::now();
  const Evaluation evaluation =
      evaluate(inference, model.info.config.loss, part.dataset, part.selection);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

  const EvaluationReport report{o.split + " set " + display_path(part.dataset.files.images),
                                evaluation, part.selection, model.info.classes, seconds.count()};
  if (!o.out.empty()) write_report_files(report, o.out);
  std::fputs((o.json ? report_json(report) : report_text(report)).c_str(), stdout);
  return kDone;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::EvalOptions options;
  return cnn::app::run(argc, argv, options, [&] {
    return cnn::app::with_model(options.model, [&] { return cnn::app::evaluate_model(options); });
  });
}
