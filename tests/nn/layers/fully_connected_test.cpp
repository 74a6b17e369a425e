#include "nn/layers/fully_connected.hpp"

#include <string>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/layer_harness.hpp"
#include "support/naive.hpp"

namespace cnn {
namespace {

TEST(FullyConnected, EqualsTheDefinitionExactlyOnIntegers) {
  Draw draw(1);
  for (int shape = 0; shape < 200; ++shape) {
    const Shape input{draw.integer(1, 5), draw.integer(1, 6), draw.integer(1, 6)};
    const int count = draw.integer(1, 12);
    const auto n = static_cast<std::size_t>(draw.integer(1, 9));
    const bool has_bias = draw.integer(0, 3) > 0;
    SCOPED_TRACE(to_string(input) + " -> " + std::to_string(count));
    LayerHarness layer(make_layer("fc", "{count: " + std::to_string(count) +
                                            ", bias: " + (has_bias ? "true" : "false") + "}"),
                       {input}, n);
    draw.integers(layer.input(), 32);
    draw.integers(layer.doutput(), 32);
    draw.integers(layer.parameter(0), 32);
    if (has_bias) draw.integers(layer.parameter(1), 32);
    layer.forward();
    layer.backward();

    // Forward was y = W·x + b, so dx = Wᵀ·dy, dW = Σ dy·xᵀ, db = Σ dy.
    const Values weight = values(layer.parameter(0));
    const Values bias = has_bias ? values(layer.parameter(1)) : Values();
    const std::size_t inputs = input.size();
    Values dweight(weight.size());
    Values dbias(static_cast<std::size_t>(count));
    for (std::size_t s = 0; s < n; ++s) {
      const Values x = part(layer.input(), s, n);
      const Values dy = part(layer.doutput(), s, n);
      EXPECT_EQ(part(layer.output(), s, n), naive::fully_connected(x, weight, bias));
      Values dx(inputs);
      for (std::size_t o = 0; o < dy.size(); ++o) {
        for (std::size_t i = 0; i < inputs; ++i) {
          dx[i] += weight[o * inputs + i] * dy[o];
          dweight[o * inputs + i] += dy[o] * x[i];
        }
      }
      add(dbias, dy);
      EXPECT_EQ(part(layer.dinput(), s, n), dx);
    }
    EXPECT_EQ(values(layer.dparameter(0)), dweight);
    if (!has_bias) continue;
    EXPECT_EQ(values(layer.dparameter(1)), dbias);
  }
}

TEST(FullyConnected, ReadsAnImageInChannelRowColumnOrder) {
  LayerHarness layer(make_layer("fc", "{count: 1, bias: false}"), {{2, 1, 2}}, 1);
  assign(layer.input(), {1, 2, 3, 4});
  assign(layer.parameter(0), {1, 10, 100, 1000});
  layer.forward();
  EXPECT_EQ(values(layer.output()), (Values{4321}));
}

TEST(FullyConnected, PlansTheFieldsParameterLayout) {
  const LayerPlan plan = make_layer("fc", "{count: 500}")->plan(std::vector<Shape>{{50, 4, 4}});
  EXPECT_EQ(plan.output, (Shape{500, 1, 1}));
  ASSERT_EQ(plan.parameters.size(), 2U);
  EXPECT_EQ(plan.parameters[0].name, "weight");
  EXPECT_EQ(plan.parameters[0].dims, (Dims{500, 800}));
  EXPECT_EQ(plan.parameters[0].kind, ParameterKind::weight);
  EXPECT_EQ(plan.parameters[1].name, "bias");
  EXPECT_EQ(plan.parameters[1].dims, (Dims{500}));
  EXPECT_EQ(plan.parameters[1].kind, ParameterKind::bias);
}

TEST(FullyConnected, FanCountsItsInputsAndOutputs) {
  const LayerPlan plan = make_layer("fc", "{count: 500}")->plan(std::vector<Shape>{{50, 4, 4}});
  EXPECT_EQ(plan.parameters[0].fan.in, 800);
  EXPECT_EQ(plan.parameters[0].fan.out, 500);
}

TEST(FullyConnected, CountsTheMultiplyAddsOfOneImage) {
  const LayerPlan plan = make_layer("fc", "{count: 500}")->plan(std::vector<Shape>{{50, 4, 4}});
  EXPECT_EQ(plan.multiply_adds, 500 * 800);
}

TEST(FullyConnected, WithoutBiasHasOneParameter) {
  const LayerPlan plan =
      make_layer("fc", "{count: 5, bias: false}")->plan(std::vector<Shape>{{3, 1, 1}});
  EXPECT_EQ(plan.parameters.size(), 1U);
}

TEST(FullyConnected, RefusesAMatrixBeyondTheIndicesOfBlas) {
  try {
    make_layer("fc", "{count: 32768}")->plan(std::vector<Shape>{{33, 32, 32}});
    FAIL() << "planned";
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(),
                 "32768 outputs of 33x32x32 inputs need a matrix of more than 2^30 elements");
  }
}

TEST(FullyConnected, RefusesTwoInputs) {
  try {
    make_layer("fc", "{count: 5}")->plan(std::vector<Shape>{{3, 1, 1}, {3, 1, 1}});
    FAIL() << "planned";
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(), "takes one input, got 2; join them first with add or concat");
  }
}

}  // namespace
}  // namespace cnn
