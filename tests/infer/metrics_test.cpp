#include "cnn/metrics.hpp"

#include <gtest/gtest.h>

namespace cnn {
namespace {

// true 0: predicted 0, 0, 1; true 1: predicted 1; true 2: predicted 0, 0
Confusion example() {
  return {3, {{0, 0, 1}, {0, 0, 1}, {0, 1, 1}, {1, 1, 1}, {2, 0, 1}, {2, 0, 1}}};
}

TEST(Confusion, CountsEveryPredictionOnceWithRowsTrue) {
  const Confusion confusion = example();
  EXPECT_EQ(confusion.total(), 6U);
  EXPECT_EQ(confusion.correct(), 3U);
  EXPECT_EQ(confusion.count(0, 1), 1U);
  EXPECT_EQ(confusion.count(1, 0), 0U);
  EXPECT_EQ(confusion.count(2, 0), 2U);
}

TEST(Confusion, ListsTheCellsThatAreNotZeroRowByRow) {
  EXPECT_EQ(example().cells(),
            (std::vector<ConfusedPair>{{0, 0, 2}, {0, 1, 1}, {1, 1, 1}, {2, 0, 2}}));
  EXPECT_EQ(example().row(0), (std::vector<std::size_t>{2, 1, 0}));
  EXPECT_EQ(example().row(2), (std::vector<std::size_t>{2, 0, 0}));
  const Confusion none(2, {});
  EXPECT_TRUE(none.cells().empty());
  EXPECT_EQ(none.total(), 0U);
  EXPECT_EQ(none.row(1), (std::vector<std::size_t>{0, 0}));
}

// All cells would take 34 GB.
TEST(Confusion, OfTheMostClassesTakesLittle) {
  const Confusion confusion(65'536, {{65'535, 65'535, 1}, {65'535, 3, 1}, {0, 65'535, 1}});
  EXPECT_EQ(confusion.count(65'535, 65'535), 1U);
  EXPECT_EQ(confusion.count(3, 65'535), 0U);
  EXPECT_EQ(confusion.correct(), 1U);
  const std::vector<ClassMetrics> metrics = class_metrics(confusion);
  ASSERT_EQ(metrics.size(), 65'536U);
  EXPECT_EQ(metrics.back().images, 2U);
  EXPECT_EQ(metrics.back().recall, 0.5);
  EXPECT_EQ(metrics.back().precision, 0.5);
  EXPECT_EQ(most_confused(confusion, 5),
            (std::vector<ConfusedPair>{{0, 65'535, 1}, {65'535, 3, 1}}));
}

TEST(ClassMetrics, FollowTheirDefinitions) {
  const std::vector<ClassMetrics> metrics = class_metrics(example());
  EXPECT_DOUBLE_EQ(metrics[0].precision, 2.0 / 4);
  EXPECT_DOUBLE_EQ(metrics[0].recall, 2.0 / 3);
  EXPECT_DOUBLE_EQ(metrics[0].f1, 2 * 0.5 * (2.0 / 3) / (0.5 + 2.0 / 3));
  EXPECT_EQ(metrics[0].images, 3U);
}

TEST(ClassMetrics, AreZeroWhereTheirDenominatorIs) {
  const std::vector<ClassMetrics> metrics = class_metrics(example());
  EXPECT_EQ(metrics[2].precision, 0.0);  // never predicted
  EXPECT_EQ(metrics[2].recall, 0.0);
  EXPECT_EQ(metrics[2].f1, 0.0);
}

TEST(MostConfused, ListsErrorsLargestFirst) {
  const std::vector<ConfusedPair> pairs = most_confused(example(), 5);
  ASSERT_EQ(pairs.size(), 2U);
  EXPECT_EQ(pairs[0].label, 2U);
  EXPECT_EQ(pairs[0].predicted, 0U);
  EXPECT_EQ(pairs[0].count, 2U);
  EXPECT_EQ(pairs[1].label, 0U);
  EXPECT_EQ(most_confused(example(), 1).size(), 1U);
}

// Published values of Wilson's interval: 9896 of 10000 at 95 %.
TEST(WilsonInterval, MatchesHandComputedValues) {
  const ProportionInterval interval = wilson_interval(9896, 10000);
  EXPECT_NEAR(interval.low, 0.98742, 5e-5);
  EXPECT_NEAR(interval.high, 0.99141, 5e-5);
}

TEST(WilsonInterval, StaysWithinZeroAndOne) {
  EXPECT_EQ(wilson_interval(0, 0).low, 0.0);
  EXPECT_EQ(wilson_interval(0, 0).high, 1.0);
  EXPECT_NEAR(wilson_interval(10, 10).high, 1.0, 1e-12);
  EXPECT_NEAR(wilson_interval(10, 10).low, 0.7225, 1e-4);
  EXPECT_NEAR(wilson_interval(0, 10).low, 0.0, 1e-12);
}

}  // namespace
}  // namespace cnn
