#include "nn/layers/activation.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/layer_harness.hpp"
#include "support/naive.hpp"

namespace cnn {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// f applied to z, one sample of so many values, and the derivative of Σ f(z).
struct Activated {
  Values a, slope;
};
Activated activate(std::string_view type, const Values& z) {
  LayerHarness layer(make_layer(type), {{static_cast<int>(z.size()), 1, 1}}, 1);
  assign(layer.input(), z);
  assign(layer.doutput(), Values(z.size(), 1.0));
  layer.forward();
  layer.backward();
  return {values(layer.output()), values(layer.dinput())};
}

// 1,000 values of -20 … 20
Values drawn() {
  std::vector<Real> z(1000);
  Draw draw(1);
  draw.reals(z, 20);
  return values(z);
}

// A few units in the last place of values up to 1.
constexpr double kTolerance = 4 * std::numeric_limits<Real>::epsilon();

TEST(Relu, IsThePositivePart) {
  const Activated relu = activate("relu", {-2, -0.5, 0.5, 3});
  EXPECT_EQ(relu.a, (Values{0, 0, 0.5, 3}));
  EXPECT_EQ(relu.slope, (Values{0, 0, 1, 1}));
}

TEST(Relu, HasSlopeZeroAtZero) {
  const Activated relu = activate("relu", {0.0, -0.0});
  EXPECT_EQ(relu.a, (Values{0, 0}));
  EXPECT_EQ(relu.slope, (Values{0, 0}));
}

TEST(Relu, EqualsTheDefinition) {
  const Values z = drawn();
  Values expected;
  for (const double value : z) expected.push_back(naive::relu(value));
  EXPECT_EQ(activate("relu", z).a, expected);
}

TEST(Sigmoid, AtZeroIsAHalfWithSlopeAQuarter) {
  const Activated sigmoid = activate("sigmoid", {0});
  EXPECT_EQ(sigmoid.a, (Values{0.5}));
  EXPECT_EQ(sigmoid.slope, (Values{0.25}));
}

TEST(Sigmoid, EqualsTheDefinition) {
  const Values z = drawn();
  Values expected;
  Values slope;
  for (const double value : z) {
    const double a = naive::sigmoid(value);
    expected.push_back(a);
    slope.push_back(a * (1 - a));
  }
  const Activated sigmoid = activate("sigmoid", z);
  EXPECT_LE(largest_difference(sigmoid.a, expected), kTolerance);
  EXPECT_LE(largest_difference(sigmoid.slope, slope), kTolerance);
}

TEST(Sigmoid, SaturatesWithoutOverflow) {
  const Activated sigmoid = activate("sigmoid", {-1e30, 1e30, -kInfinity, kInfinity});
  EXPECT_EQ(sigmoid.a, (Values{0, 1, 0, 1}));
  EXPECT_EQ(sigmoid.slope, (Values{0, 0, 0, 0}));
}

TEST(Tanh, AtZeroIsZeroWithSlopeOne) {
  const Activated tanh = activate("tanh", {0});
  EXPECT_EQ(tanh.a, (Values{0}));
  EXPECT_EQ(tanh.slope, (Values{1}));
}

TEST(Tanh, EqualsTheDefinition) {
  const Values z = drawn();
  Values expected;
  Values slope;
  for (const double value : z) {
    const double a = std::tanh(value);
    expected.push_back(a);
    slope.push_back(1 - a * a);
  }
  const Activated tanh = activate("tanh", z);
  EXPECT_LE(largest_difference(tanh.a, expected), kTolerance);
  EXPECT_LE(largest_difference(tanh.slope, slope), kTolerance);
}

TEST(Tanh, SaturatesWithoutOverflow) {
  const Activated tanh = activate("tanh", {-1e30, 1e30, -kInfinity, kInfinity});
  EXPECT_EQ(tanh.a, (Values{-1, 1, -1, 1}));
  EXPECT_EQ(tanh.slope, (Values{0, 0, 0, 0}));
}

TEST(Activation, NeverHidesANan) {
  for (const std::string_view type : {"relu", "sigmoid", "tanh"}) {
    EXPECT_TRUE(std::isnan(activate(type, {kNan}).a[0])) << type;
  }
}

TEST(Activation, MultipliesTheGradientFromAbove) {
  LayerHarness layer(make_layer("sigmoid"), {{2, 1, 1}}, 1);
  assign(layer.doutput(), {8, -4});
  layer.forward();
  layer.backward();
  EXPECT_EQ(values(layer.dinput()), (Values{2, -1}));
}

TEST(Activation, KeepsTheShapeOfItsInput) {
  for (const std::string_view type : {"relu", "sigmoid", "tanh"}) {
    EXPECT_EQ(make_layer(type)->plan(std::vector<Shape>{{3, 7, 6}}).output, (Shape{3, 7, 6}))
        << type;
  }
}

}  // namespace
}  // namespace cnn
