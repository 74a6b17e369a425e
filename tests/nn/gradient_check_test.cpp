#include "nn/gradient_check.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/faulty_layer.hpp"
#include "support/networks.hpp"
#include "support/random_network.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

constexpr bool kIsDouble = sizeof(Real) == sizeof(double);

// Everything that the checker says of a network on three drawn images.
struct Checked {
  std::vector<GradientComparison> layers;
  std::vector<GradientComparison> parameters;
  std::string complaint;
};
Checked check(Network& network, Loss loss = Loss::softmax_cross_entropy) {
  constexpr std::size_t kSamples = 4;
  std::vector<Real> images(kSamples * network.input().size());
  Draw draw(7);
  draw.reals(images, 0.5);
  std::vector<std::uint16_t> labels;
  for (std::size_t i = 0; i < kSamples; ++i) {
    labels.push_back(
        static_cast<std::uint16_t>(draw.integer(0, static_cast<int>(network.output().size()) - 1)));
  }
  GradientChecker checker({.network = network,
                           .loss = loss,
                           .images = images,
                           .labels = labels,
                           .seed = 3,
                           .network_directions = kIsDouble ? kEveryValue : 4});
  Checked result;
  for (std::size_t i = 0; i < network.nodes().size(); ++i) {
    for (GradientComparison& c : checker.check_layer(i)) result.layers.push_back(std::move(c));
  }
  for (std::size_t i = 0; i < network.parameters().size(); ++i) {
    if (!network.parameters()[i].is_learnt() || network.parameters()[i].frozen) continue;
    result.parameters.push_back(checker.check_parameter(i));
  }
  result.complaint = gradient_complaint(network, result.layers, result.parameters);
  return result;
}

class RandomNetworks : public testing::TestWithParam<Loss> {};

TEST_P(RandomNetworks, ThatAreSmoothAgreeWithCentralDifferences) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    Network network = random_network(seed, true);
    const Checked checked = check(network, GetParam());
    EXPECT_EQ(checked.complaint, "") << "seed " << seed;
    for (const GradientComparison& c : checked.parameters) {
      EXPECT_EQ(c.verdict, Verdict::agrees)
          << "seed " << seed << " layer " << c.layer << " " << c.gradient << " " << c.error;
    }
  }
}

// A kink between a value's two steps spoils its quotient. Steps as short as double allows seldom
// meet one; float's do, and where depends on the roundings of the BLAS kernel.
TEST_P(RandomNetworks, ThatHaveKinksRaiseNoAlarm) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    Network network = random_network(seed, false);
    const Checked checked = check(network, GetParam());
    EXPECT_EQ(checked.complaint, "") << "seed " << seed;
    for (const GradientComparison& c : checked.parameters) {
      EXPECT_LE(c.error, kIsDouble ? 1e-6 : 5e-2)
          << "seed " << seed << " layer " << c.layer << " " << c.gradient;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, RandomNetworks,
                         testing::Values(Loss::softmax_cross_entropy, Loss::euclidean),
                         [](const auto& loss_info) {
                           return std::string(
                               kLossNames[static_cast<std::size_t>(loss_info.param)]);
                         });

// conv1 - tanh1 - pool1 - conv2 - relu2 - pool2 - (conv3 + ) - dropout1 - fc1, with a fault in one
// layer.
std::vector<LayerSpec> healthy_layers() {
  return {layer_spec("conv", "conv1", "{count: 3, kernel: 3}"),
          layer_spec("tanh", "tanh1"),
          layer_spec("pool", "pool1", "{type: avg, kernel: 2}"),
          layer_spec("conv", "conv2", "{count: 4, kernel: [3, 2], pad: 1}"),
          layer_spec("relu", "relu2"),
          layer_spec("pool", "pool2", "{type: max, kernel: 2, stride: 1}"),
          layer_spec("conv", "conv3", "{count: 4, kernel: 3, pad: 1}"),
          layer_spec("add", "add1", "{}", {"pool2", "conv3"}),
          layer_spec("dropout", "dropout1", "{rate: 0.5}"),
          layer_spec("fc", "fc1", "{count: 4}")};
}

Network faulty_network(const std::string& name, const Fault& fault) {
  std::vector<LayerSpec> layers = healthy_layers();
  for (LayerSpec& spec : layers) {
    if (spec.name == name) spec.layer = std::make_shared<FaultyLayer>(*spec.layer, fault);
  }
  Network network({2, 10, 12}, std::move(layers));
  draw_parameters(network);
  return network;
}

void scale(View values, double factor) {
  for (Real& value : values) value = static_cast<Real>(factor * value);
}

struct Planted {
  std::string name;      // of the test
  std::string layer;     // that has the fault
  std::string gradient;  // that it is in
  Fault fault;
};
void PrintTo(const Planted& planted, std::ostream* out) {
  *out << planted.name;
}

const std::vector<Planted> kPlanted = {
    {"BiasGradientMissing", "conv2", "bias",
     [](const BackwardArgs& args) { scale(args.dparameters[1], 0); }},
    {"OneOverMForgotten", "conv2", "weight",
     [](const BackwardArgs& args) {
       scale(args.dparameters[0], static_cast<double>(args.n));
       scale(args.dparameters[1], static_cast<double>(args.n));
     }},
    {"OnePercentTooMuch", "fc1", "weight",
     [](const BackwardArgs& args) { scale(args.dparameters[0], 1.01); }},
    {"WeightGradientOfTheLastFilterMissing", "conv3", "weight",
     [](const BackwardArgs& args) {
       scale(args.dparameters[0].last(args.dparameters[0].size() / 4), 0);
     }},
    {"KernelNotRotated", "conv3", "dx",
     [](const BackwardArgs& args) { std::ranges::reverse(args.dinputs[0]); }},
    {"ShareOfTheMeanWrong", "pool1", "dx",
     [](const BackwardArgs& args) { scale(args.dinputs[0], 2); }},
    {"ArgMaxOffByOne", "pool2", "dx",
     [](const BackwardArgs& args) {
       const View dx = args.dinputs[0];  // clang 14 cannot compile std::ranges::rotate
       std::rotate(dx.begin(), dx.begin() + 1, dx.end());
     }},
    {"SlopeForgotten", "tanh1", "dx",
     [](const BackwardArgs& args) { std::ranges::copy(args.doutput, args.dinputs[0].begin()); }},
    {"NegativesPassed", "relu2", "dx",
     [](const BackwardArgs& args) { std::ranges::copy(args.doutput, args.dinputs[0].begin()); }},
    {"SecondInputForgotten", "add1", "dx 2",
     [](const BackwardArgs& args) { scale(args.dinputs[1], 0); }},
    {"SurvivorsNotScaled", "dropout1", "dx",
     [](const BackwardArgs& args) { scale(args.dinputs[0], 0.5); }},
    {"NotANumber", "fc1", "dx",
     [](const BackwardArgs& args) { args.dinputs[0][0] = std::numeric_limits<Real>::quiet_NaN(); }},
};

class PlantedFault : public testing::TestWithParam<Planted> {};

TEST_P(PlantedFault, IsFoundAndTheLayerNamed) {
  const auto& [name, layer, gradient, fault] = GetParam();
  Network network = faulty_network(layer, fault);
  const Checked checked = check(network);
  for (const GradientComparison& c : checked.layers) {
    const std::string& found = network.nodes()[c.layer].spec.name;
    if (found == layer && c.gradient == gradient) {
      EXPECT_EQ(c.verdict, Verdict::differs) << c.error;
    }
    if (found != layer) {
      EXPECT_EQ(c.verdict, Verdict::agrees) << found << " " << c.gradient;
    }
  }
  EXPECT_NE(checked.complaint.find("'" + layer + "': "), std::string::npos) << checked.complaint;
  EXPECT_NE(checked.complaint.find(gradient + " "), std::string::npos) << checked.complaint;
}

INSTANTIATE_TEST_SUITE_P(Faults, PlantedFault, testing::ValuesIn(kPlanted),
                         [](const auto& planted) { return planted.param.name; });

// A layer alone is tried on two samples; this fault needs the three of the network's batch. J
// changes for all parameters below conv3, for none above.
TEST(GradientChecker, FindsInJWhatNoLayerShowsByItself) {
  Network network = faulty_network("conv3", [](const BackwardArgs& args) {
    if (args.n > 3) scale(args.dinputs[0], 1.5);
  });
  const Checked checked = check(network);
  for (const GradientComparison& c : checked.layers) EXPECT_EQ(c.verdict, Verdict::agrees);
  for (const GradientComparison& c : checked.parameters) {
    const std::string& name = network.nodes()[c.layer].spec.name;
    EXPECT_EQ(c.verdict == Verdict::differs, name == "conv1" || name == "conv2")
        << name << " " << c.gradient << " " << c.error;
  }
  EXPECT_NE(checked.complaint.find("the fault is in 'conv2' or between it and the loss"),
            std::string::npos)
      << checked.complaint;
}

TEST(GradientChecker, FindsOnePercentInJ) {
  Network network = faulty_network("fc1", [](const BackwardArgs& args) {
    if (args.n > 3) scale(args.dparameters[0], 1.01);
  });
  EXPECT_NE(check(network).complaint.find("fc 'fc1': weight"), std::string::npos);
}

TEST(GradientChecker, FindsAGradientThatIsWronglyZeroInJ) {
  Network network = faulty_network("conv2", [](const BackwardArgs& args) {
    if (args.n > 3) scale(args.dparameters[1], 0);
  });
  EXPECT_NE(check(network).complaint.find("conv 'conv2': bias"), std::string::npos);
}

TEST(GradientChecker, PutsTheParametersBack) {
  Network network = smooth_graph();
  draw_parameters(network);
  const Values before = values(network.values());
  check(network);
  EXPECT_EQ(values(network.values()), before);
}

// Smoothing and weights of classes belong to J, and so to its gradient.
TEST(GradientChecker, TakesTheLossThatTrainingTakes) {
  Network network = smooth_chain();
  draw_parameters(network);
  std::vector<Real> images(2 * network.input().size());
  Draw draw(5);
  draw.reals(images, 1);
  const std::vector<std::uint16_t> labels = {0, 1};
  const auto checker = [&](const LossOptions& options) {
    return std::make_unique<GradientChecker>(GradientCheck{.network = network,
                                                           .loss = Loss::softmax_cross_entropy,
                                                           .images = images,
                                                           .labels = labels,
                                                           .loss_options = options});
  };
  std::vector<double> weights(network.output().size(), 0.5);
  const double plain = checker({})->loss();
  EXPECT_NEAR(checker({.label_smoothing = 0, .class_weights = weights})->loss(), plain / 2,
              1e-6 * plain);
  weights[1] = 3;
  const auto both = checker({.label_smoothing = 0.3, .class_weights = weights});
  EXPECT_NE(both->loss(), plain);
  for (std::size_t i = 0; i < network.parameters().size(); ++i) {
    EXPECT_EQ(both->check_parameter(i).verdict, Verdict::agrees) << i;
  }
}

// Below the lowest layer that learns no gradient is computed.
TEST(GradientChecker, ChecksTheLayersAboveAFrozenOne) {
  std::vector<LayerSpec> layers = healthy_layers();
  layers[0].alpha = 0;
  Network network({2, 10, 12}, std::move(layers));
  draw_parameters(network);
  const Checked checked = check(network);
  ASSERT_FALSE(checked.parameters.empty());
  EXPECT_GT(checked.parameters[0].layer, 0U);
  EXPECT_EQ(checked.parameters[0].verdict, Verdict::agrees);
}

TEST(GradientChecker, ChecksTheLayersOfANetworkWithoutParameters) {
  Network network({4, 3, 3}, {layer_spec("tanh", "tanh1"),
                              layer_spec("pool", "pool1", "{type: max, kernel: 3}")});
  const Checked checked = check(network);
  EXPECT_EQ(checked.complaint, "");
  EXPECT_EQ(checked.layers.size(), 2U);
  EXPECT_TRUE(checked.parameters.empty());
}

// The gradient of the first layers is far below J's rounding.
TEST(GradientChecker, RaisesNoAlarmWhereANetworkIsDeepAndSaturated) {
  std::vector<LayerSpec> layers;
  for (int i = 0; i < 12; ++i) {
    layers.push_back(layer_spec("fc", "fc" + std::to_string(i), "{count: 5}"));
    layers.push_back(layer_spec("sigmoid", "sigmoid" + std::to_string(i)));
  }
  for (const double size : {0.01, 1.0, 30.0}) {
    Network network({6, 1, 1}, layers);
    draw_parameters(network);
    scale(network.values(), size);
    EXPECT_EQ(check(network, Loss::euclidean).complaint, "") << "weights times " << size;
  }
}

// All z are zero, on the kink of relu, until the checker leaves it.
TEST(GradientChecker, RaisesNoAlarmWhereEveryParameterIsZero) {
  Network network({1, 6, 6}, {layer_spec("conv", "conv1", "{count: 3, kernel: 3}"),
                              layer_spec("relu", "relu1"), layer_spec("fc", "fc1", "{count: 4}")});
  EXPECT_EQ(check(network).complaint, "");
}

TEST(GradientChecker, RefusesALossThatIsNotFiniteAndPutsTheParametersBack) {
  Network network = smooth_chain();
  draw_parameters(network);
  network.values()[0] = std::numeric_limits<Real>::infinity();
  const Values before = values(network.values());
  try {
    check(network);
    FAIL();
  } catch (const DivergedError& error) {
    EXPECT_NE(std::string(error.what()).find("output of 'conv1'"), std::string::npos);
  }
  EXPECT_EQ(values(network.values()), before);
}

TEST(CentralDifference, IsExactForAParabolaAndLeavesXAlone) {
  std::vector<Real> x = {1, 2, 3};
  const std::vector<Real> gradient = {2, 4, 6};
  const Difference d = central_difference(x, gradient, {{0, 2}, {1, -1}}, 0.5, [&] {
    return double{x[0]} * x[0] + double{x[1]} * x[1] + double{x[2]} * x[2];
  });
  EXPECT_EQ(d.numeric(), 2 * 0.5 * (2 - 6));
  EXPECT_EQ(d.analytic(), d.numeric());
  EXPECT_EQ(x, (std::vector<Real>{1, 2, 3}));
}

TEST(NormWiseError, IsUfldls) {
  EXPECT_DOUBLE_EQ(norm_wise_error(Values{3, 0}, Values{0, 4}), 1);
  EXPECT_NEAR(norm_wise_error(Values{1.01, 2.02}, Values{1, 2}), 0.01 / 2.01, 1e-15);
  EXPECT_EQ(norm_wise_error(Values{0, 0}, Values{0, 0}), 0);
  EXPECT_EQ(norm_wise_error(Values{0, 1}, Values{0, std::nan("")}),
            std::numeric_limits<double>::infinity());
  EXPECT_EQ(norm_wise_error(Values{1}, Values{1, 1}), std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace cnn
