#include "nn/fold.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "nn/workspace.hpp"
#include "support/allocation_counter.hpp"
#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

constexpr std::size_t kSamples = 6;

// All values at random; variances are positive.
void draw_values(Network& network, Draw& draw) {
  for (const Parameter& p : network.parameters()) {
    const View v = network.value(p);
    draw.reals(v, 0.75);
    if (!p.name.ends_with("running_var")) continue;
    for (Real& value : v) value = static_cast<Real>(std::abs(value) + 0.25);
  }
}

Values outputs(const Network& network, const Values& images) {
  Workspace workspace(network, kSamples, Phase::evaluate);
  assign(workspace.input(kSamples), images);
  network.forward(workspace, kSamples, {});
  return values(workspace.output(kSamples));
}

Values draw_images(const Network& network, Draw& draw) {
  std::vector<Real> images(kSamples * network.input().size());
  draw.reals(images, 1);
  return values(images);
}

double largest(const Values& all) {
  double result = 0;
  for (const double value : all) result = std::max(result, std::abs(value));
  return result;
}

// Both networks differ by no more than the rounding of a few hundred products and sums.
void expect_same_outputs(Network& network, std::size_t layers_left) {
  Draw draw(1);
  draw_values(network, draw);
  const Values before = values(network.values());
  const FoldedNetwork folded(network);
  EXPECT_EQ(folded.network().nodes().size(), layers_left);
  const Values images = draw_images(network, draw);
  const Values expected = outputs(network, images);
  EXPECT_LE(largest_difference(outputs(folded.network(), images), expected),
            1e-5 * largest(expected));
  EXPECT_GT(largest(expected), 0.01);
  EXPECT_EQ(values(network.values()), before);
}

Network small_network(const char* bias) {
  return Network({2, 9, 8}, {layer_spec("conv", "conv1",
                                        "{count: 3, kernel: 3, pad: 1" + std::string(bias) + "}"),
                             layer_spec("batch_norm", "bn1"), layer_spec("relu", "relu1"),
                             layer_spec("conv", "conv2", "{count: 4, kernel: [2, 3]}"),
                             layer_spec("batch_norm", "bn2", "{epsilon: 0.01}"),
                             layer_spec("pool", "pool", "{type: max, kernel: 2}"),
                             layer_spec("fc", "fc1", "{count: 7" + std::string(bias) + "}"),
                             layer_spec("batch_norm", "bn3"), layer_spec("tanh", "tanh"),
                             layer_spec("fc", "fc2", "{count: 3}")});
}

TEST(FoldedNetwork, IsTheSameFunctionInFewerLayers) {
  for (const char* bias : {"", ", bias: false"}) {
    Network network = small_network(bias);
    expect_same_outputs(network, 6);
  }
}

TEST(FoldedNetwork, HasTheWeightsAndBiasesOfTheFormula) {
  Network network({1, 1, 1}, {layer_spec("fc", "fc", "{count: 1}"),
                              layer_spec("batch_norm", "bn", "{epsilon: 0.25}")});
  const Values start = {2, 1, 3, 0.5, 2, 3.75};  // W, b, γ, β, μ, σ²
  for (std::size_t k = 0; k < start.size(); ++k) {
    assign(network.value(network.parameters()[k]), {start[k]});
  }
  const FoldedNetwork folded(network);
  const auto& parameters = folded.network().parameters();
  ASSERT_EQ(parameters.size(), 2U);
  EXPECT_EQ(folded.network().value(parameters[0])[0], Real{2 * 1.5});
  EXPECT_EQ(folded.network().value(parameters[1])[0], Real{(1 - 2) * 1.5 + 0.5});
}

TEST(FoldedNetwork, MergesSeveralInARow) {
  Network network({1, 4, 4}, {layer_spec("conv", "conv", "{count: 2, kernel: 3}"),
                              layer_spec("batch_norm", "bn1"), layer_spec("batch_norm", "bn2"),
                              layer_spec("fc", "fc", "{count: 2}")});
  expect_same_outputs(network, 2);
}

TEST(FoldedNetwork, FollowsTheGraphByItsNames) {
  Network network(
      {2, 5, 5},
      {layer_spec("conv", "a", "{count: 2, kernel: 1}"),
       layer_spec("conv", "b", "{count: 2, kernel: 3, pad: 1}", {"input"}),
       layer_spec("batch_norm", "na", "{}", {"a"}), layer_spec("batch_norm", "nb", "{}", {"b"}),
       layer_spec("add", "sum", "{}", {"na", "nb", "input"}), layer_spec("relu", "r1", "{}"),
       layer_spec("concat", "join", "{}", {"r1", "na"}), layer_spec("fc", "fc", "{count: 3}")});
  expect_same_outputs(network, 5);
}

// Every kind of layer that takes up a range, and whatever kernel it computes by, gives the bits of
// the layer and the range one after the other.
TEST(FoldedNetwork, RangesChangeNoBit) {
  const std::vector<LayerSpec> hosts[] = {
      {layer_spec("conv", "a", "{count: 5, kernel: 3, pad: 1}")},          // few channels
      {layer_spec("conv", "a", "{count: 6, kernel: 1, stride: [1, 2]}")},  // pointwise
      {layer_spec("conv", "a", "{count: 40, kernel: 1}"),
       layer_spec("conv", "b", "{count: 24, kernel: 3, pad: 1}")},            // Winograd
      {layer_spec("conv", "a", "{count: 9, kernel: 2, stride: 2}")},          // direct
      {layer_spec("conv", "a", "{count: 2, kernel: 3, groups: 2, pad: 1}")},  // depthwise
      {layer_spec("conv", "a", "{count: 4, kernel: [3, 2], groups: 2}"),
       layer_spec("conv", "b", "{count: 4, kernel: 2, stride: 3, groups: 2}")},  // a column matrix
      {layer_spec("fc", "a", "{count: 300}")},
      {layer_spec("add", "a", "{}", {"input", "input", "input"})}};
  for (const std::vector<LayerSpec>& host : hosts) {
    for (const char* range : {"relu", "relu6"}) {
      SCOPED_TRACE(testing::Message() << &host - hosts << " " << range);
      std::vector<LayerSpec> layers = host;
      layers.push_back(layer_spec(range, "range"));
      Network network({2, 12, 11}, layers);
      Draw draw(1);
      draw_values(network, draw);
      const FoldedNetwork plain(network, FoldedNetwork::Merges::affine);
      const FoldedNetwork folded(network);
      ASSERT_EQ(folded.network().nodes().size(), host.size());
      ASSERT_EQ(plain.network().nodes().size(), layers.size());
      Values images = draw_images(network, draw);
      for (double& pixel : images) pixel *= 8;
      const Values expected = outputs(plain.network(), images);
      EXPECT_EQ(outputs(folded.network(), images), expected);
      EXPECT_EQ(std::ranges::min(expected), 0);
    }
  }
}

TEST(FoldedNetwork, TakesUpOneRangeAndNothingBehindIt) {
  Network network({2, 5, 5},
                  {layer_spec("conv", "conv", "{count: 2, kernel: 3}"), layer_spec("relu6", "r6"),
                   layer_spec("relu", "r"), layer_spec("batch_norm", "bn"),
                   layer_spec("fc", "fc", "{count: 3}")});
  expect_same_outputs(network, 4);
}

TEST(FoldedNetwork, LeavesARangeWhoseInputOthersRead) {
  Network network(
      {1, 5, 5},
      {layer_spec("conv", "conv", "{count: 2, kernel: 3}"), layer_spec("relu", "relu"),
       layer_spec("add", "sum", "{}", {"conv", "relu"}), layer_spec("fc", "fc", "{count: 3}")});
  expect_same_outputs(network, 4);
}

TEST(FoldedNetwork, HidesNoNaN) {
  Network network(
      {1, 3, 8}, {layer_spec("conv", "conv", "{count: 2, kernel: 1}"), layer_spec("relu", "relu")});
  Draw draw(1);
  draw_values(network, draw);
  const FoldedNetwork folded(network);
  Values images = draw_images(network, draw);
  images[5] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(outputs(folded.network(), images)[5]));
}

TEST(FoldedNetwork, LeavesABatchNormWhoseInputOthersRead) {
  Network network(
      {1, 5, 5},
      {layer_spec("conv", "conv", "{count: 2, kernel: 3}"), layer_spec("batch_norm", "bn"),
       layer_spec("add", "sum", "{}", {"conv", "bn"}), layer_spec("fc", "fc", "{count: 3}")});
  expect_same_outputs(network, 4);
}

TEST(FoldedNetwork, LeavesABatchNormOfTheImagesOrOfAPool) {
  Network network(
      {2, 4, 4},
      {layer_spec("batch_norm", "bn1"), layer_spec("pool", "pool", "{type: avg, kernel: 2}"),
       layer_spec("batch_norm", "bn2"), layer_spec("fc", "fc", "{count: 3}")});
  expect_same_outputs(network, 4);
}

TEST(FoldedNetwork, IsTheOriginalIfThereIsNothingToMerge) {
  const Network network({1, 4, 4}, {layer_spec("fc", "fc", "{count: 3}")});
  EXPECT_EQ(&FoldedNetwork(network).network(), &network);
}

// A layer that tells how often it was planned.
class Planned final : public LayerOf<Planned> {
 public:
  void options(OptionVisitor&) override {}
  LayerPlan plan(std::span<const Shape> inputs) override {
    ++times;
    LayerPlan plan;
    plan.output = only_input(inputs);
    return plan;
  }
  void forward(const ForwardArgs& args) const override {
    std::copy(args.inputs[0].begin(), args.inputs[0].end(), args.output.begin());
  }
  void backward(const BackwardArgs&) const override {}

  int times = 0;
};

// Layers are immutable once they are planned: other threads may be running the original.
TEST(FoldedNetwork, LeavesTheLayersOfTheOriginalAlone) {
  LayerSpec watched{"planned", "planned", {}, {}, {}, {}, {}, std::make_shared<Planned>()};
  const Network network(
      {1, 4, 4}, {layer_spec("fc", "fc", "{count: 3}"), layer_spec("batch_norm", "bn"), watched});
  const FoldedNetwork folded(network);
  ASSERT_EQ(folded.network().nodes().size(), 2U);
  const Layer* const original = network.nodes().back().layer.get();
  const Layer* const copy = folded.network().nodes().back().layer.get();
  EXPECT_NE(original, copy);
  EXPECT_EQ(dynamic_cast<const Planned&>(*original).times, 1);
  EXPECT_EQ(dynamic_cast<const Planned&>(*copy).times, 1);
  EXPECT_EQ(dynamic_cast<const Planned&>(*watched.layer).times, 0);
}

// y = 2·x + 1, of which nothing but this test knows.
class DoublePlusOne final : public LayerOf<DoublePlusOne> {
 public:
  void options(OptionVisitor&) override {}
  LayerPlan plan(std::span<const Shape> inputs) override {
    LayerPlan plan;
    plan.output = only_input(inputs);
    return plan;
  }
  void forward(const ForwardArgs& args) const override {
    const auto map = [](Real x) { return 2 * x + 1; };
    std::transform(args.inputs[0].begin(), args.inputs[0].end(), args.output.begin(), map);
  }
  void backward(const BackwardArgs&) const override {}
  std::optional<ChannelAffine> as_affine(std::span<const CView>, std::size_t) const override {
    return ChannelAffine{.mean = 0, .scale = 2, .shift = 1};
  }
};

TEST(FoldedNetwork, MergesWhateverSaysThatItIsAffine) {
  const LayerSpec map{"map", "map", {}, {}, {}, {}, {}, std::make_shared<DoublePlusOne>()};
  Network network({1, 4, 4}, {layer_spec("conv", "conv", "{count: 2, kernel: 3}"), map,
                              layer_spec("fc", "fc", "{count: 3}")});
  expect_same_outputs(network, 2);
}

TEST(FoldedNetwork, TakesOverNewValuesWithoutAllocating) {
  Network network = small_network(", bias: false");
  Draw draw(3);
  draw_values(network, draw);
  FoldedNetwork folded(network);
  draw_values(network, draw);
  const std::size_t before = allocations_of_this_thread();
  folded.update();
  EXPECT_EQ(allocations_of_this_thread(), before);
  EXPECT_EQ(values(folded.network().values()), values(FoldedNetwork(network).network().values()));
}

}  // namespace
}  // namespace cnn
