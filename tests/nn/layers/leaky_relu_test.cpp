#include "nn/layers/leaky_relu.hpp"

#include <cmath>
#include <limits>
#include <string_view>

#include <gtest/gtest.h>

#include "support/example_options.hpp"
#include "support/layer_harness.hpp"

namespace cnn {
namespace {

LayerHarness leaky_relu(std::string_view options, const Values& z) {
  LayerHarness layer(make_layer("leaky_relu", options), {{static_cast<int>(z.size()), 1, 1}}, 1);
  assign(layer.input(), z);
  layer.forward();
  return layer;
}

TEST(LeakyRelu, LetsItsSlopeOfTheNegativePartThrough) {
  LayerHarness layer = leaky_relu("{slope: 0.25}", {-8, -0.5, 0, 0.5, 3});
  EXPECT_EQ(values(layer.output()), (Values{-2, -0.125, 0, 0.5, 3}));
}

TEST(LeakyRelu, LetsAHundredthThroughByDefault) {
  LayerHarness layer = leaky_relu("{}", {-1});
  EXPECT_EQ(layer.output()[0], static_cast<Real>(-0.01));
}

TEST(LeakyRelu, MultipliesTheGradientFromAboveByItsSlope) {
  LayerHarness layer = leaky_relu("{slope: 0.25}", {-8, 0, -0.0, 3});
  assign(layer.doutput(), {4, 4, 4, -4});
  layer.backward();
  EXPECT_EQ(values(layer.dinput()), (Values{1, 1, 1, -4}));
}

TEST(LeakyRelu, OfSlopeZeroIsARelu) {
  LayerHarness layer = leaky_relu("{slope: 0}", {-2, 3});
  assign(layer.doutput(), {1, 1});
  layer.backward();
  EXPECT_EQ(values(layer.output()), (Values{0, 3}));
  EXPECT_EQ(values(layer.dinput()), (Values{0, 1}));
}

TEST(LeakyRelu, NeverHidesANan) {
  LayerHarness layer = leaky_relu("{}", {std::numeric_limits<double>::quiet_NaN()});
  EXPECT_TRUE(std::isnan(layer.output()[0]));
}

TEST(LeakyRelu, KeepsTheShapeOfItsInput) {
  EXPECT_EQ(make_layer("leaky_relu")->plan(std::vector<Shape>{{3, 7, 6}}).output, (Shape{3, 7, 6}));
}

}  // namespace
}  // namespace cnn
