// Once everything stands, training and inference ask the system for nothing: no memory and no
// threads, whichever thread or library might.

#include <cstdlib>
#include <functional>
#include <ostream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "infer/evaluate.hpp"
#include "run/train_step.hpp"
#include "support/idx_writer.hpp"
#include "support/networks.hpp"
#include "support/process_counter.hpp"
#include "support/random_network.hpp"
#include "support/sanitizers.hpp"

namespace cnn {

std::ostream& operator<<(std::ostream& out, const ProcessCounts& counts) {
  return out << counts.allocations << " allocations, " << counts.threads << " threads";
}

namespace {

constexpr std::size_t kImages = 70;  // three groups, the last of them short
constexpr std::uint64_t kCalls = 4;

class SteadyState : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "sanitizers allocate whenever they like";
  }

  static PixelTable table(const Network& network) {
    const auto channels = static_cast<std::size_t>(network.input().channels);
    return {{std::vector(channels, 0.0), std::vector(channels, 0.004)}, network.input()};
  }

  static Dataset images(const Network& network) {
    return make_dataset(network.input(), kImages, network.output().size());
  }

  // What kCalls calls ask for, after a first one.
  static ProcessCounts counts_of(const std::function<void(std::uint64_t)>& call) {
    call(0);
    const ProcessCounts before = process_counts();
    for (std::uint64_t t = 1; t <= kCalls; ++t) call(t);
    const ProcessCounts after = process_counts();
    return {after.allocations - before.allocations, after.threads - before.threads};
  }

  static ProcessCounts counts_of_training(Network network, int threads,
                                          const AugmentOptions& augment = {}) {
    const PixelTable pixels = table(network);
    const Dataset dataset = images(network);
    const Selection places = everything(kImages);
    Workers workers(threads);
    Solver solver(network, {.alpha = 0.001, .lambda = 0.001, .momentum = 0.9});
    TrainStep step(network, solver, Loss::softmax_cross_entropy, pixels, kImages, 1, workers, {},
                   augment);
    return counts_of([&](std::uint64_t t) { step.run(dataset, places, t, 1, 0); });
  }

  static ProcessCounts counts_of_inference(const Network& network, int threads) {
    const PixelTable pixels = table(network);
    const Dataset dataset = images(network);
    Workers workers(threads);
    Inference inference(network, pixels, workers);
    const Inference::Pixels image = [&](std::size_t i) { return dataset.image(i); };
    std::vector<Real> best(kImages);
    const Inference::Consume consume = [&](std::size_t i, CView outputs) {
      best[i] = outputs[arg_max(outputs)];
    };
    return counts_of([&](std::uint64_t) { inference.run(kImages, image, consume); });
  }
};

TEST_P(SteadyState, OfLenet) {
  Network network = lenet();
  network.initialise(1);
  EXPECT_EQ(counts_of_inference(network, GetParam()), ProcessCounts{});
  EXPECT_EQ(counts_of_training(std::move(network), GetParam()), ProcessCounts{});
}

TEST_P(SteadyState, OfAugmentation) {
  Network network = lenet();
  network.initialise(1);
  const AugmentOptions all{.crop = {.area = {0.5, 1}},
                           .shift = 1,
                           .rotate = 5,
                           .elastic = {.sigma = 3, .alpha = 9},
                           .thickness = 2.5,
                           .brightness = 0.2,
                           .contrast = 0.2,
                           .noise = 2,
                           .erase = {.size = 4}};
  EXPECT_EQ(counts_of_training(std::move(network), GetParam(), all), ProcessCounts{});
}

TEST_P(SteadyState, OfRandomNetworks) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    EXPECT_EQ(counts_of_inference(random_network(seed, false), GetParam()), ProcessCounts{});
    EXPECT_EQ(counts_of_training(random_network(seed, false), GetParam()), ProcessCounts{});
  }
}

// The counters do count, on other threads, too.
TEST_P(SteadyState, WouldNotBeMissed) {
  Workers workers(GetParam());
  const ProcessCounts counts = counts_of([&](std::uint64_t) {
    workers.run(8, [](int, int) {
      void* volatile block = std::malloc(100);  // volatile, or the compiler leaves it out
      std::free(block);
    });
    std::thread([] {}).join();
  });
  EXPECT_EQ(counts.threads, kCalls);
  EXPECT_GE(counts.allocations, 8 * kCalls);
}

INSTANTIATE_TEST_SUITE_P(Threads, SteadyState, testing::Values(1, 3));

}  // namespace
}  // namespace cnn
