#include "infer/evaluate.hpp"

#include <algorithm>
#include <array>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/example_options.hpp"
#include "support/idx_writer.hpp"
#include "support/temp_dir.hpp"
#include "support/tiny.hpp"

namespace cnn {
namespace {

struct Scored {
  Network network;
  PixelTable table;
  Dataset dataset;
};

Scored tiny_scored(std::size_t images) {
  const RunConfig config = tiny_config("  epochs: 1\n");
  Network network({1, 8, 8}, config.network);
  network.initialise(3);
  return {std::move(network), PixelTable({{0.0}, {0.004}}, {1, 8, 8}),
          make_dataset({1, 8, 8}, images, 4, 11)};
}

Evaluation score(const Scored& scored, const Selection& selection, int threads) {
  Workers workers(threads);
  Inference inference(scored.network, scored.table, workers);
  return evaluate(inference, Loss::softmax_cross_entropy, scored.dataset, selection);
}

TEST(Evaluate, CountsEveryImageOnce) {
  const Scored scored = tiny_scored(101);
  const Evaluation evaluation = score(scored, everything(101), 2);
  ASSERT_EQ(evaluation.predictions.size(), 101U);
  std::size_t correct = 0;
  for (std::size_t i = 0; i < 101; ++i) {
    EXPECT_EQ(evaluation.predictions[i].label, scored.dataset.labels[i]);
    EXPECT_GT(evaluation.predictions[i].probability, 0.25 - 1e-9);  // the largest of four
    correct += evaluation.predictions[i].predicted == evaluation.predictions[i].label;
  }
  EXPECT_EQ(evaluation.correct, correct);
}

TEST(Evaluate, IsTheSameForAnyNumberOfThreads) {
  const Scored scored = tiny_scored(101);
  const Evaluation one = score(scored, everything(101), 1);
  const Evaluation four = score(scored, everything(101), 4);
  EXPECT_EQ(one.loss, four.loss);
  for (std::size_t i = 0; i < 101; ++i) {
    EXPECT_EQ(one.predictions[i].probability, four.predictions[i].probability);
  }
}

// Each plans a network of its own, with batch_norm folded: threads that share a model which is
// const, or its description, do not meet.
TEST(Evaluate, OfOneModelInSeveralThreadsIsThatOfOne) {
  Network network({1, 8, 8}, {layer_spec("conv", "conv", "{count: 4, kernel: 3}"),
                              layer_spec("batch_norm", "norm"), layer_spec("relu", "relu"),
                              layer_spec("fc", "fc", "{count: 4}")});
  network.initialise(3);
  const Scored scored{std::move(network), PixelTable({{0.0}, {0.004}}, {1, 8, 8}),
                      make_dataset({1, 8, 8}, 101, 4, 11)};
  const Evaluation alone = score(scored, everything(101), 1);
  std::array<double, 4> losses{};
  std::vector<std::thread> threads;
  for (double& loss : losses) {
    threads.emplace_back([&] {
      for (int repeat = 0; repeat < 5; ++repeat) loss = score(scored, everything(101), 1).loss;
    });
  }
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::vector<LayerSpec> layers;
    for (const Network::Node& node : scored.network.nodes()) layers.push_back(node.spec);
    const Network larger({1, 28, 28}, std::move(layers));
  }
  for (std::thread& thread : threads) thread.join();
  for (const double loss : losses) EXPECT_EQ(loss, alone.loss);
}

// What makes cnn-predict agree with cnn-eval to the last bit.
TEST(Evaluate, AnImagesResultDoesNotDependOnItsCompany) {
  const Scored scored = tiny_scored(70);
  const Evaluation together = score(scored, everything(70), 2);
  for (std::uint32_t i = 0; i < 70; ++i) {
    const Evaluation alone = score(scored, {i}, 1);
    EXPECT_EQ(alone.predictions[0].probability, together.predictions[i].probability) << i;
  }
}

// Not even to the last bit, with layers that take several images at once.
TEST(Evaluate, AnImagesResultDoesNotDependOnItsPlace) {
  Network network({1, 28, 28}, {layer_spec("conv", "conv1", "{count: 16, kernel: 5}"),
                                layer_spec("conv", "conv2", "{count: 32, kernel: 3}"),
                                layer_spec("pool", "pool", "{type: max, kernel: 2}"),
                                layer_spec("conv", "conv3", "{count: 32, kernel: 5}"),
                                layer_spec("fc", "fc1", "{count: 100}"), layer_spec("relu", "relu"),
                                layer_spec("fc", "fc2", "{count: 10}")});
  network.initialise(1);
  const PixelTable table({{0.0}, {0.01}}, {1, 28, 28});
  Dataset dataset = make_dataset({1, 28, 28}, 70, 10);
  for (std::size_t i = 1; i < 70; ++i)
    std::ranges::copy(dataset.image(0), &dataset.pixels[784 * i]);
  Workers workers(1);
  for (const std::size_t group : {32U, 3U, 6U, 7U, 13U, 20U}) {
    Inference inference(network, table, workers, group);
    const Evaluation found =
        evaluate(inference, Loss::softmax_cross_entropy, dataset, everything(70));
    for (std::size_t i = 1; i < 70; ++i) {
      EXPECT_EQ(found.predictions[i].probability, found.predictions[0].probability)
          << "image " << i << " in passes of " << group;
    }
  }
}

TEST(Evaluate, ScoresEachImageInPassesOfAnyNumberOfImages) {
  const Scored scored = tiny_scored(50);
  const Evaluation expected = score(scored, everything(50), 1);
  Workers workers(2);
  for (const std::size_t group : {1U, 7U, 64U}) {
    Inference inference(scored.network, scored.table, workers, group);
    const Evaluation found =
        evaluate(inference, Loss::softmax_cross_entropy, scored.dataset, everything(50));
    for (std::size_t i = 0; i < 50; ++i) {
      EXPECT_EQ(found.predictions[i].probability, expected.predictions[i].probability)
          << "image " << i << " in passes of " << group;
    }
  }
}

// An Inference of a run validates again and again while the network learns.
TEST(Evaluate, SeesTheValuesThatANormalisedNetworkHadAtTheLastUpdate) {
  Scored scored = tiny_scored(40);
  scored.network =
      Network({1, 8, 8}, {layer_spec("conv", "conv", "{count: 3, kernel: 3, bias: false}"),
                          layer_spec("batch_norm", "bn"), layer_spec("fc", "fc", "{count: 4}")});
  scored.network.initialise(1);
  Workers workers(2);
  Inference inference(scored.network, scored.table, workers);
  const auto loss = [&] {
    return evaluate(inference, Loss::softmax_cross_entropy, scored.dataset, everything(40)).loss;
  };
  const double before = loss();
  scored.network.initialise(2);
  EXPECT_EQ(loss(), before);
  inference.update();
  EXPECT_NE(loss(), before);
  EXPECT_EQ(loss(), score(scored, everything(40), 1).loss);
}

TEST(Evaluate, RefusesOutputsThatAreNotFinite) {
  Scored scored = tiny_scored(4);
  for (Real& value : scored.network.values()) value = Real{3e38F};
  EXPECT_THROW(score(scored, everything(4), 1), DivergedError);
}

TEST(Evaluate, AnEmptySelectionScoresNothing) {
  const Evaluation evaluation = score(tiny_scored(4), {}, 1);
  EXPECT_EQ(evaluation.predictions.size(), 0U);
  EXPECT_EQ(evaluation.accuracy(), 0.0);
}

}  // namespace
}  // namespace cnn
