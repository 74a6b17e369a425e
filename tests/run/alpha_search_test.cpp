#include "run/alpha_search.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace cnn {
namespace {

// A loss that falls fastest at 1e-3, is smallest at 0.1 and then rises.
std::vector<AlphaStep> curve() {
  std::vector<AlphaStep> steps;
  for (int i = 0; i <= 60; ++i) {
    const double exponent = -6 + 0.1 * i;
    const double fall = std::tanh(exponent + 3);
    const double rise = exponent > -1 ? std::pow(10 * (exponent + 1), 2) : 0;
    const double loss = 2 - fall + rise;
    steps.push_back({std::pow(10, exponent), loss, loss});
  }
  return steps;
}

TEST(AdviseAlpha, FindsTheSteepestAndTheLowestPoint) {
  const AlphaAdvice advice = advise_alpha(curve());
  EXPECT_NEAR(advice.steepest, 1e-3, 1e-9);
  EXPECT_NEAR(advice.lowest, 0.1, 1e-6);
  EXPECT_NEAR(advice.recommended, 0.02, 1e-7);
}

TEST(AdviseAlpha, ACurveThatOnlyRisesHasItsFirstPoint) {
  const std::vector<AlphaStep> steps = {{1e-6, 1, 1}, {1e-5, 2, 2}, {1e-4, 3, 3}};
  const AlphaAdvice advice = advise_alpha(steps);
  EXPECT_EQ(advice.steepest, 1e-6);
  EXPECT_EQ(advice.lowest, 1e-6);
}

}  // namespace
}  // namespace cnn
