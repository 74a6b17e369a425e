#include "apps/benchmark.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <functional>
#include <utility>

#include "apps/random_training.hpp"
#include "infer/evaluate.hpp"
#include "kernels/blas.hpp"
#include "nn/layer_clock.hpp"
#include "run/train_step.hpp"

namespace cnn::app {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// How long a call takes, measured in rounds.
class Timing {
 public:
  // The first call only warms up.
  explicit Timing(std::function<void()> call) : call_(std::move(call)) { call_(); }

  // Calls for so long, but at least once.
  void round(double seconds) {
    const Clock::time_point begin = Clock::now();
    Clock::time_point end;
    int calls = 0;
    do {
      call_();
      ++calls;
      end = Clock::now();
    } while (seconds_between(begin, end) < seconds);
    rounds_.push_back(seconds_between(begin, end) / calls);
  }

  // The seconds of one call, median over the rounds.
  double seconds() const { return median(rounds_); }

 private:
  std::function<void()> call_;
  std::vector<double> rounds_;
};

// c (m, n) = a (m, k) · b (k, n)
struct Product {
  int m, n, k;

  double flops() const { return 2.0 * m * n * k; }
};

// With one or the other of these OpenBLAS is at its best: squares, which it packs, and a shape of
// LeNet's, for which some kernels have routines that need no packing.
constexpr std::array<Product, 4> kProducts = {
    {{512, 512, 512}, {384, 384, 384}, {256, 256, 256}, {20, 576, 25}}};

// A call of Workers::run gives each worker some tasks of a millisecond or so: handing over is lost
// in them, and a worker that is held up leaves its share to the others.
constexpr int kTasksOfAWorker = 4;

int products_of_a_task(const Product& p) {
  constexpr double kFlops = 1e8;
  return static_cast<int>(std::ceil(kFlops / p.flops()));
}

Timing time_products(const Product& p, Workers& workers) {
  struct Matrices {
    std::vector<Real> a, b, c;
  };
  const auto matrix = [](int rows, int columns) {
    return std::vector<Real>(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns),
                             Real{0.5});
  };
  std::vector<Matrices> of_workers(static_cast<std::size_t>(workers.count()),
                                   {matrix(p.m, p.k), matrix(p.k, p.n), matrix(p.m, p.n)});
  return Timing([of_workers = std::move(of_workers), p, &workers]() mutable {
    workers.run(kTasksOfAWorker * workers.count(), [&](int worker, int) {
      Matrices& own = of_workers[static_cast<std::size_t>(worker)];
      for (int i = 0; i < products_of_a_task(p); ++i) {
        gemm({CView(own.a), p.m, p.k}, Transpose::no, {CView(own.b), p.k, p.n}, Transpose::no, 0,
             {View(own.c), p.m, p.n});
      }
    });
  });
}

double peak_gflops(const std::vector<Timing>& products, int workers) {
  double peak = 0;
  for (std::size_t i = 0; i < products.size(); ++i) {
    const Product& p = kProducts[i];
    const double flops = p.flops() * products_of_a_task(p) * kTasksOfAWorker * workers;
    peak = std::max(peak, 1e-9 * flops / products[i].seconds());
  }
  return peak;
}

// Of one image's products: one forward; backward one for the weights and one for an input that
// wants its gradient.
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

// Training, inference and products by turns.
void time_whole(const BenchmarkSetup& setup, BenchmarkResult& result) {
  constexpr int kRounds = 9;
  Network& network = setup.network;
  RandomTraining training(setup.config, network, setup.batch, setup.workers);
  Inference inference(network, training.table(), setup.workers,
                      std::min(setup.batch, Inference::kGroup));

  Timing steps([&] { training.step(0); });
  Timing evaluations(
      [&] { evaluate(inference, setup.config.loss, training.dataset(), training.places()); });
  std::vector<Timing> products;
  products.reserve(kProducts.size());
  for (const Product& p : kProducts) products.push_back(time_products(p, setup.workers));
  // Where a single call is slow, fewer rounds than planned fill the time.
  const Clock::time_point begin = Clock::now();
  for (int round = 0; round < kRounds; ++round) {
    const double seconds = setup.seconds / kRounds;
    steps.round(seconds);
    for (Timing& product : products) product.round(seconds / static_cast<double>(kProducts.size()));
    evaluations.round(seconds);
    if (seconds_between(begin, Clock::now()) > 3 * setup.seconds) break;
  }

  double forward = 0, backward = 0;
  for (const Network::Node& node : network.nodes()) {
    forward += forward_flops(node);
    backward += backward_flops(network, node);
  }
  const double images = static_cast<double>(setup.batch);
  result.train_images_per_second = images / steps.seconds();
  result.inference_images_per_second = images / evaluations.seconds();
  result.train_gflops_per_second = 1e-9 * (forward + backward) * result.train_images_per_second;
  result.inference_gflops_per_second = 1e-9 * forward * result.inference_images_per_second;
  result.sgemm_peak_gflops = peak_gflops(products, setup.workers.count());
}

std::vector<LayerTimes> time_layers(const BenchmarkSetup& setup) {
  constexpr std::size_t kMostPasses = 2000;  // more make no better median
  const Network& network = setup.network;
  const std::size_t group = std::min(setup.batch, TrainStep::kGroup);
  Workspace workspace(network, group, Phase::train);
  Gradients gradients(network);
  LayerClock clock(network, workspace, gradients, group);
  const Clock::time_point begin = Clock::now();
  do {
    clock.pass();
  } while (clock.passes() < kMostPasses && seconds_between(begin, Clock::now()) < setup.seconds);
  const std::vector<LayerTime> times = clock.times();
  const double images = static_cast<double>(setup.batch);
  const auto rate = [](double flops, double seconds) {
    return seconds > 0 ? 1e-9 * flops / seconds : 0;
  };
  std::vector<LayerTimes> layers;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const Network::Node& node = network.nodes()[i];
    layers.push_back({.name = times[i].name,
                      .forward_ms = 1e3 * images * times[i].forward,
                      .backward_ms = 1e3 * images * times[i].backward,
                      .forward_gflops = rate(forward_flops(node), times[i].forward),
                      .backward_gflops = rate(backward_flops(network, node), times[i].backward)});
  }
  return layers;
}

}  // namespace

BenchmarkResult benchmark(const BenchmarkSetup& setup) {
  BenchmarkResult result;
  time_whole(setup, result);
  result.layers = time_layers(setup);
  return result;
}

}  // namespace cnn::app
