// cnn-bench --simulate-threads: that it times the tasks of the step itself, and what it makes of
// their times. Whether it is right about this machine,
// tests/bench/check_simulation.py finds out.

#include "apps/simulation.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cnn/error.hpp"

#include "apps/number_list.hpp"
#include "apps/random_training.hpp"
#include "apps/step_times.hpp"
#include "support/cli.hpp"
#include "support/values.hpp"

namespace cnn::app {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(NumberList, IsAListOrEachUpToSixteenAndPowersOfTwoBeyond) {
  EXPECT_THAT(number_list("--n", "4,1,2,4", 64), ElementsAre(1, 2, 4));
  EXPECT_THAT(number_list("--n", "2-5", 64), ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(number_list("--n", "15-100", 4096), ElementsAre(15, 16, 32, 64, 100));
  EXPECT_THAT(number_list("--n", "7,30-33", 64), ElementsAre(7, 30, 32, 33));
  for (const char* wrong : {"", "0", "1,", "a", "2-1", "1-65", "-3", "1 2", "1-2-3", "1e1"}) {
    EXPECT_THROW(number_list("--n", wrong, 64), ConfigError) << wrong;
  }
}

StageTimes stage(const std::vector<double>& tasks) {
  StageTimes stage;
  for (const double seconds : tasks) stage.tasks.push_back({.alone = seconds});
  return stage;
}

TEST(StageSeconds, EachThreadTakesTheNextTaskWhenItHasDoneTheLast) {
  const StageTimes tasks = stage({3, 1, 1, 1, 2});
  EXPECT_DOUBLE_EQ(stage_seconds(tasks, 1, {}), 8);
  EXPECT_DOUBLE_EQ(stage_seconds(tasks, 2, {}), 5);
  EXPECT_DOUBLE_EQ(stage_seconds(tasks, 3, {}), 3);
  EXPECT_DOUBLE_EQ(stage_seconds(tasks, 64, {}), 3);
}

TEST(StageSeconds, ThreadsCostSomethingWhereThereAreSeveral) {
  const HandOver cost{.stage = 0.5, .task = 0.25};
  EXPECT_DOUBLE_EQ(stage_seconds(stage({1, 1}), 1, cost), 2);
  EXPECT_DOUBLE_EQ(stage_seconds(stage({1, 1}), 2, cost), 1 + 0.5 + 0.25);
  // A stage of one task wakes nobody, and one of two a single further thread.
  EXPECT_DOUBLE_EQ(stage_seconds(stage({1}), 8, cost), 1);
  EXPECT_DOUBLE_EQ(stage_seconds(stage({1, 1}), 8, cost), 1 + 0.5 + 0.25);
}

TEST(StageSeconds, WhatIsDoneInLineWaitsForItsLine) {
  StageTimes tasks;
  for (const std::size_t line : {0U, 1U, 0U, 1U}) {
    tasks.tasks.push_back({.alone = 1, .in_line = 2, .line = line});
  }
  EXPECT_DOUBLE_EQ(stage_seconds(tasks, 1, {}), 12);
  // Two lines side by side; then each waits for its own: 1 + 2 + 2.
  EXPECT_DOUBLE_EQ(stage_seconds(tasks, 4, {}), 5);
}

// The second begins with its first part when the first one has done its own.
TEST(StageSeconds, WhatIsDoneInLineInPartsWaitsForEachPart) {
  StageTimes tasks;
  for (int i = 0; i < 2; ++i) {
    tasks.tasks.push_back({.alone = 1, .in_line = 2, .line = 0, .parts = 4});
  }
  EXPECT_DOUBLE_EQ(stage_seconds(tasks, 1, {}), 6);
  EXPECT_DOUBLE_EQ(stage_seconds(tasks, 2, {}), 3.5);
}

TEST(StepTimes, OfSeveralStepsAreTheUndisturbedOnesOfEachTask) {
  std::vector<StepTimes> steps;
  for (int i = 0; i < 20; ++i) {
    const double up = i;
    const double down = 19 - i;
    steps.push_back({{stage({up, down})}, 2 * up});
  }
  const StepTimes found = undisturbed(steps);  // two in twenty are shorter
  EXPECT_DOUBLE_EQ(found.between, 4);
  EXPECT_DOUBLE_EQ(found.stages[0].tasks[0].alone, 2);
  EXPECT_DOUBLE_EQ(found.stages[0].tasks[1].alone, 2);
}

// Every kind of stage: Winograd's convolution is large enough to be one.
constexpr const char* kNetwork =
    "data: {dir: d}\nnetwork:\n  - conv: {count: 32, kernel: 3, pad: 1}\n"
    "  - conv: {count: 32, kernel: 3, pad: 1}\n  - batch_norm\n  - relu\n  - fc: {count: 4}\n"
    "training: {epochs: 1, batch: 40, alpha: 0.1, momentum: 0.9, clip: 1}\n";

template <typename MakeWorkers>
Values trained(const MakeWorkers& make_workers, const std::function<void()>& before) {
  const RunConfig config = parse_config("a.yaml", kNetwork);
  Network network({1, 12, 12}, config.network);
  network.initialise(1);
  auto workers = make_workers();
  RandomTraining random(config, network, 40, *workers);
  before();
  random.step(1.0);
  return values(network.values());
}

class LoggedSteps : public testing::TestWithParam<int> {};

// The step itself, with the work of each of its stages, and the bits of real threads.
TEST_P(LoggedSteps, AreThoseOfRealThreads) {
  const int threads = GetParam();
  const Values real = trained([&] { return std::make_unique<Workers>(threads); }, [] {});
  StepClock clock;
  const Values logged = trained([&] { return std::make_unique<Workers>(threads, clock); },
                                [&] { clock.begin_step(); });
  const StepTimes times = clock.end_step();
  EXPECT_EQ(logged, real);
  std::vector<std::string> names;
  bool in_line = false;
  for (const StageTimes& stage : times.stages) {
    names.push_back(stage.name);
    EXPECT_GT(stage.sum(), 0) << stage.name;
    for (const TaskTime& task : stage.tasks) in_line = in_line || task.in_line > 0;
  }
  EXPECT_EQ(std::ranges::count(names, "reduce"), 1);
  EXPECT_EQ(std::ranges::count(names, "update"), 1);
  const bool shared = threads > 1;
  EXPECT_EQ(std::ranges::count(names, "forward conv2"), shared ? 1 : 0);
  EXPECT_EQ(std::ranges::count(names, "read"), shared ? 1 : 0);
  EXPECT_EQ(in_line, shared);
}

INSTANTIATE_TEST_SUITE_P(Threads, LoggedSteps, testing::Values(1, 3, 16));

CommandResult simulate(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"--config", digits_config(), "--seconds", "0.01"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_command("cnn-bench", arguments);
}

TEST(Simulation, JsonHasARateForEachNumberOfThreads) {
  const CommandResult result = simulate({"--json", "--simulate-threads", "2,8"});
  ASSERT_EQ(result.code, 0) << result.err;
  const json simulated = json::parse(result.out)["simulated"];
  ASSERT_EQ(simulated.size(), 2U);
  EXPECT_EQ(simulated[0]["threads"], 2);
  EXPECT_EQ(simulated[1]["threads"], 8);
  for (const json& row : simulated) {
    EXPECT_EQ(row.size(), 3U);
    EXPECT_GT(row["images_per_second"], 0.0);
    EXPECT_GT(row["efficiency"], 0.0);
  }
}

TEST(Simulation, OneThreadIsAsEfficientAsItself) {
  const CommandResult result = simulate({"--json", "--simulate-threads", "1-3"});
  ASSERT_EQ(result.code, 0) << result.err;
  const json report = json::parse(result.out);
  ASSERT_EQ(report["simulated"].size(), 3U);
  EXPECT_DOUBLE_EQ(report["simulated"][0]["efficiency"].get<double>(), 1);
  EXPECT_EQ(report["measured"][0]["threads"], 1);
}

TEST(Simulation, TextSaysThatItIsAnEstimateAndWhatHoldsBack) {
  const CommandResult result = simulate({"--simulate-threads", "1-4"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("an estimate"), HasSubstr("\nthreads "),
                                HasSubstr("efficiency of stages")));
  // Those that lose most: which they are, the machine's other work decides, too.
  EXPECT_THAT(result.out, AnyOf(HasSubstr("\nforward "), HasSubstr("\nbackward ")));
  EXPECT_THAT(result.out, HasSubstr(" that lose most on 4 threads)"));
}

TEST(Simulation, RefusesWhatIsNoListOfThreads) {
  const CommandResult result = simulate({"--simulate-threads", "4-2"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("--simulate-threads"), HasSubstr("'4-2'")));
  EXPECT_EQ(result.out, "");
}

}  // namespace
}  // namespace cnn::app
