#include "nn/layers/elu.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/layer_harness.hpp"

namespace cnn {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// A few units in the last place of values up to 1.
constexpr double kTolerance = 4 * std::numeric_limits<Real>::epsilon();

LayerHarness elu(std::string_view options, const Values& z) {
  LayerHarness layer(make_layer("elu", options), {{static_cast<int>(z.size()), 1, 1}}, 1);
  assign(layer.input(), z);
  layer.forward();
  return layer;
}

// e^−1 − 1 = −0.632120559 and e^−2 − 1 = −0.864664717
TEST(Elu, BendsTheNegativePartTowardsMinusItsScale) {
  LayerHarness layer = elu("{scale: 0.5}", {-2, -1, 0, 0.5, 3});
  const Values expected = {-0.43233235838169365, -0.31606027941427883, 0, 0.5, 3};
  EXPECT_LE(largest_difference(values(layer.output()), expected), kTolerance);
}

TEST(Elu, HasAScaleOfOneByDefault) {
  EXPECT_EQ(values(elu("{}", {-kInfinity, -100}).output()), (Values{-1, -1}));
  EXPECT_EQ(values(elu("{scale: 2}", {-kInfinity}).output()), (Values{-2}));
}

// The slopes at −2 and −1 are e^−2/2 and e^−1/2, and at 0 that of the negative side.
TEST(Elu, MultipliesTheGradientFromAboveByItsSlope) {
  LayerHarness layer = elu("{scale: 0.5}", {-2, -1, 0, 3, -kInfinity});
  assign(layer.doutput(), {4, -2, 1, -4, 1});
  layer.backward();
  const Values expected = {0.2706705664732254, -0.36787944117144233, 0.5, -4, 0};
  EXPECT_LE(largest_difference(values(layer.dinput()), expected), kTolerance);
}

TEST(Elu, EqualsTheDefinitionOfAThousandValues) {
  std::vector<Real> z(1000);
  Draw draw(1);
  draw.reals(z, 20);
  LayerHarness layer = elu("{scale: 0.75}", values(z));
  assign(layer.doutput(), Values(z.size(), 1.0));
  layer.backward();
  Values expected;
  Values slope;
  for (const double x : z) {
    expected.push_back(x > 0 ? x : 0.75 * std::expm1(x));
    slope.push_back(x > 0 ? 1 : 0.75 * std::exp(x));
  }
  EXPECT_LE(largest_difference(values(layer.output()), expected), kTolerance);
  EXPECT_LE(largest_difference(values(layer.dinput()), slope), kTolerance);
}

// e^z − 1 by subtraction would have lost all of it.
TEST(Elu, KeepsSmallNegativeValues) {
  for (const double z : {-1e-3, -1e-6, -1e-9}) {
    const double a = elu("{}", {z}).output()[0];
    EXPECT_NEAR(a / std::expm1(double{static_cast<Real>(z)}), 1, kTolerance) << z;
  }
}

TEST(Elu, OfScaleZeroIsARelu) {
  LayerHarness layer = elu("{scale: 0}", {-2, 3});
  assign(layer.doutput(), {1, 1});
  layer.backward();
  EXPECT_EQ(values(layer.output()), (Values{0, 3}));
  EXPECT_EQ(values(layer.dinput()), (Values{0, 1}));
}

TEST(Elu, NeverHidesANan) {
  EXPECT_TRUE(std::isnan(elu("{}", {std::numeric_limits<double>::quiet_NaN()}).output()[0]));
}

TEST(Elu, KeepsTheShapeOfItsInput) {
  EXPECT_EQ(make_layer("elu")->plan(std::vector<Shape>{{3, 7, 6}}).output, (Shape{3, 7, 6}));
}

TEST(Elu, RefusesANegativeScale) {
  EXPECT_THROW(make_layer("elu", "{scale: -0.1}"), std::invalid_argument);
}

}  // namespace
}  // namespace cnn
