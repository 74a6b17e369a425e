#include "benchmark.hpp"

#include <algorithm>
#include <chrono>

#include "cnn/blas.hpp"
#include "cnn/evaluate.hpp"
#include "cnn/random.hpp"
#include "cnn/train_step.hpp"

namespace cnn::app {
namespace {

constexpr int kRounds = 9;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Median over the rounds of the seconds that one call takes, after a first call that only warms up.
template <typename Call>
double seconds_of(double seconds, const Call& call) {
  call();
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    int calls = 0;
    do {
      call();
      ++calls;
    } while (seconds_since(start) < seconds / kRounds);
    rounds.push_back(seconds_since(start) / calls);
  }
  std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  return rounds[kRounds / 2];
}

Dataset random_dataset(const Shape& shape, std::size_t count, std::size_t classes) {
  const Random random(1, Purpose::initialisation);
  Dataset dataset;
  dataset.shape = shape;
  dataset.pixels.resize(count * shape.size());
  dataset.labels.resize(count);
  for (std::size_t i = 0; i < dataset.pixels.size(); ++i) {
    dataset.pixels[i] = static_cast<std::uint8_t>(random.below(i, 256));
  }
  for (std::size_t i = 0; i < count; ++i) {
    dataset.labels[i] = static_cast<std::uint8_t>(i % std::min<std::size_t>(classes, 256));
  }
  return dataset;
}

// Products of square matrices, one for each worker at a time.
double sgemm_gflops(Workers& workers, double seconds) {
  constexpr int kSize = 1024;
  constexpr std::size_t kCount = std::size_t{kSize} * kSize;
  const std::vector<Real> a(kCount, Real{0.5}), b(kCount, Real{0.25});
  std::vector<std::vector<Real>> c(static_cast<std::size_t>(workers.count()),
                                   std::vector<Real>(kCount));
  const double call = seconds_of(seconds, [&] {
    workers.run(workers.count(), [&](int, int task) {
      gemm({CView(a), kSize, kSize}, Transpose::no, {CView(b), kSize, kSize}, Transpose::no, 0,
           {View(c[static_cast<std::size_t>(task)]), kSize, kSize});
    });
  });
  return 2e-9 * kSize * kSize * kSize * workers.count() / call;
}

// Floating-point operations that the products of one image take, in millions of millions: one
// product forward, and backward one for the weights and one for an input that wants its gradient.
double forward_flops(const Network::Node& node) {
  return 2.0 * static_cast<double>(node.plan.multiply_adds);
}

double backward_flops(const Network& network, const Network::Node& node) {
  const bool weights = !node.plan.parameters.empty();
  const bool input = std::any_of(node.inputs.begin(), node.inputs.end(), [&](std::size_t tensor) {
    return network.wants_gradient(tensor);
  });
  return forward_flops(node) * (int{weights} + int{input});
}

double training_flops(const Network& network) {
  double sum = 0;
  for (const Network::Node& node : network.nodes()) {
    sum += forward_flops(node) + backward_flops(network, node);
  }
  return sum;
}

std::vector<LayerTimes> layer_times(const BenchmarkSetup& setup, double seconds) {
  const Network& network = setup.network;
  const std::size_t n = std::min(setup.batch, TrainStep::kShard);
  const double images = static_cast<double>(setup.batch);
  const double scale = images / static_cast<double>(n);
  Workspace workspace(network, n, Phase::train);
  Gradients gradients(network);
  const Random random(2, Purpose::initialisation);
  const View input = workspace.input(n);
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<Real>(random.uniform(i));
  network.forward(workspace, n, {});
  const View doutput = workspace.doutput(n);
  std::fill(doutput.begin(), doutput.end(), Real{1} / static_cast<Real>(images));
  network.backward(workspace, n, gradients);

  std::vector<LayerTimes> times;
  const double each = seconds / (2.0 * static_cast<double>(network.nodes().size()));
  for (std::size_t i = 0; i < network.nodes().size(); ++i) {
    const Network::Node& node = network.nodes()[i];
    LayerTimes layer;
    layer.name = node.spec.name;
    const double forward = scale * seconds_of(each, [&] {
                             network.forward_layer(i, workspace, {0, n}, {});
                           });
    layer.forward_ms = 1e3 * forward;
    layer.forward_gflops = 1e-9 * images * forward_flops(node) / forward;
    if (network.wants_gradient(i + 1)) {
      const double backward = scale * seconds_of(each, [&] {
                                workspace.forget_gradients();
                                network.backward_layer(i, workspace, {0, n}, gradients);
                              });
      layer.backward_ms = 1e3 * backward;
      layer.backward_gflops = 1e-9 * images * backward_flops(network, node) / backward;
    }
    times.push_back(layer);
  }
  return times;
}

}  // namespace

BenchmarkResult benchmark(const BenchmarkSetup& setup) {
  Network& network = setup.network;
  const TrainingConfig& training = setup.config.training;
  const std::size_t batch = setup.batch;
  const Dataset dataset = random_dataset(network.input(), batch, network.output().size());
  const Selection places = everything(batch);
  const auto channels = static_cast<std::size_t>(network.input().channels);
  const PixelTable table({std::vector(channels, 0.0), std::vector(channels, 1.0 / 256)},
                         network.input());
  BenchmarkResult result;
  result.sgemm_peak_gflops = sgemm_gflops(setup.workers, setup.seconds);
  {
    Solver solver(network, {training.alpha, training.lambda, training.momentum});
    TrainStep step(network, solver, setup.config.loss, table, batch, training.seed, setup.workers);
    // The schedule's factor 0 costs what any other does and keeps random images from diverging.
    result.train_images_per_second = static_cast<double>(batch) / seconds_of(setup.seconds, [&] {
                                       step.run(dataset, places, 0, 0);
                                     });
  }
  result.train_gflops_per_second = 1e-9 * training_flops(network) * result.train_images_per_second;
  {
    Inference inference(network, table, setup.workers);
    result.inference_images_per_second =
        static_cast<double>(batch) / seconds_of(setup.seconds, [&] {
          inference.run(
              batch, [&](std::size_t i) { return dataset.image(i); }, [](std::size_t, CView) {});
        });
  }
  result.layers = layer_times(setup, setup.seconds);
  return result;
}

}  // namespace cnn::app
