#include "run/train_step.hpp"

#include <chrono>
#include <numeric>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "support/allocation_counter.hpp"
#include "support/example_options.hpp"
#include "support/faulty_layer.hpp"
#include "support/idx_writer.hpp"
#include "support/tiny.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

// Everything a step needs; batches of up to 100 images, four groups.
struct Rig {
  explicit Rig(int threads, double alpha = 0.05)
      : config(tiny_config("  epochs: 1\n")),
        dataset(make_dataset({1, 8, 8}, 100, 4, 5)),
        network({1, 8, 8}, config.network),
        table({{0.0}, {0.004}}, {1, 8, 8}),
        workers(threads),
        solver(network, {.alpha = alpha, .lambda = 0.001, .momentum = 0.9}),
        step(network, solver, Loss::softmax_cross_entropy, table, 100, 1, workers) {
    network.initialise(1);
  }

  RunConfig config;
  Dataset dataset;
  Network network;
  PixelTable table;
  Workers workers;
  Solver solver;
  TrainStep step;
};

// Whoever forgot the epoch would train on the same distortions for ever.
template <typename Step>
concept RunsWithoutAnEpoch = requires(Step& step, const Dataset& dataset, const Selection& places) {
  step.run(dataset, places, 0, 1.0);
};
static_assert(!RunsWithoutAnEpoch<TrainStep>);

Selection first(std::size_t count) {
  return everything(count);
}

TEST(TrainStep, SumsLossAndHitsOverTheWholeBatch) {
  Rig rig(2, 0.0);
  const Selection batch = first(100);
  const BatchResult whole = rig.step.run(rig.dataset, batch, 0, 1.0, 0);
  EXPECT_GT(whole.loss / 100, 0.5);
  EXPECT_LT(whole.loss / 100, 5.0);
  EXPECT_LE(whole.correct, 100U);
}

// Groups that each have a worker, groups that all share, and both in one batch.
TEST(TrainStep, SameBitsForAnyNumberOfThreads) {
  for (const int threads : {2, 3, 4, 7, 16, 64}) {
    Rig one(1), several(threads);
    std::uint64_t t = 0;
    for (const std::size_t size : {100U, 99U, 96U, 64U, 33U, 32U, 17U, 1U}) {
      const BatchResult a = one.step.run(one.dataset, first(size), t, 1.0, 0);
      const BatchResult b = several.step.run(several.dataset, first(size), t, 1.0, 0);
      EXPECT_EQ(a.loss, b.loss);
      EXPECT_EQ(a.correct, b.correct);
      ++t;
    }
    EXPECT_TRUE(std::ranges::equal(one.network.values(), several.network.values()))
        << threads << " threads";
  }
}

TEST(TrainStep, TimesItsLayersAndStepsAsIfItHadNot) {
  Rig one(1), other(1);
  const auto step = [](Rig& rig, std::uint64_t t) {
    rig.step.run(rig.dataset, first(100), t, 1.0, 0);
  };
  step(one, 0);
  step(other, 0);
  for (const std::size_t n : {1U, 5U, 100U}) {
    const std::vector<LayerTime> times = other.step.time_layers(n, 0);
    ASSERT_EQ(times.size(), other.network.nodes().size());
    for (std::size_t i = 0; i < times.size(); ++i) {
      EXPECT_EQ(times[i].name, other.network.nodes()[i].spec.name);
      EXPECT_GT(times[i].forward, 0);
    }
  }
  step(one, 1);
  step(other, 1);
  EXPECT_TRUE(std::ranges::equal(one.network.values(), other.network.values()));
}

// However little time there is: a machine that does something else for a moment is not the layer.
TEST(TrainStep, OneSlowPassDoesNotShowInTheTimesOfItsLayers) {
  constexpr std::chrono::milliseconds kPause{100};
  int calls = 0;
  const LayerSpec relu = layer_spec("relu", "relu");
  const FaultyLayer layer(*relu.layer, [&](const BackwardArgs&) {
    if (++calls == 2) std::this_thread::sleep_for(kPause);  // the first one warms up
  });
  std::vector<LayerSpec> layers = {layer_spec("fc", "fc1", "{count: 4}"), relu,
                                   layer_spec("tanh", "tanh"),
                                   layer_spec("fc", "fc2", "{count: 4}")};
  layers[1].layer = layer.clone();
  Network network({1, 8, 8}, std::move(layers));
  network.initialise(1);
  Workers workers(1);
  Solver solver(network, {.alpha = 0.05});
  const PixelTable table({{0.0}, {0.004}}, {1, 8, 8});
  TrainStep step(network, solver, Loss::softmax_cross_entropy, table, 100, 1, workers);
  const std::vector<LayerTime> times = step.time_layers(1, 0);
  EXPECT_GT(calls, 2);
  EXPECT_LT(times[1].backward, std::chrono::duration<double>(kPause).count() / 2);
}

TEST(TrainStep, DropoutChangesWithTheStepAlone) {
  Rig a(1, 0.0), b(1, 0.0);
  const double loss = a.step.run(a.dataset, first(100), 3, 1.0, 0).loss;
  EXPECT_EQ(b.step.run(b.dataset, first(100), 3, 1.0, 0).loss, loss);
  EXPECT_NE(b.step.run(b.dataset, first(100), 4, 1.0, 0).loss, loss);
}

constexpr std::uint64_t kSeed = 1;

// 1/m Σ ∂J/∂W for each parameter, in one pass of the whole batch.
Gradients mean_gradients(const Network& network, const Dataset& dataset, const PixelTable& table,
                         std::size_t m, std::uint64_t t) {
  Workspace workspace(network, m, Phase::train);
  const std::size_t size = network.input().size();
  for (std::size_t i = 0; i < m; ++i) {
    table.apply(dataset.image(i), workspace.input(m).subspan(i * size, size));
  }
  network.forward(workspace, m, {kSeed, t, 0});
  std::vector<double> losses(m);
  compute_loss(Loss::softmax_cross_entropy, workspace.output(m), std::span(dataset.labels).first(m),
               Real{1} / static_cast<Real>(m), losses, workspace.doutput(m));
  Gradients gradients(network);
  network.backward(workspace, m, gradients);
  return gradients;
}

class TrainStepBatch : public testing::TestWithParam<std::size_t> {};

// W ← W − α·(1/m Σ ∂J/∂W + λ·W), b ← b − α·1/m Σ ∂J/∂b, twice: nothing may be left of the
// first. Dropout tells samples apart by their places in the batch.
TEST_P(TrainStepBatch, MovesByTheMeanGradientHoweverManyGroups) {
  constexpr double kAlpha = 0.5, kLambda = 0.0625;
  const std::size_t m = GetParam();
  const Dataset dataset = make_dataset({1, 8, 8}, m, 4, 5);
  Network network({1, 8, 8}, {layer_spec("fc", "fc1", "{count: 6}"), layer_spec("tanh", "tanh"),
                              layer_spec("dropout", "dropout", "{rate: 0.25}"),
                              layer_spec("fc", "fc2", "{count: 4}")});
  network.initialise(1);
  const PixelTable table({{0.0}, {0.004}}, {1, 8, 8});
  Workers workers(2);
  Solver solver(network, {.alpha = kAlpha, .lambda = kLambda});
  TrainStep step(network, solver, Loss::softmax_cross_entropy, table, m, kSeed, workers);
  for (std::uint64_t t = 0; t < 2; ++t) {
    const Gradients gradients = mean_gradients(network, dataset, table, m, t);
    Values expected = values(network.values());
    for (const Parameter& p : network.parameters()) {
      const double lambda = p.kind == ParameterKind::weight ? kLambda : 0;
      for (std::size_t i = p.offset; i < p.offset + p.size; ++i) {
        expected[i] -= kAlpha * (gradients.values()[i] + lambda * expected[i]);
      }
    }
    step.run(dataset, first(m), t, 1.0, 0);
    EXPECT_LE(largest_difference(values(network.values()), expected), 1e-5) << "step " << t;
  }
}

// Less than a group, whole groups, a rest, more groups than slots.
INSTANTIATE_TEST_SUITE_P(Sizes, TrainStepBatch, testing::Values(1, 31, 32, 33, 64, 100, 550));

// A batch of 33 is a group of 32 and one of a single image, whose statistics count for as much as
// the images they are of: running ← 3/4·running + 1/4·(32·s₁ + s₂)/33.
TEST(TrainStep, StatisticsFollowTheGroupsByTheirSamples) {
  constexpr std::size_t kImages = 33;
  const Dataset dataset = make_dataset({1, 8, 8}, kImages, 4, 5);
  Network network({1, 8, 8}, {layer_spec("batch_norm", "bn", "{momentum: 0.25}"),
                              layer_spec("fc", "fc", "{count: 4}")});
  network.initialise(1);
  const PixelTable table({{0.0}, {1.0}}, {1, 8, 8});
  Workers workers(2);
  Solver solver(network, {0, 0, 0});
  TrainStep step(network, solver, Loss::softmax_cross_entropy, table, kImages, kSeed, workers);
  step.run(dataset, first(kImages), 0, 1.0, 0);

  double mean = 0, variance = 0;
  for (const auto& [begin, end] : {std::pair<std::size_t, std::size_t>{0, 32}, {32, 33}}) {
    const double n = static_cast<double>(end - begin), m = n * 64;
    double sum = 0, squares = 0;
    for (std::size_t i = begin; i < end; ++i) {
      for (const std::uint8_t pixel : dataset.image(i)) sum += pixel;
    }
    for (std::size_t i = begin; i < end; ++i) {
      for (const std::uint8_t pixel : dataset.image(i)) {
        squares += (pixel - sum / m) * (pixel - sum / m);
      }
    }
    mean += n / kImages * sum / m;
    variance += n / kImages * squares / (m - 1);
  }
  const auto value = [&](std::size_t k) { return network.value(network.parameters()[k])[0]; };
  EXPECT_NEAR(value(2), 0.25 * mean, 1e-6 * mean);
  EXPECT_NEAR(value(3), 0.75 + 0.25 * variance, 1e-6 * variance);
}

// With rotations by up to 0 degrees nothing is on, and the step is that of no augmentation at all;
// with shifts it is that of the shifted images, and another one in another epoch.
TEST(TrainStep, AugmentsWhatItTrainsOn) {
  const auto values_after = [](const AugmentOptions& augment, const Dataset& dataset,
                               std::optional<std::uint64_t> epoch) {
    Rig rig(2);
    TrainStep step(rig.network, rig.solver, Loss::softmax_cross_entropy, rig.table, 100, kSeed,
                   rig.workers, {}, augment);
    step.run(dataset, first(100), 0, 1.0, epoch);
    return values(rig.network.values());
  };
  const Dataset dataset = make_dataset({1, 8, 8}, 100, 4, 5);
  const AugmentOptions shifts{.shift = 2};
  EXPECT_EQ(values_after({.rotate = 0}, dataset, 1), values_after({}, dataset, 0));
  EXPECT_NE(values_after(shifts, dataset, 1), values_after({}, dataset, 1));
  EXPECT_NE(values_after(shifts, dataset, 1), values_after(shifts, dataset, 0));
  EXPECT_EQ(values_after(shifts, dataset, std::nullopt), values_after({}, dataset, 0));

  const Augmenter augmenter(shifts, dataset.shape, kSeed);
  Augmenter::Scratch scratch = augmenter.make_scratch();
  Dataset shifted = dataset;
  std::vector<Real> image(64);
  for (std::uint32_t i = 0; i < 100; ++i) {
    augmenter.apply(dataset.image(i), 3, i, scratch, image);
    for (std::size_t k = 0; k < 64; ++k) {
      shifted.pixels[i * 64 + k] = static_cast<std::uint8_t>(image[k]);
    }
  }
  EXPECT_EQ(values_after(shifts, dataset, 3), values_after({}, shifted, 0));
}

TEST(TrainStep, AllocatesNothing) {
  Rig rig(1);
  const Selection batch = first(100);
  rig.step.run(rig.dataset, batch, 0, 1.0, 0);
  const std::size_t before = allocations_of_this_thread();
  rig.step.run(rig.dataset, batch, 1, 1.0, 0);
  EXPECT_EQ(allocations_of_this_thread() - before, 0U);
}

TEST(TrainStep, BytesCoverItsBuffers) {
  const Rig rig(2);
  const std::size_t values = rig.network.values().size_bytes();
  EXPECT_GE(TrainStep::bytes(rig.network, 100, 2), (4 + 1) * values);
  EXPECT_GT(TrainStep::bytes(rig.network, 100, 2), TrainStep::bytes(rig.network, 100, 1));
  // A worker beyond the groups has no memory for one.
  EXPECT_LT(TrainStep::bytes(rig.network, 32, 64),
            TrainStep::bytes(rig.network, 32, 1) +
                64 * Workspace::bytes(rig.network, 32, Phase::evaluate));
}

}  // namespace
}  // namespace cnn
