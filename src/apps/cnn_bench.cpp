// cnn-bench: times training and inference of the network that a YAML file describes.

#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cnn/error.hpp"

#include "apps/app.hpp"
#include "apps/benchmark.hpp"
#include "apps/command_line.hpp"
#include "base/text.hpp"
#include "kernels/blas.hpp"
#include "run/run_config.hpp"

namespace cnn::app {
namespace {

// Benchmarks need no data: where there are none, images are of the size that the file names, or
// MNIST's.
Shape input_shape(const DataConfig& data) {
  std::unique_ptr<DataSource> source;
  try {
    source = data.source.open(DataPart::train);
  } catch (const FileError&) {
    // Nothing is found.
  }
  if (source && source->exists()) return source->header().shape;
  const PictureOptions& pictures = data.source.pictures();
  const Shape shape = pictures.size
                          ? Shape{pictures.channels(), pictures.size->height, pictures.size->width}
                          : Shape{1, 28, 28};
  write_lines(stderr, "no training set found: timing images of " + to_string(shape) + "\n");
  return shape;
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
  return shown_json(json.dump(2)) + "\n";
}

std::string table_of_layers(const BenchmarkResult& result, const BenchmarkSetup& setup) {
  LayerTimes sum{.name = "sum"};
  for (const LayerTimes& layer : result.layers) {
    sum.forward_ms += layer.forward_ms;
    sum.backward_ms += layer.backward_ms;
  }
  const auto row = [&](const LayerTimes& layer, const std::string& output) {
    const auto rate = [](double gflops) {
      return gflops > 0 ? fmt::format("{:.1f}", gflops) : std::string("-");
    };
    const double share =
        (layer.forward_ms + layer.backward_ms) / (sum.forward_ms + sum.backward_ms);
    return fmt::format("{:<12} {:>11}   {:>10.3f} {:>8}   {:>11.3f} {:>8}   {:>4.0f} %\n",
                       layer.name, output, layer.forward_ms, rate(layer.forward_gflops),
                       layer.backward_ms, rate(layer.backward_gflops), 100 * share);
  };
  std::string text =
      fmt::format("{:<12} {:>11}   {:>10} {:>8}   {:>11} {:>8}   {:>6}\n", "layer", "output",
                  "forward ms", "GFLOP/s", "backward ms", "GFLOP/s", "share");
  for (std::size_t i = 0; i < result.layers.size(); ++i) {
    text += row(result.layers[i], to_string(setup.network.nodes()[i].plan.output));
  }
  return text + row(sum, "") + fmt::format("(a batch of {} on one thread)\n", setup.batch);
}

std::string to_text(const BenchmarkResult& result, const BenchmarkSetup& setup) {
  const int threads = setup.workers.count();
  const auto row = [&](const char* what, const std::string& rate, double gflops) {
    return fmt::format("{:<12} {:>11}   {:>10.1f} {:>9.0f} %\n", what, rate, gflops,
                       100 * gflops / result.sgemm_peak_gflops);
  };
  return fmt::format("{}   {}   batch {}   {} thread{}   {}\n\n", setup.config.name,
                     to_string(setup.network.input()), setup.batch, threads,
                     threads == 1 ? "" : "s", blas_text()) +
         table_of_layers(result, setup) +
         fmt::format("\n{:<12} {:>11}   {:>10} {:>11}\n", "all threads", "images/s", "GFLOP/s",
                     "of peak") +
         row("training", fmt::format("{:.0f}", result.train_images_per_second),
             result.train_gflops_per_second) +
         row("inference", fmt::format("{:.0f}", result.inference_images_per_second),
             result.inference_gflops_per_second) +
         row("sgemm", "-", result.sgemm_peak_gflops);
}

int bench(const BenchOptions& o) {
  std::vector<std::string> overrides = o.overrides;
  if (!o.threads.empty()) overrides.push_back("training.threads=" + o.threads);
  if (!o.batch.empty()) overrides.push_back("training.batch=" + o.batch);
  const LoadedConfig loaded = read_config([&] { return load_config(o.config, overrides); });
  Network network = build_network(loaded, input_shape(loaded.config.data));
  network.initialise(loaded.config.training.seed);
  Workers workers(worker_count(loaded.config.training));
  const BenchmarkSetup setup{loaded.config, network, workers,
                             static_cast<std::size_t>(loaded.config.training.batch), o.seconds};
  const BenchmarkResult result = benchmark(setup);
  write_lines(stdout, o.json ? to_json(result, setup) : to_text(result, setup));
  return kDone;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::BenchOptions options;
  return cnn::app::run(argc, argv, options, [&] { return cnn::app::bench(options); });
}
