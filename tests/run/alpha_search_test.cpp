#include "run/alpha_search.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

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
  EXPECT_NEAR(advice.first, std::pow(10, -1.9), 1e-9);
}

TEST(AdviseAlpha, ACurveThatOnlyRisesHasItsFirstPoint) {
  const std::vector<AlphaStep> steps = {{1e-6, 1, 1}, {1e-5, 2, 2}, {1e-4, 3, 3}};
  const AlphaAdvice advice = advise_alpha(steps);
  EXPECT_EQ(advice.steepest, 1e-6);
  EXPECT_EQ(advice.lowest, 1e-6);
  EXPECT_EQ(advice.first, 1e-6);
}

TEST(NextAlpha, GoesToTheSideOfTheBestUntilBothSidesAreWorse) {
  EXPECT_EQ(next_alpha(std::vector<AlphaTrial>{{0.1, 1}}), 0.2);
  EXPECT_EQ(next_alpha(std::vector<AlphaTrial>{{0.1, 1}, {0.2, 0.5}}), 0.4);
  EXPECT_EQ(next_alpha(std::vector<AlphaTrial>{{0.1, 1}, {0.2, 2}}), 0.05);
  EXPECT_EQ(next_alpha(std::vector<AlphaTrial>{{0.1, 1}, {0.2, 2}, {0.05, 1.5}}), std::nullopt);
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(next_alpha(std::vector<AlphaTrial>{{0.1, infinite}, {0.2, infinite}}), 0.05);
}

TEST(NextAlpha, EndsAtALimit) {
  std::vector<AlphaTrial> trials = {{1, 9}};
  while (const std::optional<double> alpha = next_alpha(trials)) {
    EXPECT_FALSE(ended_at_limit(trials));
    trials.push_back({*alpha, 9 / *alpha});
  }
  EXPECT_EQ(trials.size(), 8U);
  EXPECT_TRUE(ended_at_limit(trials));
  trials[3].loss = 0;
  EXPECT_FALSE(ended_at_limit(trials));
}

TEST(NextAlpha, MakesNoDifferenceWhereAllLossesAreEqual) {
  EXPECT_TRUE(makes_no_difference(std::vector<AlphaTrial>{{0.1, 1}, {0.2, 1}, {0.05, 1}}));
  EXPECT_FALSE(makes_no_difference(std::vector<AlphaTrial>{{0.1, 1}, {0.2, 1}, {0.05, 1.5}}));
  EXPECT_FALSE(makes_no_difference(std::vector<AlphaTrial>{{0.1, 1}}));
}

TEST(RecommendedAlpha, LiesBetweenTheBestAndTheBetterNeighbour) {
  const auto recommended = [](const std::vector<AlphaTrial>& trials) {
    return recommended_alpha(trials);
  };
  EXPECT_EQ(recommended({{0.1, 1}}), 0.1);
  EXPECT_EQ(recommended({{0.1, 1}, {0.2, 2}}), 0.1);
  EXPECT_NEAR(recommended({{0.1, 1}, {0.2, 2}, {0.05, 2}}), 0.1, 1e-12);
  EXPECT_EQ(recommended({{0.1, 1}, {0.2, 1}, {0.05, 1}}), 0.1);
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(recommended({{0.1, 1}, {0.2, 2}, {0.05, infinite}}), 0.1);
  // Of 1 + (log2(α/0.1) - 0.3)²
  EXPECT_NEAR(recommended({{0.1, 1.09}, {0.2, 1.49}, {0.05, 2.69}}), 0.1 * std::pow(2, 0.3), 1e-12);
}

TEST(RecommendedAlpha, KeepsAwayFromTheEdge) {
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_NEAR(recommended_alpha(std::vector<AlphaTrial>{{0.1, 1}, {0.2, infinite}, {0.05, 3}}),
              0.1 / std::sqrt(2), 1e-12);
}

TEST(NextAlpha, TriesEightAtMost) {
  std::vector<AlphaTrial> trials = {{1, 1}};
  while (const std::optional<double> alpha = next_alpha(trials))
    trials.push_back({*alpha, 1 / *alpha});
  EXPECT_EQ(trials.size(), 8U);
  EXPECT_EQ(trials.back().alpha, 128);
}

}  // namespace
}  // namespace cnn
