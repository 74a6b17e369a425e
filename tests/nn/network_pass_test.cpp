// Forward and backward of whole networks.

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/workers.hpp"
#include "nn/network.hpp"
#include "nn/workspace.hpp"
#include "support/allocation_counter.hpp"
#include "support/example_options.hpp"
#include "support/gradient_check.hpp"
#include "support/networks.hpp"

namespace cnn {
namespace {

// ‖numeric − analytic‖ / ‖numeric + analytic‖ over all parameters that are learnt.
double gradient_error(Network network, Loss loss, std::size_t n, double step) {
  draw_parameters(network);
  Pass pass(network, n, loss);
  pass.forward();
  pass.backward();
  Values analytic;
  Values numeric;
  for (const Parameter& p : network.parameters()) {
    if (!p.is_learnt()) continue;
    const Values a = values(pass.gradients().subspan(p.offset, p.size));
    const Values b = numeric_gradient(network.value(p), step, [&] { return pass.forward(); });
    analytic.insert(analytic.end(), a.begin(), a.end());
    numeric.insert(numeric.end(), b.begin(), b.end());
  }
  return norm_wise_error(numeric, analytic);
}

constexpr bool kIsDouble = sizeof(Real) == sizeof(double);
// UFLDL asks for 1e-9 with a step of 1e-4 in double. Truncation grows with the square of the step,
// and these networks bend more sharply than UFLDL's; in float, rounding is what counts.
constexpr double kUfldlStep = kIsDouble ? 1e-4 : 1e-2;
constexpr double kStep = kIsDouble ? 3e-5 : 1e-2;
constexpr double kSmoothError = kIsDouble ? 1e-9 : 2e-4;
// As small as rounding allows, lest a value passes a kink.
constexpr double kKinkStep = kIsDouble ? 1e-6 : 1e-3;
constexpr double kKinkError = kIsDouble ? 1e-8 : 1e-2;

// Two networks of one description, for images of two sizes.
TEST(NetworkPass, OfOneDescriptionDoesNotDependOnAnotherNetworkOfIt) {
  const auto describe = [] {
    return std::vector<LayerSpec>{layer_spec("conv", "conv", "{count: 4, kernel: 3, pad: 1}"),
                                  layer_spec("pool", "pool", "{type: max, kernel: 2}"),
                                  layer_spec("conv", "b", "{count: 2, kernel: 3, stride: 2}"),
                                  layer_spec("concat", "join", "{}", {"b", "b"}),
                                  layer_spec("pool", "all", "{type: avg, global: true}"),
                                  layer_spec("fc", "fc", "{count: 3}")};
  };
  const auto outputs = [](Network& network) {
    draw_parameters(network);
    Pass pass(network, 3, Loss::softmax_cross_entropy);
    pass.forward();
    pass.backward();
    return values(pass.gradients());
  };
  const std::vector<LayerSpec> shared = describe();
  Network small({1, 12, 10}, shared);
  Network large({2, 20, 23}, shared);
  Network small_alone({1, 12, 10}, describe());
  Network large_alone({2, 20, 23}, describe());
  EXPECT_EQ(outputs(small), outputs(small_alone));
  EXPECT_EQ(outputs(large), outputs(large_alone));
}

class NetworkGradient : public testing::TestWithParam<Loss> {};

// UFLDL's own check: ten images, 2 filters of 9x9, mean pooling of 5, softmax.
TEST_P(NetworkGradient, OfUfldlsCheckAgreesWithCentralDifferences) {
  Network network(kDigit, {layer_spec("conv", "conv", "{count: 2, kernel: 9}"),
                           layer_spec("sigmoid", "sigmoid"),
                           layer_spec("pool", "pool", "{type: avg, kernel: 5}"),
                           layer_spec("fc", "fc", "{count: 10}")});
  EXPECT_EQ(network.parameter_count(), 494U);
  EXPECT_LT(gradient_error(std::move(network), GetParam(), 10, kUfldlStep), kSmoothError);
}

TEST_P(NetworkGradient, OfAChainAgreesWithCentralDifferences) {
  EXPECT_LT(gradient_error(smooth_chain(), GetParam(), 4, kStep), kSmoothError);
}

TEST_P(NetworkGradient, OfAGraphAgreesWithCentralDifferences) {
  EXPECT_LT(gradient_error(smooth_graph(), GetParam(), 4, kStep), kSmoothError);
}

TEST_P(NetworkGradient, OfANormalisedChainAgreesWithCentralDifferences) {
  EXPECT_LT(gradient_error(normalised_chain(), GetParam(), 8, kStep), kSmoothError);
}

TEST_P(NetworkGradient, OfAChainWithKinksAgreesWithCentralDifferences) {
  EXPECT_LT(gradient_error(kinked_chain(), GetParam(), 4, kKinkStep), kKinkError);
}

INSTANTIATE_TEST_SUITE_P(Losses, NetworkGradient,
                         testing::Values(Loss::softmax_cross_entropy, Loss::euclidean),
                         [](const auto& loss_info) {
                           return std::string(
                               kLossNames[static_cast<std::size_t>(loss_info.param)]);
                         });

Values results_of(Pass& pass) {
  pass.forward();
  pass.backward();
  return pass.results();
}

TEST(NetworkPass, FirstSoftmaxLossOfTenClassesIsLn10) {
  Network network = lenet();
  EXPECT_NEAR(Pass(network, 2).forward(), std::numbers::ln10, 1e-15);
}

TEST(NetworkPass, BackwardAddsIntoTheGradients) {
  Network network = smooth_chain();
  draw_parameters(network);
  Pass pass(network, 3);
  pass.forward();
  pass.backward();
  const Values once = values(pass.gradients());
  pass.backward();
  Values twice = once;
  add(twice, once);
  EXPECT_LE(element_wise_error(values(pass.gradients()), twice),
            16 * std::numeric_limits<Real>::epsilon());
}

// The residual sum hands its gradient on unchanged; with all layers linear the network is one
// matrix, known by hand.
TEST(NetworkPass, ASharedTensorReceivesTheSumOfItsReadersGradients) {
  Network network({1, 1, 1}, {layer_spec("fc", "w", "{count: 1, bias: false}"),
                              layer_spec("fc", "v", "{count: 1, bias: false}"),
                              layer_spec("add", "sum", "{}", {"w", "v", "w"})});
  assign(network.value(network.parameters()[0]), {2});
  assign(network.value(network.parameters()[1]), {3});
  Workspace workspace(network, 1, Phase::train);
  Gradients gradients(network);
  workspace.input(1)[0] = 5;
  network.forward(workspace, 1, {});
  EXPECT_EQ(workspace.output(1)[0], 2 * 5 + 3 * 2 * 5 + 2 * 5);
  workspace.doutput(1)[0] = 1;
  network.backward(workspace, 1, gradients);
  EXPECT_EQ(gradients.values()[network.parameters()[0].offset], (1 + 3 + 1) * 5);
  EXPECT_EQ(gradients.values()[network.parameters()[1].offset], 2 * 5);
}

// Two tensors, both read by both layers above them, so that the lower one's shares of both
// gradients have to be kept apart until they are added.
TEST(NetworkPass, SharesOfSeveralTensorsAreKeptApart) {
  Network network({1, 1, 1}, {layer_spec("fc", "w", "{count: 1, bias: false}"),
                              layer_spec("fc", "v", "{count: 1, bias: false}", {"input"}),
                              layer_spec("concat", "pair", "{}", {"w", "v"}),
                              layer_spec("concat", "all", "{}", {"w", "v", "pair"})});
  Workspace workspace(network, 1, Phase::train);
  Gradients gradients(network);
  workspace.input(1)[0] = 5;
  network.forward(workspace, 1, {});
  assign(workspace.doutput(1), {1, 20, 300, 4000});
  network.backward(workspace, 1, gradients);
  EXPECT_EQ(gradients.values()[network.parameters()[0].offset], (1 + 300) * 5);
  EXPECT_EQ(gradients.values()[network.parameters()[1].offset], (20 + 4000) * 5);
}

TEST(NetworkPass, DoesNotDependOnTheWorkspacesCapacity) {
  for (Network (*make)() : {smooth_graph, lenet}) {
    Network network = make();
    draw_parameters(network);
    Pass exact(network, 3);
    Pass roomy(network, 3, Loss::softmax_cross_entropy, 5);
    EXPECT_EQ(results_of(roomy), results_of(exact));
  }
}

TEST(NetworkPass, DoesNotDependOnWhatTheWorkspaceHeldBefore) {
  Network network = smooth_graph();
  draw_parameters(network);
  Pass fresh(network, 2);
  Pass used(network, 2);
  const Values images = values(used.input());
  for (Real& value : used.input()) value = -7;
  used.forward();
  used.backward();
  for (Real& value : used.gradients()) value = 0;
  assign(used.input(), images);
  EXPECT_EQ(results_of(used), results_of(fresh));
}

// But for roundings: evaluation may multiply image by image.
TEST(NetworkPass, EvaluationGivesTheOutputsOfTrainingWhereNothingIsRandom) {
  Network network = lenet();
  draw_parameters(network);
  Pass pass(network, 3);
  pass.forward();
  Workspace evaluation(network, 3, Phase::evaluate);
  assign(evaluation.input(3), values(pass.input()));
  network.forward(evaluation, 3, {});
  const CView expected = pass.output();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(evaluation.output(3)[i], expected[i],
                1e-5 * std::max(1.0, std::abs(double{expected[i]})))
        << i;
  }
}

TEST(NetworkPass, EveryDropoutLayerDrawsItsOwn) {
  Network network({1, 10, 10}, {layer_spec("dropout", "a", "{rate: 0.5}"),
                                layer_spec("dropout", "b", "{rate: 0.5}", {"input"}),
                                layer_spec("concat", "both", "{}", {"a", "b"})});
  Workspace workspace(network, 1, Phase::train);
  for (Real& value : workspace.input(1)) value = 1;
  network.forward(workspace, 1, {});
  EXPECT_NE(part(workspace.output(1), 0, 2), part(workspace.output(1), 1, 2));
}

TEST(NetworkPass, AllocatesNothing) {
  for (Network (*make)() : {smooth_graph, kinked_chain}) {
    Network network = make();
    draw_parameters(network);
    Pass pass(network, 2);
    const std::size_t before = allocations_of_this_thread();
    pass.forward();
    pass.backward();
    EXPECT_EQ(allocations_of_this_thread(), before);
  }
}

TEST(NetworkPass, MayRunOnSeveralThreadsAtOnce) {
  Network network = smooth_graph();
  draw_parameters(network);
  constexpr std::size_t kThreads = 4;
  std::vector<Pass> passes;
  for (std::size_t i = 0; i < kThreads; ++i) passes.emplace_back(network, 5);
  Workers workers(kThreads);
  workers.run(kThreads, [&](int, int task) {
    passes[static_cast<std::size_t>(task)].forward();
    passes[static_cast<std::size_t>(task)].backward();
  });
  Pass alone(network, 5);
  const Values expected = results_of(alone);
  for (Pass& pass : passes) EXPECT_EQ(pass.results(), expected);
}

// Runs one sample after `spoil` has done something to the network or to its input.
template <typename Spoil>
std::string first_non_finite(Spoil&& spoil) {
  Network network = lenet();
  draw_parameters(network);
  Workspace workspace(network, 1, Phase::train);
  spoil(network, workspace.input(1));
  network.forward(workspace, 1, {});
  return network.first_non_finite(workspace, 1);
}

TEST(FirstNonFinite, IsEmptyIfAllIsWell) {
  EXPECT_EQ(first_non_finite([](Network&, View) {}), "");
}

TEST(FirstNonFinite, NamesTheInput) {
  EXPECT_EQ(first_non_finite(
                [](Network&, View input) { input[5] = std::numeric_limits<Real>::infinity(); }),
            "the input");
}

TEST(FirstNonFinite, NamesTheLayerAtWhichItBegan) {
  for (const std::string name : {"conv2", "fc2"}) {
    const std::string found = first_non_finite([&](Network& network, View) {
      for (const Parameter& p : network.parameters()) {
        if (p.name == name + ".bias") {
          network.value(p)[0] = std::numeric_limits<Real>::quiet_NaN();
        }
      }
    });
    EXPECT_EQ(found, "output of '" + name + "'");
  }
}

}  // namespace
}  // namespace cnn
