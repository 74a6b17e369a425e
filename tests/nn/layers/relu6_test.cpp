#include "nn/layers/relu6.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "support/example_options.hpp"
#include "support/layer_harness.hpp"

namespace cnn {
namespace {

LayerHarness relu6(const Values& z) {
  LayerHarness layer(make_layer("relu6"), {{static_cast<int>(z.size()), 1, 1}}, 1);
  assign(layer.input(), z);
  layer.forward();
  return layer;
}

TEST(Relu6, EndsAtZeroAndAtSix) {
  EXPECT_EQ(values(relu6({-8, 0, 0.5, 6, 7}).output()), (Values{0, 0, 0.5, 6, 6}));
}

TEST(Relu6, HandsTheGradientBackBetweenItsEnds) {
  LayerHarness layer = relu6({-8, 0, 0.5, 5, 6, 7});
  assign(layer.doutput(), {4, 4, 4, -4, 4, 4});
  layer.backward();
  EXPECT_EQ(values(layer.dinput()), (Values{0, 0, 4, -4, 0, 0}));
}

TEST(Relu6, NeverHidesANan) {
  EXPECT_TRUE(std::isnan(relu6({std::numeric_limits<double>::quiet_NaN()}).output()[0]));
}

TEST(Relu6, KeepsTheShapeOfItsInput) {
  EXPECT_EQ(make_layer("relu6")->plan(std::vector<Shape>{{3, 7, 6}}).output, (Shape{3, 7, 6}));
}

}  // namespace
}  // namespace cnn
