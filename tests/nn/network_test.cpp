#include "nn/network.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/example_options.hpp"
#include "support/networks.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

TEST(Network, CountsItsParameters) {
  EXPECT_EQ(lenet().parameter_count(), 431'080U);
  const Network lenet5(
      kDigit, {layer_spec("conv", "conv1", "{count: 6, kernel: 5, pad: 2}"),
               layer_spec("tanh", "tanh1"), layer_spec("pool", "pool1", "{type: avg, kernel: 2}"),
               layer_spec("conv", "conv2", "{count: 16, kernel: 5}"), layer_spec("tanh", "tanh2"),
               layer_spec("pool", "pool2", "{type: avg, kernel: 2}"),
               layer_spec("fc", "fc1", "{count: 120}"), layer_spec("tanh", "tanh3"),
               layer_spec("fc", "fc2", "{count: 84}"), layer_spec("tanh", "tanh4"),
               layer_spec("fc", "fc3", "{count: 10}")});
  EXPECT_EQ(lenet5.parameter_count(), 61'706U);
  const Network ufldl(kDigit, {layer_spec("conv", "conv", "{count: 20, kernel: 9}"),
                               layer_spec("sigmoid", "sigmoid"),
                               layer_spec("pool", "pool", "{type: avg, kernel: 2}"),
                               layer_spec("fc", "fc", "{count: 10}")});
  EXPECT_EQ(ufldl.parameter_count(), 21'650U);
  const Network deep_learn_toolbox(
      kDigit,
      {layer_spec("conv", "conv1", "{count: 6, kernel: 5}"), layer_spec("sigmoid", "sigmoid1"),
       layer_spec("pool", "pool1", "{type: avg, kernel: 2}"),
       layer_spec("conv", "conv2", "{count: 12, kernel: 5}"), layer_spec("sigmoid", "sigmoid2"),
       layer_spec("pool", "pool2", "{type: avg, kernel: 2}"), layer_spec("fc", "fc", "{count: 10}"),
       layer_spec("sigmoid", "sigmoid3")});
  EXPECT_EQ(deep_learn_toolbox.parameter_count(), 3'898U);
}

TEST(Network, CountsWhatIsLearntAlone) {
  const Network network(
      kDigit, {layer_spec("conv", "conv", "{count: 20, kernel: 5}"), layer_spec("batch_norm", "bn"),
               layer_spec("fc", "fc", "{count: 2}")});
  EXPECT_EQ(network.parameter_count(), 520U + 2U * 20U + (20U * 24U * 24U + 1U) * 2U);
}

TEST(Network, NamesItsParametersAfterTheirLayers) {
  const Network network = lenet();
  const auto expect = [&](std::size_t index, std::string_view name, const Dims& dims,
                          ParameterKind kind) {
    const Parameter& p = network.parameters().at(index);
    EXPECT_EQ(p.name, name);
    EXPECT_EQ(p.dims, dims);
    EXPECT_EQ(p.kind, kind);
    EXPECT_EQ(p.size, element_count(dims));
    EXPECT_EQ(network.nodes()[p.layer].spec.name, name.substr(0, name.find('.')));
  };
  ASSERT_EQ(network.parameters().size(), 8U);
  expect(0, "conv1.weight", {20, 1, 5, 5}, ParameterKind::weight);
  expect(1, "conv1.bias", {20}, ParameterKind::bias);
  expect(2, "conv2.weight", {50, 20, 5, 5}, ParameterKind::weight);
  expect(3, "conv2.bias", {50}, ParameterKind::bias);
  expect(4, "fc1.weight", {500, 800}, ParameterKind::weight);
  expect(5, "fc1.bias", {500}, ParameterKind::bias);
  expect(6, "fc2.weight", {10, 500}, ParameterKind::weight);
  expect(7, "fc2.bias", {10}, ParameterKind::bias);
}

TEST(Network, KeepsItsParametersApartOnCacheLines) {
  const Network network = lenet();
  std::size_t end = 0;
  for (const Parameter& p : network.parameters()) {
    EXPECT_EQ(p.offset * sizeof(Real) % Arena::kAlignment, 0U) << p.name;
    EXPECT_GE(p.offset, end) << p.name;
    end = p.offset + p.size;
  }
  EXPECT_LE(end, network.values().size());
}

TEST(Network, PlansTheShapeOfEveryTensor) {
  const Network network = lenet();
  EXPECT_EQ(network.tensor_shape(0), kDigit);
  EXPECT_EQ(network.tensor_shape(1), (Shape{20, 24, 24}));
  EXPECT_EQ(network.tensor_shape(4), (Shape{50, 4, 4}));
  EXPECT_EQ(network.output(), (Shape{10, 1, 1}));
}

TEST(Network, KnowsWhichGradientsNobodyNeeds) {
  const Network network({2, 4, 4},
                        {layer_spec("relu", "before"), layer_spec("fc", "fc", "{count: 3}"),
                         layer_spec("relu", "after")});
  EXPECT_FALSE(network.wants_gradient(0));  // the images
  EXPECT_FALSE(network.wants_gradient(1));  // no parameters lead here
  EXPECT_TRUE(network.wants_gradient(2));
  EXPECT_TRUE(network.wants_gradient(3));
}

TEST(Network, NobodyNeedsTheGradientsBelowTheLowestLayerThatLearns) {
  LayerSpec conv = layer_spec("conv", "conv", "{count: 2, kernel: 3}");
  conv.alpha = 0;
  LayerSpec moving = layer_spec("batch_norm", "bn");
  moving.alpha = 0;  // its statistics move all the same
  LayerSpec still = moving;
  still.frozen = true;
  const LayerSpec fc = layer_spec("fc", "fc", "{count: 3}");
  const auto wants = [&](const LayerSpec& bn) {
    const Network network({1, 4, 4}, {conv, bn, fc});
    return std::vector<bool>{network.wants_gradient(1), network.wants_gradient(2),
                             network.wants_gradient(3)};
  };
  EXPECT_EQ(wants(moving), (std::vector<bool>{false, true, true}));
  EXPECT_EQ(wants(still), (std::vector<bool>{false, false, true}));
}

TEST(Network, KnowsWhichTensorsSeveralLayersRead) {
  const Network network({2, 4, 4}, {layer_spec("tanh", "a"), layer_spec("tanh", "b"),
                                    layer_spec("add", "sum", "{}", {"a", "b"}),
                                    layer_spec("add", "twice", "{}", {"sum", "sum"})});
  EXPECT_FALSE(network.is_shared(0));
  EXPECT_TRUE(network.is_shared(1));
  EXPECT_FALSE(network.is_shared(2));
  EXPECT_TRUE(network.is_shared(3));
}

TEST(Network, ALayerWithoutFromTakesTheOneBefore) {
  const Network network({2, 4, 4}, {layer_spec("tanh", "a"), layer_spec("tanh", "b"),
                                    layer_spec("add", "sum", "{}", {"input", "b"})});
  EXPECT_EQ(network.nodes()[0].inputs, (std::vector<std::size_t>{0}));
  EXPECT_EQ(network.nodes()[1].inputs, (std::vector<std::size_t>{1}));
  EXPECT_EQ(network.nodes()[2].inputs, (std::vector<std::size_t>{0, 2}));
}

// The message and the number of the layer at fault.
std::string error_of(const Shape& input, std::vector<LayerSpec> layers, std::size_t at_fault) {
  try {
    const Network network(input, std::move(layers));
    return "built";
  } catch (const NetworkError& error) {
    EXPECT_EQ(error.layer, at_fault);
    return error.what();
  }
}

TEST(NetworkError, ShowsTheTrailOfShapesThatLedToALayer) {
  EXPECT_EQ(error_of(kDigit,
                     {layer_spec("conv", "conv1", "{count: 20, kernel: 5}"),
                      layer_spec("pool", "pool1", "{type: max, kernel: 2}"),
                      layer_spec("conv", "conv2", "{count: 50, kernel: 5}"),
                      layer_spec("pool", "pool2", "{type: max, kernel: 2}"),
                      layer_spec("conv", "conv3", "{count: 10, kernel: 5}")},
                     4),
            "layer 5 'conv3': kernel 5x5 (pad 0) is larger than its input 50x4x4\n"
            "  input 1x28x28 -> conv1 20x24x24 -> pool1 20x12x12 -> conv2 50x8x8 -> pool2 50x4x4 "
            "-> conv3 ?");
}

TEST(NetworkError, NamesAnInputThatDoesNotExist) {
  EXPECT_EQ(error_of({1, 4, 4}, {layer_spec("tanh", "a"), layer_spec("tanh", "b", "{}", {"c"})}, 1),
            "layer 2 'b': from: there is no earlier layer 'c'\n"
            "  input 1x4x4 -> a 1x4x4 -> b ?");
}

TEST(NetworkError, RefusesALayerThatReadsItselfOrALaterOne) {
  EXPECT_TRUE(error_of({1, 4, 4}, {layer_spec("tanh", "a", "{}", {"a"})}, 0)
                  .starts_with("layer 1 'a': from: there is no earlier layer 'a'"));
  EXPECT_TRUE(
      error_of({1, 4, 4}, {layer_spec("tanh", "a", "{}", {"b"}), layer_spec("tanh", "b")}, 0)
          .starts_with("layer 1 'a': from: there is no earlier layer 'b'"));
}

TEST(NetworkError, NamesALayerWhoseOutputNobodyUses) {
  EXPECT_EQ(
      error_of({1, 4, 4}, {layer_spec("tanh", "a"), layer_spec("tanh", "b", "{}", {"input"})}, 0),
      "layer 1 'a': no layer uses its output; name it in the from: of a later layer, or "
      "remove it");
}

TEST(NetworkError, RefusesSeveralInputsWhereOneIsMeant) {
  EXPECT_TRUE(
      error_of({1, 4, 4},
               {layer_spec("tanh", "a"), layer_spec("fc", "fc", "{count: 2}", {"a", "input"})}, 1)
          .starts_with("layer 2 'fc': takes one input, got 2; join them first"));
}

TEST(NetworkError, RefusesANetworkWithoutLayers) {
  EXPECT_EQ(error_of({1, 4, 4}, {}, 0), "the network has no layers");
}

TEST(NetworkError, RefusesWeightsThatNoMachineHolds) {
  EXPECT_EQ(error_of({1024, 1024, 1024},
                     {layer_spec("relu", "relu"),
                      layer_spec("conv", "conv", "{count: 32768, kernel: 1024, bias: false}")},
                     1),
            "layer 2 'conv': the network has 35184372088832 parameters, 35184372088832 of them in "
            "'conv.weight': more than this machine's memory holds; lower its count");
}

TEST(NetworkInitialise, StartsFromZeroValues) {
  const Network network = smooth_chain();
  EXPECT_EQ(values(network.values()), Values(network.values().size(), 0.0));
}

TEST(NetworkInitialise, DrawsWeightsAndLeavesBiasesAtZero) {
  Network network = smooth_chain();
  for (Real& value : network.values()) value = 9;
  network.initialise(1);
  for (const Parameter& p : network.parameters()) {
    const Values zeros(p.size, 0.0);
    if (p.kind == ParameterKind::bias) {
      EXPECT_EQ(values(network.value(p)), zeros) << p.name;
    } else {
      EXPECT_NE(values(network.value(p)), zeros) << p.name;
    }
  }
}

TEST(NetworkInitialise, GivesGainsAndStatisticsTheirInitialValues) {
  Network network({2, 3, 3}, {layer_spec("batch_norm", "bn")});
  for (Real& value : network.values()) value = 9;
  network.initialise(1);
  std::vector<Values> all;
  for (const Parameter& p : network.parameters()) all.push_back(values(network.value(p)));
  EXPECT_EQ(all, (std::vector<Values>{{1, 1}, {0, 0}, {0, 0}, {1, 1}}));
}

TEST(NetworkInitialise, IsAFunctionOfTheSeed) {
  const auto drawn = [](std::uint64_t seed) {
    Network network = smooth_chain();
    network.initialise(seed);
    return values(network.values());
  };
  EXPECT_EQ(drawn(1), drawn(1));
  EXPECT_NE(drawn(1), drawn(2));
}

TEST(NetworkInitialise, UsesTheLayersOwnKind) {
  LayerSpec fc = layer_spec("fc", "fc", "{count: 2}");
  fc.init = {.type = Init::Type::constant, .value = 0.5};
  Network network({3, 1, 1}, {fc});
  network.initialise(1);
  EXPECT_EQ(values(network.value(network.parameters()[0])), Values(6, 0.5));
  EXPECT_EQ(values(network.value(network.parameters()[1])), Values(2, 0.0));
}

TEST(NetworkInitialise, DependsOnNeitherOrderNorNeighbours) {
  constexpr std::string_view kOptions = "{count: 3, kernel: 3, pad: 1}";
  Network one({3, 6, 6}, {layer_spec("conv", "a", kOptions), layer_spec("conv", "b", kOptions)});
  Network other({3, 6, 6},
                {layer_spec("conv", "b", kOptions), layer_spec("tanh", "between"),
                 layer_spec("conv", "a", kOptions), layer_spec("fc", "after", "{count: 2}")});
  one.initialise(1);
  other.initialise(1);
  const auto weight = [](const Network& network, std::string_view name) {
    for (const Parameter& p : network.parameters()) {
      if (p.name == name) return values(network.value(p));
    }
    return Values();
  };
  EXPECT_EQ(weight(one, "a.weight"), weight(other, "a.weight"));
  EXPECT_EQ(weight(one, "b.weight"), weight(other, "b.weight"));
  EXPECT_NE(weight(one, "a.weight"), weight(one, "b.weight"));
}

}  // namespace
}  // namespace cnn
