// cnn-bench: times training and inference of the network that a YAML file describes.

#include <cstdio>
#include <iterator>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cnn/blas.hpp"
#include "cnn/error.hpp"
#include "cnn/run_config.hpp"

#include "app.hpp"
#include "benchmark.hpp"
#include "command_line.hpp"

namespace cnn::app {
namespace {

// Benchmarks need no data: where there are none, images are MNIST's.
Shape input_shape(const RunConfig& config) {
  try {
    return read_dataset_header(dataset_files(config.data, DataPart::train)).shape;
  } catch (const FileError&) {
    return {1, 28, 28};
  }
}

std::string blas_text() {
  const BlasInfo blas = blas_info();
  return blas.version + " " + blas.threading + "/" + blas.kernel;
}

std::string to_json(const BenchmarkResult& result, const BenchmarkSetup& setup) {
  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  for (const LayerTimes& layer : result.layers) {
    layers.push_back({{"name", layer.name},
                      {"forward_ms", layer.forward_ms},
                      {"backward_ms", layer.backward_ms},
                      {"forward_gflops", layer.forward_gflops},
                      {"backward_gflops", layer.backward_gflops}});
  }
  const nlohmann::ordered_json json = {
      {"train_images_per_second", result.train_images_per_second},
      {"inference_images_per_second", result.inference_images_per_second},
      {"gflops_per_second_train", result.train_gflops_per_second},
      {"sgemm_peak_gflops", result.sgemm_peak_gflops},
      {"fraction_of_peak", result.fraction_of_peak()},
      {"threads", setup.workers.count()},
      {"batch", setup.batch},
      {"blas", blas_text()},
      {"layers", layers}};
  return json.dump(2) + "\n";
}

std::string to_text(const BenchmarkResult& result, const BenchmarkSetup& setup) {
  std::string text =
      fmt::format("{}   {}   batch {}   {} thread{}   {}\n\n", setup.config.name,
                  to_string(setup.network.input()), setup.batch, setup.workers.count(),
                  setup.workers.count() == 1 ? "" : "s", blas_text());
  text += fmt::format("{:<12} {:>10}   {:>10} {:>8}   {:>11} {:>8}\n", "layer", "output",
                      "forward ms", "GFLOP/s", "backward ms", "GFLOP/s");
  const auto rate = [](double gflops) {
    return gflops > 0 ? fmt::format("{:.1f}", gflops) : std::string("-");
  };
  for (std::size_t i = 0; i < result.layers.size(); ++i) {
    const LayerTimes& layer = result.layers[i];
    fmt::format_to(std::back_inserter(text), "{:<12} {:>10}   {:>10.3f} {:>8}   {:>11.3f} {:>8}\n",
                   layer.name, to_string(setup.network.nodes()[i].plan.output), layer.forward_ms,
                   rate(layer.forward_gflops), layer.backward_ms, rate(layer.backward_gflops));
  }
  text += fmt::format(
      "(a batch of {} on one thread)\n\n"
      "training   {:>10.0f} images/s   {:.1f} GFLOP/s, {:.0f} % of sgemm's {:.1f}\n"
      "inference  {:>10.0f} images/s\n",
      setup.batch, result.train_images_per_second, result.train_gflops_per_second,
      100 * result.fraction_of_peak(), result.sgemm_peak_gflops,
      result.inference_images_per_second);
  return text;
}

int bench(const BenchOptions& o) {
  std::vector<std::string> overrides = o.overrides;
  if (!o.threads.empty()) overrides.push_back("training.threads=" + o.threads);
  if (!o.batch.empty()) overrides.push_back("training.batch=" + o.batch);
  const LoadedConfig loaded = read_config(o.config, overrides);
  use_single_threaded_blas();
  Network network = build_network(loaded, input_shape(loaded.config));
  network.initialise(loaded.config.training.seed);
  Workers workers(worker_count(loaded.config.training));
  const BenchmarkSetup setup{loaded.config, network, workers,
                             static_cast<std::size_t>(loaded.config.training.batch), o.seconds};
  const BenchmarkResult result = benchmark(setup);
  std::fputs((o.json ? to_json(result, setup) : to_text(result, setup)).c_str(), stdout);
  return kDone;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::BenchOptions options;
  return cnn::app::run(argc, argv, options, [&] { return cnn::app::bench(options); });
}
