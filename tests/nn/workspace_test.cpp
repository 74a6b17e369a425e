#include "nn/workspace.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "nn/traced_pass.hpp"
#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/gradient_check.hpp"
#include "support/networks.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

using testing::ElementsAre;

// Tensors of 1x4x4 = 16, 2x2x2 = 8 and 3 values.
Network small() {
  return Network({1, 4, 4}, {layer_spec("conv", "conv", "{count: 2, kernel: 1, stride: 2}"),
                             layer_spec("fc", "fc", "{count: 3}")});
}

std::size_t in_cache_lines(std::size_t bytes) {
  return (bytes + 63) / 64 * 64;
}
std::size_t reals(std::size_t count) {
  return in_cache_lines(count * sizeof(Real));
}

std::size_t largest_scratch(const Network& network) {
  std::size_t largest = 0;
  for (const Network::Node& node : network.nodes()) largest = std::max(largest, node.plan.scratch);
  return largest;
}

TEST(Workspace, KnowsItsCapacityAndPhase) {
  const Network network = small();
  const Workspace workspace(network, 5, Phase::evaluate);
  EXPECT_EQ(workspace.capacity(), 5U);
  EXPECT_EQ(workspace.phase(), Phase::evaluate);
}

std::size_t bytes_of_every_tensor(const Network& network, std::size_t samples) {
  return Workspace::bytes(network, samples, Phase::evaluate, Keep::every_tensor);
}

TEST(Workspace, HoldsEveryTensorAndScratch) {
  const Network network = small();
  EXPECT_EQ(bytes_of_every_tensor(network, 5),
            reals(5 * 16) + reals(5 * 8) + reals(5 * 3) + reals(largest_scratch(network)));
  EXPECT_GT(network.nodes().front().plan.scratch, 0U);
}

TEST(Workspace, HoldsGradientsOfAllButTheImagesForTraining) {
  const Network network = small();
  EXPECT_EQ(Workspace::bytes(network, 5, Phase::train) - bytes_of_every_tensor(network, 5),
            reals(5 * 8) + reals(5 * 3));
}

TEST(Workspace, HoldsWhatLayersKeepForBackward) {
  const Network network({1, 4, 4}, {layer_spec("pool", "pool", "{type: max, kernel: 2}")});
  EXPECT_EQ(Workspace::bytes(network, 3, Phase::train) - bytes_of_every_tensor(network, 3),
            reals(3 * 4) + in_cache_lines(3 * 4 * sizeof(std::uint8_t)));
}

// The output of the network over its images, which nobody reads any more.
TEST(Workspace, HoldsTensorsForAsLongAsTheyAreReadInEvaluation) {
  const Network network = small();
  EXPECT_EQ(Workspace::bytes(network, 5, Phase::evaluate),
            reals(5 * 16) + reals(5 * 8) + reals(largest_scratch(network)));
}

// A chain of tensors of 4x8x8 = 256 values. The images and the output are there for all samples,
// what is between them for a few, in two places; a layer that makes each channel of the same one
// may run beside the one before, and what that reads is still there.
TEST(Workspace, HoldsWhatFewSamplesPassThroughForThese) {
  const auto chain = [](const std::vector<const char*>& between) {
    std::vector<LayerSpec> specs;
    for (const char* kind : between) {
      const std::string name = std::string(kind) + std::to_string(specs.size());
      const bool is_conv = std::string(kind) == "conv";
      specs.push_back(layer_spec(kind, name, is_conv ? "{count: 4, kernel: 1}" : "{}"));
    }
    const Network network({4, 8, 8}, std::move(specs));
    return Workspace::bytes(network, 30, Phase::evaluate) - reals(largest_scratch(network));
  };
  constexpr std::size_t kFew = Network::kBlock;
  EXPECT_EQ(chain({"conv", "conv", "conv", "conv", "conv"}), reals((2 * 30 + 2 * kFew) * 256));
  EXPECT_EQ(chain({"conv", "conv", "relu", "conv", "conv"}), reals((2 * 30 + 3 * kFew) * 256));
}

TEST(Workspace, KeepsEveryTensorOnlyWhereItIsAskedTo) {
  Network network = small();
  draw_parameters(network);
  Workspace whole(network, 5, Phase::evaluate, Keep::every_tensor);
  Workspace shared(network, 5, Phase::evaluate);
  for (Workspace* workspace : {&whole, &shared}) {
    Draw draw(1);
    draw.integers(workspace->input(5), 3);
    network.forward(*workspace, 5, {});
  }
  EXPECT_EQ(values(shared.output(5)), values(whole.output(5)));
  EXPECT_EQ(network.first_non_finite(whole, 5), "");
  EXPECT_THROW(network.first_non_finite(shared, 5), ArgumentError);
}

// Layers of activations, where the one before reads its output on the way back, where another reads
// the same input, and where neither is so.
Network activations() {
  return Network({2, 3, 3},
                 {layer_spec("conv", "a", "{count: 2, kernel: 1}"), layer_spec("tanh", "b", "{}"),
                  layer_spec("relu", "c", "{}"), layer_spec("conv", "d", "{count: 2, kernel: 1}"),
                  layer_spec("relu", "e", "{}"), layer_spec("add", "f", "{}", {"e", "d"}),
                  layer_spec("fc", "g", "{count: 2}")});
}

TEST(Workspace, LaysATensorOverAnotherThatNobodyElseNeeds) {
  const Network network = activations();
  std::vector<bool> in_place, back_in_place;
  for (std::size_t i = 0; i < network.nodes().size(); ++i) {
    in_place.push_back(network.works_in_place(i));
    back_in_place.push_back(network.returns_in_place(i));
  }
  EXPECT_THAT(in_place, ElementsAre(false, true, false, false, false, false, false));
  EXPECT_THAT(back_in_place, ElementsAre(false, true, true, false, false, true, false));
  constexpr std::size_t kTensors = 6 - 1;    // of 2x3x3 = 18 values, and of 2
  constexpr std::size_t kGradients = 6 - 3;  // the same
  constexpr std::size_t kShares = 1;
  EXPECT_EQ(Workspace::bytes(network, 3, Phase::train),
            (1 + kTensors + kGradients + kShares) * reals(3 * 18) + 2 * reals(3 * 2) +
                reals(largest_scratch(network)));
}

TEST(Workspace, GivesInPlaceWhatTensorsOfTheirOwnGive) {
  Network network = activations();
  draw_parameters(network);
  Workspace workspace(network, 1, Phase::train);
  Gradients gradients(network);
  Draw draw(1);
  draw.integers(workspace.input(1), 3);
  TracedPass traced(network, workspace.input(1));
  network.forward(workspace, 1, {});
  EXPECT_EQ(values(workspace.output(1)), values(traced.output()));
  const std::vector<Real> doutput = {1, -2};
  std::ranges::copy(doutput, workspace.doutput(1).begin());
  network.backward(workspace, 1, gradients);
  traced.go_back(doutput);
  for (const Parameter& p : network.parameters()) {
    EXPECT_LE(element_wise_error(values(gradients.values().subspan(p.offset, p.size)),
                                 values(traced.gradient(p))),
              1e-6)
        << p.name;
  }
}

// batch_norm does the work of the relu behind it, unless another reads what it gives.
TEST(Workspace, GivesMergedWhatLayersOfTheirOwnGive) {
  Network network({2, 4, 4},
                  {layer_spec("conv", "a", "{count: 3, kernel: 1}"),
                   layer_spec("batch_norm", "b", "{freeze: true}"), layer_spec("relu", "c", "{}"),
                   layer_spec("conv", "d", "{count: 3, kernel: 1}"),
                   layer_spec("batch_norm", "e", "{freeze: true}"), layer_spec("relu6", "f", "{}"),
                   layer_spec("add", "g", "{}", {"f", "e"}), layer_spec("fc", "h", "{count: 2}")});
  std::vector<bool> merged;
  for (const Network::Node& node : network.nodes()) merged.push_back(node.is_merged);
  EXPECT_THAT(merged, ElementsAre(false, false, true, false, false, false, false, false));
  draw_parameters(network);
  for (const Parameter& p : network.parameters()) {
    if (p.is_learnt()) continue;
    for (Real& value : network.value(p)) value = 1 + std::abs(value);
  }
  Workspace workspace(network, 1, Phase::train);
  Gradients gradients(network);
  Draw draw(1);
  draw.integers(workspace.input(1), 3);
  TracedPass traced(network, workspace.input(1));
  network.forward(workspace, 1, {});
  EXPECT_LE(element_wise_error(values(workspace.output(1)), values(traced.output())), 1e-5);
  const std::vector<Real> doutput = {1, -2};
  std::ranges::copy(doutput, workspace.doutput(1).begin());
  network.backward(workspace, 1, gradients);
  traced.go_back(doutput);
  for (const Parameter& p : network.parameters()) {
    if (network.nodes()[p.layer].spec.type == "batch_norm") continue;  // not traced
    EXPECT_LE(element_wise_error(values(gradients.values().subspan(p.offset, p.size)),
                                 values(traced.gradient(p))),
              1e-5)
        << p.name;
  }
}

TEST(Workspace, HoldsRoomForTheSharesOfATensorReadTwice) {
  const Network network({4, 1, 1},
                        {layer_spec("fc", "a", "{count: 16}"), layer_spec("fc", "b", "{count: 16}"),
                         layer_spec("add", "sum", "{}", {"a", "b"})});
  constexpr std::size_t kTensors = 3;
  constexpr std::size_t kGradients = 3;
  constexpr std::size_t kShares = 1;
  EXPECT_EQ(Workspace::bytes(network, 3, Phase::train),
            reals(3 * 4) + (kTensors + kGradients + kShares) * reals(3 * 16) +
                reals(largest_scratch(network)));
}

TEST(Workspace, ViewsHoldSoManySamples) {
  const Network network = small();
  Workspace workspace(network, 5, Phase::train);
  EXPECT_EQ(workspace.input(2).size(), 2 * 16U);
  EXPECT_EQ(workspace.output(2).size(), 2 * 3U);
  EXPECT_EQ(workspace.doutput(5).size(), 5 * 3U);
}

TEST(Workspace, StartsItsViewsOnCacheLines) {
  const Network network = small();
  Workspace workspace(network, 3, Phase::train);
  const auto is_aligned = [](const Real* data) {
    return reinterpret_cast<std::uintptr_t>(data) % Arena::kAlignment == 0;
  };
  EXPECT_TRUE(is_aligned(workspace.input(1).data()));
  EXPECT_TRUE(is_aligned(workspace.output(1).data()));
  EXPECT_TRUE(is_aligned(workspace.doutput(1).data()));
}

TEST(Gradients, AreLaidOutLikeTheValues) {
  const Network network = small();
  EXPECT_EQ(Gradients(network).values().size(), network.values().size());
}

TEST(Gradients, StartAtZeroAndCanBeCleared) {
  const Network network = small();
  Gradients gradients(network);
  const Values zeros(network.values().size(), 0.0);
  EXPECT_EQ(values(gradients.values()), zeros);
  for (Real& value : gradients.values()) value = 3;
  gradients.clear();
  EXPECT_EQ(values(gradients.values()), zeros);
}

}  // namespace
}  // namespace cnn
