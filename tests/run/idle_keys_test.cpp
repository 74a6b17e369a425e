#include "run/idle_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cnn {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What is said of a run of `steps` steps, ten to an epoch.
std::vector<std::string> said(const std::string& training, std::int64_t steps,
                              const std::string& output = "dir: r") {
  const RunConfig config = parse_config(
      "a.yaml", "data: {dir: d, validation: 5}\nnetwork: [fc: {count: 4}]\ntraining: {" + training +
                    "}\noutput: {" + output + "}\n");
  return idle_keys(config, {steps, 10});
}

TEST(IdleKeys, ThereAreNoneByDefault) {
  EXPECT_THAT(said("alpha: 0.1", 1), IsEmpty());
  EXPECT_THAT(said("alpha: 0.1", 1000), IsEmpty());
}

TEST(IdleKeys, AWarmupLongerThanTheRun) {
  const std::string key = "alpha: 0.1, schedule: {policy: constant, warmup: ";
  EXPECT_THAT(said(key + "30}", 30), IsEmpty());
  EXPECT_THAT(said(key + "31}", 30),
              ElementsAre("warning: training.schedule.warmup is 31 steps, the run ends after 30 "
                          "steps: alpha never reaches 0.1\n"
                          "  choose a shorter warmup, or a longer run"));
  EXPECT_THAT(said(key + "1000000000 epochs}", 30), ElementsAre(HasSubstr("1000000000 epochs")));
}

TEST(IdleKeys, AScheduleThatNeverLeavesItsStart) {
  EXPECT_THAT(said("schedule: {policy: step, gamma: 0.5, every: 29}", 30), IsEmpty());
  EXPECT_THAT(said("schedule: {policy: step, gamma: 0.5, every: 3 epochs}", 30),
              ElementsAre("warning: the schedule 'step' leaves alpha as it is: every is 3 epochs, "
                          "the run ends after 30 steps\n"
                          "  choose a shorter every, or a longer run"));
  for (const char* idle : {"step, gamma: 1, every: 5", "exp, gamma: 1", "inv, gamma: 0, power: 2",
                           "inv, gamma: 1, power: 0", "poly, power: 0", "cosine, final: 1",
                           "onecycle, start: 1, final: 1"}) {
    EXPECT_THAT(said("schedule: {policy: " + std::string(idle) + "}", 30),
                ElementsAre(HasSubstr("leaves alpha as it is in all 30 steps\n")))
        << idle;
  }
  for (const char* sound :
       {"exp, gamma: 0.99", "inv, gamma: 0.0001, power: 0.75", "poly, power: 1", "cosine",
        "onecycle", "onecycle, start: 0.1, final: 0.1", "cosine, warmup: 30"}) {
    EXPECT_THAT(said("schedule: {policy: " + std::string(sound) + "}", 30), IsEmpty()) << sound;
    EXPECT_THAT(said("schedule: {policy: " + std::string(sound) + "}", 2),
                testing::SizeIs(std::string(sound).ends_with("warmup: 30") ? 1U : 0U))
        << sound;
  }
}

// The first epoch, two that are not better, and a step that they change.
TEST(IdleKeys, PatienceThatTheRunDoesNotHave) {
  EXPECT_THAT(said("patience: 2", 31), IsEmpty());
  EXPECT_THAT(said("patience: 2", 30),
              ElementsAre(AllOf(HasSubstr("warning: training.patience is 2 epochs, the run ends "
                                          "after 30 steps of 10 per epoch: "),
                                HasSubstr("cannot end early"))));
  EXPECT_THAT(said("schedule: {policy: plateau, patience: 2}", 31), IsEmpty());
  EXPECT_THAT(said("schedule: {policy: plateau, patience: 2}", 30),
              ElementsAre(AllOf(HasSubstr("training.schedule.patience is 2 epochs"),
                                HasSubstr("alpha never falls"))));
}

TEST(IdleKeys, AnAverageOverMoreStepsThanThereAre) {
  EXPECT_THAT(said("ema: 0.99", 101), IsEmpty());
  EXPECT_THAT(said("ema: 0.99", 99),
              ElementsAre(HasSubstr("training.ema is 0.99, an average over 100 steps, the run ends "
                                    "after 99 steps")));
}

TEST(IdleKeys, CheckpointsThatNeverCome) {
  EXPECT_THAT(said("alpha: 1", 30, "checkpoint_every: 3 epochs"), IsEmpty());
  EXPECT_THAT(said("alpha: 1", 30, "checkpoint_every: 31 steps"),
              ElementsAre(HasSubstr("output.checkpoint_every is 31 steps, the run ends after 30 "
                                    "steps: only its start and its end are kept")));
  for (const char* sound : {"never", "100 seconds", "1 epoch"}) {
    EXPECT_THAT(said("alpha: 1", 3, "checkpoint_every: " + std::string(sound)), IsEmpty()) << sound;
  }
}

}  // namespace
}  // namespace cnn
