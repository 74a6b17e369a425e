// cnn-train --seeds: several runs, one summary.

#include "apps/sweep.hpp"

#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "cnn/error.hpp"

#include "support/cli.hpp"

namespace cnn::app {
namespace {

using testing::HasSubstr;

TEST(ParseSeeds, TakesListsAndRanges) {
  using Seeds = std::vector<std::uint64_t>;
  EXPECT_EQ(parse_seeds("7"), Seeds{7});
  EXPECT_EQ(parse_seeds("1-5"), (Seeds{1, 2, 3, 4, 5}));
  EXPECT_EQ(parse_seeds("7,1,3"), (Seeds{7, 1, 3}));
  EXPECT_EQ(parse_seeds("1-2,9,0"), (Seeds{1, 2, 9, 0}));
  EXPECT_EQ(parse_seeds("9223372036854775806-9223372036854775807").size(), 2U);
  EXPECT_EQ(parse_seeds("1-1000").size(), 1000U);
}

TEST(ParseSeeds, RefusesWhatIsNone) {
  for (const char* text : {"", ",", "1,", "1-", "-1", "5-1", "a", "1-2-3", "01", "1 2", "1,1",
                           "1-3,2", "1-1001", "0-9223372036854775807", "9223372036854775808"}) {
    EXPECT_THROW(parse_seeds(text), ConfigError) << text;
  }
}

// Mean 98, squares of differences 1 + 0 + 1 over n − 1 = 2.
TEST(SweepText, GivesMeanAndDeviation) {
  EXPECT_EQ(
      sweep_text({{1, 0.97, {}, 10.0}, {2, 0.98, {}, 20.0}, {3, 0.99, {}, {}}}, 431080, "test"),
      "seed    1  97.00 %  10.0 s\n"
      "seed    2  98.00 %  20.0 s\n"
      "seed    3  99.00 %  (resumed)\n"
      "mean  98.00 ± 1.00 %  15.0 s  431080 parameters  test set\n");
  EXPECT_EQ(sweep_text({{1, 0.5, {}, 10.0}}, 7, "validation"),
            "seed    1  50.00 %  10.0 s\nmean  50.00 %  10.0 s  7 parameters  validation set\n");
  EXPECT_EQ(sweep_text({{1, {}, {}, 10.0}}, 0, ""), "seed    1  10.0 s\nmean  10.0 s\n");
  EXPECT_EQ(sweep_text({{1, 0.97, 0.98, 10.0}, {2, 0.97, 0.99, 20.0}}, 7, "test", "shifts"),
            "seed    1  97.00 %  10.0 s  with shifts 98.00 %\n"
            "seed    2  97.00 %  20.0 s  with shifts 99.00 %\n"
            "mean  97.00 ± 0.00 %  15.0 s  7 parameters  test set  with shifts 98.50 ± 0.71 %\n");
}

// --tta adds the figure that cnn-eval --tta gives; alone it would do nothing and is refused.
TEST(SweepCommand, ScoresByShiftsToo) {
  const TempDir temp;
  EXPECT_EQ(cnn::train(temp / "sweep", {"--tta", "shifts"}).code, 2);
  const CommandResult result = cnn::train(temp / "sweep", {"--seeds", "2", "--tta", "shifts"});
  ASSERT_EQ(result.code, 0) << result.err;
  const std::string model = (temp / "sweep/seed-2/model.safetensors").string();
  const CommandResult scored =
      run_command("cnn-eval", {"--model", model, "--tta", "shifts", "--json"});
  ASSERT_EQ(scored.code, 0) << scored.err;
  const double accuracy = nlohmann::json::parse(scored.out)["accuracy"];
  EXPECT_THAT(result.out, HasSubstr(fmt::format("  with shifts {:.2f} %", 100 * accuracy)));
}

TEST(SweepCommand, TrainsEachSeedIntoItsDirectoryAndSumsUp) {
  const TempDir temp;
  const CommandResult result = cnn::train(temp / "sweep", {"--seeds", "3,5"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr((temp / "sweep/seed-3/model.safetensors").string() + "\n"));
  EXPECT_THAT(result.out, HasSubstr("\nseed    5  "));
  EXPECT_THAT(result.out, HasSubstr(" %  "));
  EXPECT_THAT(result.out, HasSubstr("  431080 parameters  test set\n"));
  // Each is the run that --seed makes.
  ASSERT_EQ(cnn::train(temp / "single", {"--seed", "5"}).code, 0);
  EXPECT_TRUE(same_bytes(temp / "single" / "model.safetensors",
                         temp / "sweep" / "seed-5" / "model.safetensors"));

  const CommandResult again = cnn::train(temp / "sweep", {"--seeds", "4-5"});
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("seed-5 already holds a run"));
  EXPECT_FALSE(std::filesystem::exists(temp / "sweep" / "seed-4"));
}

TEST(SweepCommand, StopsWithTheSignalsCodeAndResumes) {
  const TempDir temp;
  const std::vector<std::string> more = {"--seeds", "1-2", "--set", "training.steps=60"};
  ASSERT_EQ(cnn::train(temp / "whole", more).code, 0);
  std::vector<std::string> arguments = train_arguments(temp / "stopped", more);
  RunningCommand running("cnn-train", arguments, temp.path());
  running.wait_until([&] { return std::filesystem::exists(temp / "stopped/seed-1/config.yaml"); });
  running.send(SIGTERM);
  const CommandResult stopped = running.wait();
  EXPECT_EQ(stopped.code, 128 + SIGTERM);
  EXPECT_EQ(stopped.out.find("mean"), std::string::npos);
  EXPECT_THAT(stopped.err, HasSubstr("it goes on with the same command and --resume"));
  arguments.push_back("--resume");
  const CommandResult resumed = run_command("cnn-train", arguments);
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("(resumed)"));
  for (const char* seed : {"seed-1", "seed-2"}) {
    EXPECT_TRUE(same_bytes(temp / "whole" / seed / "model.safetensors",
                           temp / "stopped" / seed / "model.safetensors"))
        << seed;
  }
}

TEST(SweepCommand, RefusesWhatDoesNotGoTogether) {
  const TempDir temp;
  EXPECT_THAT(cnn::train(temp / "run", {"--seeds", "1-2", "--seed", "1"}).err, HasSubstr("--seed"));
  const CommandResult checkpoint =
      cnn::train(temp / "run", {"--seeds", "1-2", "--resume", "x.safetensors"});
  EXPECT_EQ(checkpoint.code, 2);
  EXPECT_THAT(checkpoint.err, HasSubstr("--resume takes no CHECKPOINT"));
  const CommandResult none = cnn::train(temp / "run", {"--seeds", "2-1"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("--seeds must be different seeds as in 1-5 or 1,3,7"));
  EXPECT_FALSE(std::filesystem::exists(temp / "run"));
}

TEST(TrainCommand, SaysThatPatienceEndedTheRun) {
  const TempDir temp;
  const CommandResult result =
      run_command("cnn-train", {"--config", digits_config(), "--out", (temp / "run").string(),
                                "--set", "data.validation=300", "--set", "training.epochs=5",
                                "--set", "training.alpha=0", "--set", "training.patience=1"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("no better validation accuracy since epoch 1"));
  EXPECT_TRUE(std::filesystem::exists(temp / "run" / "model.safetensors"));
}

}  // namespace
}  // namespace cnn::app
