#include "kernels/exponential.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace cnn {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// |value − exact| in units in the last place of the exact value as a float.
double error(float value, double exact) {
  const auto rounded = static_cast<float>(std::abs(exact));
  return std::abs(value - exact) / (std::nextafter(rounded, kInfinity) - rounded);
}

// The largest error of `function` against `exact` over low … high.
template <typename Function, typename Exact>
double largest_error(double low, double high, Function function, Exact exact) {
  constexpr int kPoints = 200'000;
  double largest = 0;
  for (int i = 0; i <= kPoints; ++i) {
    const auto x = static_cast<float>(low + (high - low) * i / kPoints);
    largest = std::max(largest, error(function(x), exact(double{x})));
  }
  return largest;
}

TEST(FastExp, IsWithinTwoUnitsInTheLastPlace) {
  const auto fast = [](float x) { return fast_exp(x); };
  const auto exact = [](double x) { return std::exp(x); };
  EXPECT_LE(largest_error(-87, 88, fast, exact), 2);
  EXPECT_LE(largest_error(-1, 1, fast, exact), 2);
}

TEST(FastExp, StaysFiniteAndKeepsNaN) {
  EXPECT_EQ(fast_exp(0.0F), 1.0F);
  EXPECT_GT(fast_exp(-kInfinity), 0.0F);
  EXPECT_LT(fast_exp(-kInfinity), 2e-38F);
  EXPECT_GT(fast_exp(kInfinity), 1e38F);
  EXPECT_TRUE(std::isfinite(fast_exp(kInfinity)));
  EXPECT_TRUE(std::isnan(fast_exp(kNan)));
}

TEST(FastExpm1, IsWithinTwoUnitsInTheLastPlace) {
  const auto fast = [](float x) { return fast_expm1(x); };
  const auto exact = [](double x) { return std::expm1(x); };
  EXPECT_LE(largest_error(-87, 88, fast, exact), 2);
  EXPECT_LE(largest_error(-1, 1, fast, exact), 2);
  EXPECT_LE(largest_error(-1e-3, 1e-3, fast, exact), 2);
}

TEST(FastExpm1, ReachesMinusOneAndKeepsNaN) {
  EXPECT_EQ(fast_expm1(0.0F), 0.0F);
  EXPECT_EQ(fast_expm1(-kInfinity), -1.0F);
  EXPECT_TRUE(std::isnan(fast_expm1(kNan)));
}

TEST(FastTanh, IsWithinTwoUnitsInTheLastPlace) {
  const auto fast = [](float x) { return fast_tanh(x); };
  const auto exact = [](double x) { return std::tanh(x); };
  EXPECT_LE(largest_error(-20, 20, fast, exact), 2);
  EXPECT_LE(largest_error(-0.7, 0.7, fast, exact), 2);
  EXPECT_LE(largest_error(-1e-3, 1e-3, fast, exact), 2);
}

TEST(FastTanh, IsOddAndReachesOne) {
  for (const float x : {1e-30F, 0.1F, 0.624F, 0.626F, 3.0F, 90.0F}) {
    EXPECT_EQ(fast_tanh(-x), -fast_tanh(x));
  }
  EXPECT_EQ(fast_tanh(kInfinity), 1.0F);
  EXPECT_EQ(fast_tanh(-kInfinity), -1.0F);
  EXPECT_TRUE(std::isnan(fast_tanh(kNan)));
}

TEST(FastSigmoid, IsWithinFourUnitsInTheLastPlace) {
  const auto fast = [](float x) { return static_cast<float>(fast_sigmoid(x)); };
  const auto exact = [](double x) { return 1 / (1 + std::exp(-x)); };
  EXPECT_LE(largest_error(-80, 40, fast, exact), 4);
  EXPECT_TRUE(std::isnan(fast_sigmoid(static_cast<Real>(kNan))));
}

}  // namespace
}  // namespace cnn
