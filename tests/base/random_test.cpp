#include "base/random.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <numbers>
#include <set>

#include <gtest/gtest.h>

namespace cnn {
namespace {

using Counter = std::array<std::uint32_t, 4>;

// Statistics are those of a fixed seed, so that a test either always passes or never; bounds are
// five standard deviations, which one honest generator in a million fails.
constexpr int kNumbers = 100'000;
constexpr double kDeviations = 5;

double mean(const std::function<double(std::uint64_t)>& number) {
  double sum = 0;
  for (std::uint64_t i = 0; i < kNumbers; ++i) sum += number(i);
  return sum / kNumbers;
}

// Σ (found − expected)² / expected over classes of equal probability, as deviations from its own
// expectation.
double chi_square_deviations(const std::vector<int>& found) {
  double total = 0;
  for (const int count : found) total += count;
  const double expected = total / static_cast<double>(found.size());
  double chi_square = 0;
  for (const int count : found) chi_square += (count - expected) * (count - expected) / expected;
  const double freedom = static_cast<double>(found.size()) - 1;
  return (chi_square - freedom) / std::sqrt(2 * freedom);
}

// The known answers published with the authors' library Random123 (file kat_vectors, philox4x32 of
// 10 rounds).
TEST(Philox, GivesThePublishedKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, NumbersDependOnTheirIndexAndNotOnWhoAskedBefore) {
  const Random random(1, Purpose::shuffle);
  const double forwards = random.uniform(1000);
  for (std::uint64_t i = 2000; i-- > 1001;) random.uniform(i);
  EXPECT_EQ(random.uniform(1000), forwards);
  EXPECT_EQ(Random(1, Purpose::shuffle).uniform(1000), forwards);
}

TEST(Random, ABlockHoldsFourNumbers) {
  const Random random(1, Purpose::dropout, 7);
  for (const std::uint64_t block : {std::uint64_t{0}, std::uint64_t{5}, std::uint64_t{1} << 40}) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      EXPECT_EQ(random.block(block)[lane], random.bits(4 * block + lane));
    }
  }
}

TEST(Random, UniformNumbersHaveTheRightMoments) {
  const Random random(1, Purpose::initialisation);
  const double deviation = std::sqrt(1.0 / 12 / kNumbers);
  EXPECT_NEAR(mean([&](auto i) { return random.uniform(i); }), 0.5, kDeviations * deviation);
  // The square's variance is 1/5 − 1/9.
  EXPECT_NEAR(mean([&](auto i) { return std::pow(random.uniform(i), 2); }), 1.0 / 3,
              kDeviations * std::sqrt(4.0 / 45 / kNumbers));
}

TEST(Random, UniformNumbersFillAllOfTheirRange) {
  const Random random(1, Purpose::initialisation);
  std::vector<int> found(256);
  for (std::uint64_t i = 0; i < kNumbers; ++i) {
    ++found.at(static_cast<std::size_t>(random.uniform(i) * 256));
  }
  EXPECT_LT(std::abs(chi_square_deviations(found)), kDeviations);
}

TEST(Random, UniformNumbersAreTheSameInFloatAndDouble) {
  const Random random(1, Purpose::initialisation);
  for (std::uint64_t i = 0; i < kNumbers; ++i) {
    const double number = random.uniform(i);
    ASSERT_EQ(static_cast<double>(static_cast<float>(number)), number);
    ASSERT_LT(static_cast<float>(number), 1.0F);
  }
}

TEST(Random, NormalNumbersHaveTheRightMoments) {
  const Random random(1, Purpose::initialisation);
  const auto moment = [&](int power) {
    return mean([&](auto i) { return std::pow(random.normal(i), power); });
  };
  // The variance of the k-th power is E z^2k − (E z^k)²: 1, 2, 15 and 96.
  EXPECT_NEAR(moment(1), 0, kDeviations * std::sqrt(1.0 / kNumbers));
  EXPECT_NEAR(moment(2), 1, kDeviations * std::sqrt(2.0 / kNumbers));
  EXPECT_NEAR(moment(3), 0, kDeviations * std::sqrt(15.0 / kNumbers));
  EXPECT_NEAR(moment(4), 3, kDeviations * std::sqrt(96.0 / kNumbers));
}

TEST(Random, NormalNumbersAreFiniteAndBounded) {
  const Random random(2, Purpose::initialisation);
  for (std::uint64_t i = 0; i < kNumbers; ++i) ASSERT_LT(std::abs(random.normal(i)), 7);
}

TEST(Random, NormalNumbersOfAPairAreUncorrelated) {
  const Random random(1, Purpose::initialisation);
  EXPECT_NEAR(mean([&](auto i) { return random.normal(2 * i) * random.normal(2 * i + 1); }), 0,
              kDeviations * std::sqrt(1.0 / kNumbers));
}

TEST(Random, SeedsPurposesAndStreamsAreIndependent) {
  const Random reference(1, Purpose::initialisation, 0);
  const Random others[] = {
      {2, Purpose::initialisation, 0}, {1, Purpose::shuffle, 0},
      {1, Purpose::split, 0},          {1, Purpose::dropout, 0},
      {1, Purpose::initialisation, 1}, {1, Purpose::initialisation, std::uint64_t{1} << 32}};
  for (const Random& other : others) {
    const double covariance =
        mean([&](auto i) { return (reference.uniform(i) - 0.5) * (other.uniform(i) - 0.5); });
    EXPECT_NEAR(covariance, 0, kDeviations / 12 / std::sqrt(kNumbers));
  }
}

TEST(Random, IndicesBeyond32BitsHaveNumbersOfTheirOwn) {
  const Random random(1, Purpose::initialisation);
  EXPECT_NE(random.block(5), random.block(5 + (std::uint64_t{1} << 32)));
}

TEST(Random, BelowStaysBelow) {
  const Random random(1, Purpose::shuffle);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(random.below(i, 1), 0U);
    EXPECT_LT(random.below(i, 2), 2U);
    EXPECT_LT(random.below(i, 0xffffffff), 0xffffffff);
  }
}

TEST(Random, BelowIsUniform) {
  const Random random(1, Purpose::shuffle);
  std::vector<int> found(10);
  for (std::uint64_t i = 0; i < kNumbers; ++i) ++found.at(random.below(i, 10));
  EXPECT_LT(std::abs(chi_square_deviations(found)), kDeviations);
}

TEST(Permutation, HoldsEveryNumberOnce) {
  std::vector<std::uint32_t> order = permutation(Random(1, Purpose::shuffle), 60'000);
  std::ranges::sort(order);
  for (std::uint32_t i = 0; i < order.size(); ++i) ASSERT_EQ(order[i], i);
}

TEST(Permutation, OfNothingAndOfOne) {
  const Random random(1, Purpose::shuffle);
  EXPECT_TRUE(permutation(random, 0).empty());
  EXPECT_EQ(permutation(random, 1), (std::vector<std::uint32_t>{0}));
}

TEST(Permutation, DrawsEveryOrderEquallyOften) {
  std::map<std::vector<std::uint32_t>, int> orders;
  for (std::uint64_t stream = 0; stream < 24'000; ++stream) {
    ++orders[permutation(Random(1, Purpose::shuffle, stream), 4)];
  }
  ASSERT_EQ(orders.size(), 24U);
  std::vector<int> found;
  for (const auto& [order, count] : orders) found.push_back(count);
  EXPECT_LT(std::abs(chi_square_deviations(found)), kDeviations);
}

TEST(Permutation, IsAFunctionOfSeedAndStream) {
  const auto order = [](std::uint64_t seed, std::uint64_t epoch) {
    return permutation(Random(seed, Purpose::shuffle, epoch), 100);
  };
  EXPECT_EQ(order(1, 0), order(1, 0));
  EXPECT_NE(order(1, 0), order(1, 1));
  EXPECT_NE(order(1, 0), order(2, 0));
}

TEST(Mix, TellsSmallIndicesApart) {
  std::set<std::uint64_t> streams;
  for (std::uint64_t a = 0; a < 30; ++a) {
    for (std::uint64_t b = 0; b < 30; ++b) {
      for (std::uint64_t c = 0; c < 30; ++c) streams.insert(mix(a, b, c));
    }
  }
  EXPECT_EQ(streams.size(), 27'000U);
}

TEST(Random, UniformsAreThoseDrawnOneByOne) {
  const Random random(7, Purpose::elastic, 0x123456789ABCDEFULL);
  for (const std::size_t count : {0U, 1U, 63U, 64U, 65U, 300U}) {
    std::vector<Real> values(count, -1);
    random.uniforms(values);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(values[i], random.uniform(i)) << i;
  }
}

// Pairs of uniform numbers, 64 of them beside one another.
TEST(Random, NormalsAreThoseOfBoxAndMuller) {
  constexpr double kTolerance = 3e-6;
  const Random random(3, Purpose::noise, 5);
  std::vector<Real> values(1280);
  random.normals(values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t first = i / 128 * 128 + i % 64;
    const double radius = std::sqrt(-2 * std::log(1 - random.uniform(first)));
    const double angle = 2 * std::numbers::pi * (random.uniform(first + 64) - 0.5);
    const double expected = radius * (i % 128 < 64 ? std::cos(angle) : std::sin(angle));
    EXPECT_NEAR(values[i], expected, kTolerance) << i;
  }
}

TEST(Random, ALongerSpanOfNormalsBeginsWithAShorterOne) {
  const Random random(3, Purpose::noise, 5);
  std::vector<Real> all(300);
  random.normals(all);
  for (const std::size_t count : {0U, 1U, 127U, 128U, 129U}) {
    std::vector<Real> some(count);
    random.normals(some);
    EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin())) << count;
  }
}

}  // namespace
}  // namespace cnn
