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
#include "report.hpp"

namespace cnn::app {
namespace {

struct EvalOptions {
  std::string model;
  std::string data;
  std::string split = "test";
  std::string out;
  bool json = false;
  int threads = 0;
};

void add_options(CLI::App& app, EvalOptions& o) {
  app.add_option("--model", o.model, "The model to score")->required()->type_name("FILE");
  app.add_option("--data", o.data,
                 "Directory of the data set, instead of the one it was trained on")
      ->type_name("DIR");
  app.add_option("--split", o.split, "Part of the data to score: test, validation or train")
      ->check(CLI::IsMember({"test", "validation", "train"}))
      ->capture_default_str();
  app.add_flag("--json", o.json, "Print JSON instead of text");
  app.add_option("--out", o.out, "Also write confusion.csv and predictions.csv there")
      ->type_name("DIR");
  app.add_option("--threads", o.threads, "Worker threads; 0 means all processors")
      ->check(CLI::Range(0, 256))
      ->type_name("N");
}

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

void require_fit(const Part& part, const Model& model) {
  const Dataset& dataset = part.dataset;
  if (dataset.shape != model.info.input) {
    throw FileError(dataset.files.images.string() + ": error: its images are " +
                    to_string(dataset.shape) + ", the model takes " + to_string(model.info.input));
  }
  if (dataset.label_bound() > model.info.classes.size()) {
    throw FileError(dataset.files.labels.string() + ": error: holds the label " +
                    std::to_string(dataset.label_bound() - 1) + ", the model knows " +
                    std::to_string(model.info.classes.size()) + " classes (labels from 0)");
  }
}

int evaluate_model(const EvalOptions& o) {
  use_single_threaded_blas();
  Model model = load_model(o.model);
  if (!o.data.empty()) {
    model.info.config.data.dir = absolute_path(o.data);
    model.info.config.data.train = model.info.config.data.test = {};
  }
  const Part part = load_part(o, model.info.config);
  require_fit(part, model);

  Workers workers(o.threads > 0 ? o.threads : Workers::available());
  const PixelTable table(model.info.preprocessing, model.info.input);
  Inference inference(model.network, table, workers);
  const auto start = std::chrono::steady_clock::now();
  const Evaluation evaluation =
      evaluate(inference, model.info.config.loss, part.dataset, part.selection);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

  const EvaluationReport report{o.split + " set " + part.dataset.files.images.string(), evaluation,
                                part.selection, model.info.classes, seconds.count()};
  if (!o.out.empty()) write_report_files(report, o.out);
  std::fputs((o.json ? report_json(report) : report_text(report)).c_str(), stdout);
  return kDone;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  using namespace cnn::app;
  CLI::App app("Scores a model on a whole test set.", "cnn-eval");
  EvalOptions options;
  add_options(app, options);
  set_up(app, "cnn-eval --model runs/lenet/model.safetensors --out runs/lenet/test");
  return run(app, argc, argv, [&] { return evaluate_model(options); });
}
