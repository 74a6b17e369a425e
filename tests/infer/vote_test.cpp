#include "infer/vote.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/example_options.hpp"
#include "support/idx_writer.hpp"

namespace cnn {
namespace {

const std::vector<std::string> kTwo = {"a", "b"}, kThree = {"a", "b", "c"};

// Outputs that do not depend on the image.
Network constant(Real first, Real second) {
  Network network({1, 2, 2}, {layer_spec("fc", "fc", "{count: 2}")});
  std::fill(network.values().begin(), network.values().end(), Real{0});
  const View bias = network.value(network.parameters()[1]);
  bias[0] = first;
  bias[1] = second;
  return network;
}

Dataset two_images() {
  Dataset dataset;
  dataset.shape = {1, 2, 2};
  dataset.pixels = {1, 2, 3, 4, 5, 6, 7, 8};
  dataset.labels = {0, 1};
  return dataset;
}

TEST(Shifted, MovesEachImageAndFillsWithBackground) {
  const Dataset dataset = two_images();
  EXPECT_EQ(shifted(dataset, {0, 0}).pixels, dataset.pixels);
  EXPECT_EQ(shifted(dataset, {1, 0}).pixels, (std::vector<std::uint8_t>{0, 0, 1, 2, 0, 0, 5, 6}));
  EXPECT_EQ(shifted(dataset, {0, -1}).pixels, (std::vector<std::uint8_t>{2, 0, 4, 0, 6, 0, 8, 0}));
  EXPECT_EQ(shifted(dataset, {-1, 1}).pixels, (std::vector<std::uint8_t>{0, 3, 0, 0, 0, 7, 0, 0}));
  EXPECT_EQ(shifted(dataset, {5, 0}).pixels, std::vector<std::uint8_t>(8, 0));
  EXPECT_EQ(shifted(dataset, {0, -5}).pixels, std::vector<std::uint8_t>(8, 0));
  EXPECT_EQ(shifted(dataset, {1, 1}).labels, dataset.labels);
  EXPECT_EQ(shifted(dataset, {0, 0, true}).pixels,
            (std::vector<std::uint8_t>{2, 1, 4, 3, 6, 5, 8, 7}));
  EXPECT_EQ(shifted(dataset, {0, 1, true}).pixels,
            (std::vector<std::uint8_t>{0, 2, 0, 4, 0, 6, 0, 8}));
  EXPECT_EQ(shifted(dataset, {-1, -1, true}).pixels,
            (std::vector<std::uint8_t>{3, 0, 0, 0, 7, 0, 0, 0}));
}

// The copies of pixels in a file are no longer there.
TEST(Shifted, CopiesWhatIsMapped) {
  Dataset dataset = two_images();
  const std::vector<std::uint8_t> file = {1, 2, 3, 4};
  dataset.pixels = {5, 6, 7, 8};
  dataset.mapped_pixels = file;
  dataset.mapping = std::make_shared<int>();
  EXPECT_EQ(shifted(dataset, {}).image(1)[0], 5);
  const Dataset copy = shifted(dataset, {1, 0});
  EXPECT_EQ(copy.pixels, (std::vector<std::uint8_t>{0, 0, 1, 2, 0, 0, 5, 6}));
  EXPECT_EQ(copy.image(1)[3], 6);
}

TEST(MirrorImages, AreTheImageAndItsMirrorImage) {
  EXPECT_EQ(mirror_images(), (std::vector<PixelShift>{{0, 0, false}, {0, 0, true}}));
  EXPECT_EQ(copies_called("flip"), mirror_images());
  EXPECT_EQ(copies_called("shifts"), neighbour_shifts());
  EXPECT_EQ(copies_called("none"), std::vector{PixelShift{}});
  EXPECT_THROW(copies_called("flips"), ArgumentError);
}

TEST(NeighbourShifts, AreTheImageAndItsEightNeighbours) {
  const std::vector<PixelShift> shifts = neighbour_shifts();
  std::set<std::pair<int, int>> seen;
  for (const PixelShift& s : shifts) {
    EXPECT_LE(std::max(std::abs(s.down), std::abs(s.right)), 1);
    seen.emplace(s.down, s.right);
  }
  EXPECT_EQ(shifts.size(), 9U);
  EXPECT_EQ(seen.size(), 9U);
}

// Probabilities 3/4, 1/4 and 1/5, 4/5: their mean is 0.475, 0.525.
TEST(Vote, TakesTheMeanOfProbabilities) {
  const Network a = constant(std::log(Real{3}), 0), b = constant(0, std::log(Real{4}));
  const PixelTable table({{0.0}, {1.0}}, {1, 2, 2});
  Workers workers(2);
  Inference of_a(a, table, workers), of_b(b, table, workers);
  const Dataset dataset = two_images();
  const Selection all = everything(2);
  Vote vote(2, kTwo);
  vote.add({of_a, Loss::softmax_cross_entropy, kTwo}, dataset, all);
  vote.add({of_b, Loss::softmax_cross_entropy, kTwo}, dataset, all);
  const Evaluation result = vote.evaluation(dataset, all);
  ASSERT_EQ(result.predictions.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(result.predictions[i].label, i);
    EXPECT_EQ(result.predictions[i].predicted, 1U);
    EXPECT_NEAR(result.predictions[i].probability, 0.525, 1e-6);
  }
  EXPECT_EQ(result.correct, 1U);
  EXPECT_NEAR(result.loss, -(std::log(0.475) + std::log(0.525)) / 2, 1e-6);
}

// A network whose outputs are in another order gives the same votes, to the bit.
TEST(Vote, CountsClassesByTheirNames) {
  const Network a = constant(std::log(Real{3}), 0), turned = constant(0, std::log(Real{3}));
  const PixelTable table({{0.0}, {1.0}}, {1, 2, 2});
  Workers workers(1);
  Inference of_a(a, table, workers), of_turned(turned, table, workers);
  const Dataset dataset = two_images();
  const Selection all = everything(2);
  const std::vector<std::string> other_order = {"b", "a"}, other_names = {"a", "c"};
  const auto vote_with = [&](Inference& inference, const std::vector<std::string>& classes) {
    Vote vote(2, kTwo);
    vote.add({of_a, Loss::softmax_cross_entropy, kTwo}, dataset, all);
    vote.add({inference, Loss::softmax_cross_entropy, classes}, dataset, all);
    return vote.evaluation(dataset, all);
  };
  const Evaluation expected = vote_with(of_a, kTwo);
  const Evaluation result = vote_with(of_turned, other_order);
  EXPECT_EQ(result.loss, expected.loss);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(result.predictions[i].predicted, expected.predictions[i].predicted);
    EXPECT_EQ(result.predictions[i].probability, expected.predictions[i].probability);
  }
  EXPECT_THROW(vote_with(of_a, other_names), ArgumentError);
  EXPECT_THROW(vote_with(of_a, kThree), ShapeError);
}

// Alone, a model's vote is what evaluate says.
TEST(Vote, OfOneIsItsEvaluation) {
  const Dataset dataset = make_dataset({1, 6, 6}, 50, 3);
  Network network({1, 6, 6}, {layer_spec("fc", "fc", "{count: 3}")});
  network.initialise(1);
  const PixelTable table({{0.0}, {0.01}}, {1, 6, 6});
  Workers workers(1);
  Inference inference(network, table, workers);
  const Selection some = {3, 1, 4, 15, 9, 26, 5};
  const Evaluation expected = evaluate(inference, Loss::softmax_cross_entropy, dataset, some);
  Vote vote(some.size(), kThree);
  vote.add({inference, Loss::softmax_cross_entropy, kThree}, dataset, some);
  const Evaluation result = vote.evaluation(dataset, some);
  EXPECT_EQ(result.correct, expected.correct);
  EXPECT_NEAR(result.loss, expected.loss, 1e-6);
  for (std::size_t i = 0; i < some.size(); ++i) {
    EXPECT_EQ(result.predictions[i].label, expected.predictions[i].label);
    EXPECT_EQ(result.predictions[i].predicted, expected.predictions[i].predicted);
    EXPECT_EQ(result.predictions[i].probability, expected.predictions[i].probability);
  }
}

// One vote for each shift; nothing more once it is to stop.
TEST(Vote, CountsEachShiftAsAVoter) {
  const Dataset dataset = make_dataset({1, 6, 6}, 20, 3);
  Network network({1, 6, 6}, {layer_spec("fc", "fc", "{count: 3}")});
  network.initialise(1);
  const PixelTable table({{0.0}, {0.01}}, {1, 6, 6});
  Workers workers(1);
  Inference inference(network, table, workers);
  const Selection all = everything(20);
  const Voter voter{inference, Loss::softmax_cross_entropy, kThree};
  Vote one_by_one(20, kThree), at_once(20, kThree);
  for (const PixelShift& shift : neighbour_shifts()) {
    one_by_one.add(voter, shifted(dataset, shift), all);
  }
  EXPECT_TRUE(at_once.add(voter, dataset, all, neighbour_shifts()));
  const Evaluation expected = one_by_one.evaluation(dataset, all);
  const Evaluation result = at_once.evaluation(dataset, all);
  EXPECT_EQ(result.loss, expected.loss);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(result.predictions[i].predicted, expected.predictions[i].predicted);
    EXPECT_EQ(result.predictions[i].probability, expected.predictions[i].probability);
  }
  const std::atomic<bool> stop{true};
  EXPECT_FALSE(at_once.add(voter, dataset, all, neighbour_shifts(), stop));
}

// Squared error's outputs can say 0 for sure; the loss stays a number.
TEST(Vote, StaysFiniteWhereAProbabilityIsZero) {
  const Network sure = constant(0, 1);
  const PixelTable table({{0.0}, {1.0}}, {1, 2, 2});
  Workers workers(1);
  Inference inference(sure, table, workers);
  const Dataset dataset = two_images();
  Vote vote(1, kTwo);
  vote.add({inference, Loss::euclidean, kTwo}, dataset, {0});
  const Evaluation result = vote.evaluation(dataset, {0});
  EXPECT_EQ(result.correct, 0U);
  EXPECT_NEAR(result.loss, 708.4, 0.1);
}

}  // namespace
}  // namespace cnn
