#include "nn/init.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "support/values.hpp"

namespace cnn {
namespace {

constexpr std::size_t kWeights = 100'000;
constexpr Fan kFan{500, 100};

std::vector<Real> drawn(const Init& init, std::uint64_t seed = 1) {
  std::vector<Real> weights(kWeights);
  initialise(init, kFan, Random(seed, Purpose::initialisation), weights);
  return weights;
}

double mean(const std::vector<Real>& weights) {
  double sum = 0;
  for (const Real w : weights) sum += w;
  return sum / static_cast<double>(weights.size());
}

double deviation(const std::vector<Real>& weights) {
  const double middle = mean(weights);
  double sum = 0;
  for (const Real w : weights) sum += std::pow(w - middle, 2);
  return std::sqrt(sum / static_cast<double>(weights.size()));
}

// Relative deviations of 100,000 numbers scatter by less than 1/√(2·100,000) = 0.0022, their mean
// by 0.0032 deviations.
constexpr double kScatter = 5 * 0.0032;

TEST(Init, XavierIsUniformWithinItsBound) {
  const std::vector<Real> weights = drawn({.type = Init::Type::xavier});
  const double bound = std::sqrt(6.0 / (500 + 100));
  const auto [low, high] = std::ranges::minmax(weights);
  EXPECT_GE(low, -bound);
  EXPECT_LE(high, bound);
  EXPECT_LT(low, -0.999 * bound);
  EXPECT_GT(high, 0.999 * bound);
  EXPECT_NEAR(mean(weights), 0, kScatter * bound);
  EXPECT_NEAR(deviation(weights), bound / std::sqrt(3.0), kScatter * bound);
}

TEST(Init, HeKeepsTheVarianceOfReluNetworks) {
  const std::vector<Real> weights = drawn({.type = Init::Type::he});
  const double expected = std::sqrt(2.0 / 500);
  EXPECT_NEAR(mean(weights), 0, kScatter * expected);
  EXPECT_NEAR(deviation(weights), expected, kScatter * expected);
}

TEST(Init, GaussianHasTheGivenDeviation) {
  const std::vector<Real> weights = drawn({.type = Init::Type::gaussian, .deviation = 0.1});
  EXPECT_NEAR(mean(weights), 0, kScatter * 0.1);
  EXPECT_NEAR(deviation(weights), 0.1, kScatter * 0.1);
}

TEST(Init, ConstantIsTheGivenValue) {
  const std::vector<Real> weights = drawn({.type = Init::Type::constant, .value = -0.25});
  EXPECT_EQ(weights, std::vector<Real>(kWeights, Real{-0.25}));
}

TEST(Init, IsXavierByDefault) {
  EXPECT_EQ(drawn(Init{}), drawn({.type = Init::Type::xavier}));
}

TEST(Init, IsAFunctionOfTheSeed) {
  for (const Init::Type type : {Init::Type::xavier, Init::Type::he, Init::Type::gaussian}) {
    EXPECT_EQ(drawn({.type = type}, 1), drawn({.type = type}, 1));
    EXPECT_NE(drawn({.type = type}, 1), drawn({.type = type}, 2));
  }
}

TEST(Init, NamesStandInTheOrderOfTheTypes) {
  const auto name = [](Init::Type type) {
    return Init::kTypeNames[static_cast<std::size_t>(type)];
  };
  EXPECT_EQ(name(Init::Type::xavier), "xavier");
  EXPECT_EQ(name(Init::Type::he), "he");
  EXPECT_EQ(name(Init::Type::gaussian), "gaussian");
  EXPECT_EQ(name(Init::Type::constant), "constant");
}

}  // namespace
}  // namespace cnn
