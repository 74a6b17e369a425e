// cnn-bench: times training and inference of the network that a YAML file describes.

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cnn/error.hpp"

#include "apps/app.hpp"
#include "apps/benchmark.hpp"
#include "apps/command_line.hpp"
#include "apps/number_list.hpp"
#include "apps/rank_plan.hpp"
#include "apps/simulation.hpp"
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

void add_simulation(const Simulation& simulation, nlohmann::ordered_json& json) {
  nlohmann::ordered_json estimates = nlohmann::ordered_json::array();
  nlohmann::ordered_json measured = nlohmann::ordered_json::array();
  for (const ThreadsEstimate& e : simulation.estimates) {
    estimates.push_back({{"threads", e.threads},
                         {"images_per_second", e.images_per_second},
                         {"efficiency", e.efficiency}});
    if (!e.measured) continue;
    measured.push_back({{"threads", e.threads}, {"images_per_second", *e.measured}});
  }
  json["simulated"] = estimates;
  json["measured"] = measured;
}

void add_rank_plan(const RankPlan& plan, nlohmann::ordered_json& json) {
  nlohmann::ordered_json estimates = nlohmann::ordered_json::array();
  for (const RankEstimate& e : plan.estimates) {
    estimates.push_back({{"ranks", e.ranks},
                         {"step_seconds", e.seconds},
                         {"exchange_seconds", e.exchange},
                         {"images_per_second", static_cast<double>(plan.batch) / e.seconds},
                         {"efficiency", e.efficiency}});
  }
  json["ranks"] = estimates;
  json["best_ranks"] = plan.best.ranks;
}

// What is estimated beside the measurements, as far as it is asked for.
struct Estimates {
  std::optional<Simulation> threads;
  std::optional<RankPlan> ranks;
};

std::string to_json(const BenchmarkResult& result, const BenchmarkSetup& setup,
                    const Estimates& estimates) {
  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  for (const LayerTimes& layer : result.layers) {
    layers.push_back({{"name", layer.name},
                      {"forward_ms", layer.forward_ms},
                      {"backward_ms", layer.backward_ms},
                      {"forward_gflops", layer.forward_gflops},
                      {"backward_gflops", layer.backward_gflops}});
  }
  nlohmann::ordered_json json = {
      {"train_images_per_second", result.train_images_per_second},
      {"inference_images_per_second", result.inference_images_per_second},
      {"gflops_per_second_train", result.train_gflops_per_second},
      {"sgemm_peak_gflops", result.sgemm_peak_gflops},
      {"fraction_of_peak", result.fraction_of_peak()},
      {"threads", setup.workers.count()},
      {"batch", setup.batch},
      {"blas", blas_text()},
      {"layers", layers}};
  if (estimates.threads) add_simulation(*estimates.threads, json);
  if (estimates.ranks) add_rank_plan(*estimates.ranks, json);
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
  constexpr int kMostThreads = 256;
  constexpr int kMostRanks = 65536;
  const auto numbers = [](const char* option, const std::string& text, int most) {
    return text.empty() ? std::vector<int>() : number_list(option, text, most);
  };
  const std::vector<int> threads = numbers("--simulate-threads", o.simulate_threads, kMostThreads);
  const std::vector<int> ranks = numbers("--ranks", o.ranks, kMostRanks);
  const Link link = ranks.empty() ? Link{} : parse_link(o.link);
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
  Estimates estimates;
  if (!threads.empty()) estimates.threads = simulate_threads(setup, threads, measure_costs(setup));
  if (!ranks.empty()) estimates.ranks = plan_ranks(setup, result.layers, ranks, link);
  if (o.json) {
    write_lines(stdout, to_json(result, setup, estimates));
    return kDone;
  }
  write_lines(stdout, to_text(result, setup));
  if (estimates.threads) write_lines(stdout, simulation_text(*estimates.threads));
  if (estimates.ranks) write_lines(stdout, rank_plan_text(*estimates.ranks));
  return kDone;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::BenchOptions options;
  return cnn::app::run(argc, argv, options, [&] { return cnn::app::bench(options); });
}
