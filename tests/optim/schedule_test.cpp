#include "optim/schedule.hpp"

#include <cmath>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace cnn {
namespace {

using Policy = Schedule::Policy;
using Unit = Interval::Unit;

constexpr double kRounding = 1e-12;

// Of a run of so many steps, ten per epoch.
double factor(const Schedule& schedule, std::int64_t t, std::int64_t steps,
              std::int64_t falls = 0) {
  return schedule_factor(schedule, t, {steps, 10}, falls);
}

TEST(Schedule, ConstantIsOne) {
  EXPECT_EQ(factor({}, 0, 100), 1);
  EXPECT_EQ(factor({}, 99, 100), 1);
}

TEST(Schedule, StepFallsByGammaEverySoManySteps) {
  const Schedule step{.policy = Policy::step, .gamma = 0.5, .every = {Unit::steps, 10}};
  EXPECT_EQ(factor(step, 0, 100), 1);
  EXPECT_EQ(factor(step, 9, 100), 1);
  EXPECT_EQ(factor(step, 10, 100), 0.5);
  EXPECT_EQ(factor(step, 19, 100), 0.5);
  EXPECT_EQ(factor(step, 20, 100), 0.25);
}

TEST(Schedule, ExpFallsByGammaEveryStep) {
  const Schedule exp{.policy = Policy::exp, .gamma = 0.5};
  EXPECT_EQ(factor(exp, 0, 100), 1);
  EXPECT_EQ(factor(exp, 1, 100), 0.5);
  EXPECT_EQ(factor(exp, 3, 100), 0.125);
}

TEST(Schedule, InvFallsWithAPowerOfTime) {
  const Schedule inv{.policy = Policy::inv, .gamma = 0.25, .power = 0.5};
  EXPECT_EQ(factor(inv, 0, 100), 1);
  EXPECT_NEAR(factor(inv, 12, 100), 0.5, kRounding);  // (1 + 3)^-½
}

TEST(Schedule, InvGivesCaffesRateForLenet) {
  // (1 + 0.0001 · 10,000)^-0.75 = 2^-0.75
  const Schedule inv{.policy = Policy::inv, .gamma = 0.0001, .power = 0.75};
  EXPECT_NEAR(factor(inv, 10'000, 10'001), 0.5946035575013605, kRounding);
}

TEST(Schedule, PolyFallsToZeroAtTheEndOfTheRun) {
  const Schedule poly{.policy = Policy::poly, .power = 2};
  EXPECT_EQ(factor(poly, 0, 100), 1);
  EXPECT_NEAR(factor(poly, 50, 100), 0.25, kRounding);
  EXPECT_NEAR(factor(poly, 99, 100), 0.0001, kRounding);  // the last step still moves
}

TEST(Schedule, CosineFallsFromOneToFinal) {
  const Schedule cosine{.policy = Policy::cosine, .final = 0.2};
  EXPECT_EQ(factor(cosine, 0, 90), 1);
  EXPECT_NEAR(factor(cosine, 30, 90), 0.8, kRounding);  // cos 60° = ½
  EXPECT_NEAR(factor(cosine, 45, 90), 0.6, kRounding);  // half-way
  EXPECT_NEAR(factor(cosine, 60, 90), 0.4, kRounding);
  EXPECT_NEAR(factor(cosine, 89, 90), 0.2, 0.001);
}

TEST(Schedule, OnecycleRisesToThePeakAndFallsAgain) {
  const Schedule cycle{.policy = Policy::onecycle, .start = 0.2, .final = 0.1, .peak_at = 0.3};
  EXPECT_NEAR(factor(cycle, 0, 100), 0.2, kRounding);
  EXPECT_NEAR(factor(cycle, 10, 100), 0.4, kRounding);  // a third of the rise: cos 60° = ½
  EXPECT_NEAR(factor(cycle, 15, 100), 0.6, kRounding);
  EXPECT_NEAR(factor(cycle, 30, 100), 1.0, kRounding);
  EXPECT_NEAR(factor(cycle, 65, 100), 0.55, kRounding);
  EXPECT_NEAR(factor(cycle, 99, 100), 0.1, 0.001);
}

TEST(Schedule, OnecycleMayPeakAtEitherEnd) {
  const Schedule falling{.policy = Policy::onecycle, .start = 0.2, .final = 0, .peak_at = 0};
  EXPECT_EQ(factor(falling, 0, 100), 1);
  const Schedule rising{.policy = Policy::onecycle, .start = 0, .final = 0, .peak_at = 1};
  EXPECT_EQ(factor(rising, 0, 100), 0);
  EXPECT_NEAR(factor(rising, 50, 100), 0.5, kRounding);
  EXPECT_NEAR(factor(rising, 99, 100), 1, 0.001);
}

TEST(Schedule, PlateauFallsAfterSoManyEpochsWithoutABetterLoss) {
  const Schedule schedule{.policy = Policy::plateau, .factor = 0.5, .patience = 2};
  Plateau seen;
  std::vector<std::int64_t> falls;
  for (const double loss : {3.0, 2.0, 2.0, 1.0, 1.5, 1.0, 1.2, 1.1, 0.9, 0.95}) {
    seen = after_epoch(schedule, seen, loss);
    falls.push_back(seen.falls);
  }
  EXPECT_EQ(falls, (std::vector<std::int64_t>{0, 0, 0, 0, 0, 1, 1, 2, 2, 2}));
  EXPECT_EQ(seen, (Plateau{0.9, 1, 2}));
  EXPECT_EQ(factor(schedule, 5, 100), 1);
  EXPECT_EQ(factor(schedule, 5, 100, seen.falls), 0.25);
}

TEST(Schedule, WarmupRisesLinearlyToTheFirstFullStep) {
  const Schedule warm{.warmup = {Unit::steps, 4}};
  EXPECT_EQ(factor(warm, 0, 100), 0.25);
  EXPECT_EQ(factor(warm, 1, 100), 0.5);
  EXPECT_EQ(factor(warm, 3, 100), 1);
  EXPECT_EQ(factor(warm, 4, 100), 1);
}

TEST(Schedule, WarmupMultipliesThePolicy) {
  const Schedule warm{.policy = Policy::exp, .gamma = 0.5, .warmup = {Unit::steps, 4}};
  EXPECT_EQ(factor(warm, 1, 100), 0.5 * 0.5);
  EXPECT_EQ(factor(warm, 5, 100), 0.03125);
}

TEST(Schedule, CountsEpochsByTheirSteps) {
  const Schedule step{.policy = Policy::step, .gamma = 0.5, .every = {Unit::epochs, 2}};
  EXPECT_EQ(factor(step, 19, 100), 1);
  EXPECT_EQ(factor(step, 20, 100), 0.5);
  const Schedule warm{.warmup = {Unit::epochs, 2}};
  EXPECT_EQ(factor(warm, 4, 100), 0.25);
  EXPECT_EQ(factor(warm, 19, 100), 1);
}

TEST(Schedule, OfOneStepStartsWhereItStarts) {
  for (const Policy policy :
       {Policy::constant, Policy::step, Policy::exp, Policy::inv, Policy::poly, Policy::cosine}) {
    EXPECT_EQ(factor({.policy = policy, .gamma = 0.5, .power = 1}, 0, 1), 1);
  }
}

TEST(Schedule, NamesStandInTheOrderOfThePolicies) {
  const auto name = [](Policy policy) {
    return Schedule::kPolicyNames[static_cast<std::size_t>(policy)];
  };
  EXPECT_EQ(name(Policy::constant), "constant");
  EXPECT_EQ(name(Policy::step), "step");
  EXPECT_EQ(name(Policy::exp), "exp");
  EXPECT_EQ(name(Policy::inv), "inv");
  EXPECT_EQ(name(Policy::poly), "poly");
  EXPECT_EQ(name(Policy::cosine), "cosine");
  EXPECT_EQ(name(Policy::onecycle), "onecycle");
  EXPECT_EQ(name(Policy::plateau), "plateau");
}

}  // namespace
}  // namespace cnn
