// cnn-train --sweep: values of keys, their combinations, one table.

#include <filesystem>
#include <tuple>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "cnn/error.hpp"

#include "apps/sweep_table.hpp"
#include "support/cli.hpp"
#include "support/idx_writer.hpp"

namespace cnn::app {
namespace {

using testing::HasSubstr;
using testing::Not;
using Values = std::vector<std::string>;

TEST(ParseSweepKey, CommasInsideBracketsAndQuotesDoNotSeparate) {
  const SweepKey key = parse_sweep_key("a.b=1,[3, 5],{policy: step, gamma: 0.1},\"x,y\"");
  EXPECT_EQ(key.key, "a.b");
  EXPECT_EQ(key.values, (Values{"1", "[3, 5]", "{policy: step, gamma: 0.1}", "\"x,y\""}));
}

TEST(ParseSweepKey, RefusesWhatIsNone) {
  for (const char* text : {"", "a", "a=", "=1", "a=1,", "a=,1", "a=[1", "a=\"1"}) {
    EXPECT_THROW(parse_sweep_key(text), ConfigError) << text;
  }
  EXPECT_THROW(parse_sweep_keys({"a=1", "a=2"}), ConfigError);
}

TEST(Combinations, AreAllOfThemTheLastKeyChangingFastest) {
  const std::vector<Combination> all = all_combinations({{"a", {"1", "2"}}, {"b", {"x", "y"}}});
  EXPECT_EQ(all, (std::vector<Combination>{{"1", "x"}, {"1", "y"}, {"2", "x"}, {"2", "y"}}));
  EXPECT_THROW(all_combinations({{"a", {"1..2"}}}), ConfigError);
  const Values many(32, "1");
  EXPECT_THROW(all_combinations({{"a", many}, {"b", many}}), ConfigError);
}

TEST(Combinations, DrawsLieInTheirRangesAndStayWhereThereAreMore) {
  const std::vector<SweepKey> keys = {
      {"a", {"log:1e-4..1e-1"}}, {"b", {"16..18"}}, {"c", {"x", "y"}}};
  const std::vector<Combination> draws = draw_combinations(keys, 200, 1);
  ASSERT_EQ(draws.size(), 200U);
  int below = 0;
  for (const Combination& draw : draws) {
    const double a = std::stod(draw[0]);
    EXPECT_GE(a, 1e-4);
    EXPECT_LE(a, 1e-1);
    below += a < 1e-3;
    EXPECT_TRUE(draw[1] == "16" || draw[1] == "17" || draw[1] == "18") << draw[1];
    EXPECT_TRUE(draw[2] == "x" || draw[2] == "y");
  }
  EXPECT_GT(below, 40);  // a third of the range's logarithm
  EXPECT_LT(below, 95);
  const std::vector<Combination> fewer = draw_combinations(keys, 3, 1);
  EXPECT_TRUE(std::equal(fewer.begin(), fewer.end(), draws.begin()));
  EXPECT_NE(draw_combinations(keys, 3, 2), fewer);
  for (const char* range : {"2..1", "1..", "log:0..1", "log:a..b", "-1e308..1e308"}) {
    EXPECT_THROW(draw_combinations({{"a", {range}}}, 1, 1), ConfigError) << range;
  }
}

TEST(Combinations, DrawsFromANarrowRangeHaveDigitsEnough) {
  for (const auto& [range, low, high] :
       {std::tuple("0.99..0.9999", 0.99, 0.9999), std::tuple("0.9991..0.9999", 0.9991, 0.9999),
        std::tuple("1000.4..1000.6", 1000.4, 1000.6)}) {
    for (const Combination& draw : draw_combinations({{"a", {range}}}, 50, 1)) {
      const double value = std::stod(draw[0]);
      EXPECT_GE(value, low) << range;
      EXPECT_LE(value, high) << range;
    }
  }
}

TEST(Combinations, DrawsAreDifferent) {
  EXPECT_EQ(draw_combinations({{"a", {"2..3"}}, {"b", {"x", "y"}}}, 4, 1).size(), 4U);
  EXPECT_THROW(draw_combinations({{"a", {"2..3"}}}, 3, 1), ConfigError);
}

TEST(Combinations, APathWithDotsIsNoRange) {
  const std::vector<Combination> all = all_combinations({{"a", {"../data", "data/../more"}}});
  EXPECT_EQ(all, (std::vector<Combination>{{"../data"}, {"data/../more"}}));
}

KeyRun run_of(std::size_t combination, std::uint64_t seed, std::optional<double> accuracy) {
  return {"run-" + std::to_string(combination + 1),
          combination,
          seed,
          accuracy ? "done" : "diverged",
          accuracy,
          accuracy,
          accuracy ? std::optional(1.5) : std::nullopt};
}

// Means 98 and 97 %, deviations 1 %: standard errors of √(1/3 + 1/3) = 0.8 %.
TEST(KeySweepText, SaysWhenTheBestTwoLieWithinNoise) {
  const std::vector<SweepKey> keys = {{"a", {"1", "2"}}, {"b", {"3"}}};
  const std::vector<Combination> combinations = {{"1", "3"}, {"2", "3"}};
  std::vector<KeyRun> runs = {run_of(0, 1, 0.96), run_of(0, 2, 0.97), run_of(0, 3, 0.98),
                              run_of(1, 1, 0.97), run_of(1, 2, 0.98), run_of(1, 3, 0.99)};
  const std::string text = key_sweep_text(keys, combinations, runs, 1000);
  EXPECT_THAT(text, HasSubstr("\n  98.00 ± 1.00 %  a=2 b=3\n  97.00 ± 1.00 %  a=1 b=3\n"));
  EXPECT_THAT(text, HasSubstr("the best two lie within noise: 98.00 and 97.00 % of 1000 images"));
  EXPECT_THAT(text, HasSubstr("\nbest: --set a=2 --set b=3\n"));
  for (std::size_t i = 0; i < 3; ++i) runs[i].accuracy = 0.9 + 0.01 * static_cast<double>(i);
  EXPECT_THAT(key_sweep_text(keys, combinations, runs, 1000), Not(HasSubstr("noise")));
}

// One seed: 98 and 97 % of 1,000 images have a standard error of 0.7 %, of 10,000 one of 0.2 %.
TEST(KeySweepText, OneSeedCountsByTheNumberOfImages) {
  const std::vector<SweepKey> keys = {{"a", {"1", "2", "9"}}};
  const std::vector<KeyRun> runs = {run_of(0, 1, 0.97), run_of(1, 1, 0.98), run_of(2, 1, {})};
  const std::string text = key_sweep_text(keys, {{"1"}, {"2"}, {"9"}}, runs, 1000);
  EXPECT_THAT(text, HasSubstr("noise"));
  EXPECT_THAT(text, HasSubstr("\n        diverged  a=9\n"));
  EXPECT_THAT(key_sweep_text(keys, {{"1"}, {"2"}, {"9"}}, runs, 10000), Not(HasSubstr("noise")));
}

// Deviations of 0 and accuracies of 100 % leave a doubt, too.
TEST(KeySweepText, EqualResultsLieWithinNoise) {
  const std::vector<SweepKey> keys = {{"a", {"1", "2"}}};
  const std::vector<Combination> combinations = {{"1"}, {"2"}};
  for (const double accuracy : {0.8, 1.0}) {
    const std::vector<KeyRun> one = {run_of(0, 1, accuracy), run_of(1, 1, accuracy)};
    EXPECT_THAT(key_sweep_text(keys, combinations, one, 1), HasSubstr("noise")) << accuracy;
    EXPECT_THAT(key_sweep_text(keys, combinations, one, 5000), HasSubstr("noise")) << accuracy;
    const std::vector<KeyRun> two = {run_of(0, 1, accuracy), run_of(0, 2, accuracy),
                                     run_of(1, 1, accuracy), run_of(1, 2, accuracy)};
    EXPECT_THAT(key_sweep_text(keys, combinations, two, 100), HasSubstr("noise")) << accuracy;
  }
  const std::vector<KeyRun> few = {run_of(0, 1, 1.0), run_of(0, 2, 1.0), run_of(1, 1, 0.95),
                                   run_of(1, 2, 0.95)};
  EXPECT_THAT(key_sweep_text(keys, combinations, few, 20), HasSubstr("noise"));
  EXPECT_THAT(key_sweep_text(keys, combinations, few, 20000), Not(HasSubstr("noise")));
}

TEST(KeySweepText, OneThatMayDivergeIsNotTheBest) {
  const std::vector<KeyRun> runs = {run_of(0, 1, 0.9), run_of(0, 2, {}), run_of(1, 1, 0.8),
                                    run_of(1, 2, 0.8)};
  const std::string text = key_sweep_text({{"a", {"1", "2 3"}}}, {{"1"}, {"2 3"}}, runs, 1000);
  EXPECT_THAT(text, HasSubstr("\n         90.00 %  a=1  (1 of 2 diverged)\n"));
  EXPECT_THAT(text, HasSubstr("\nbest: --set 'a=2 3'\n"));
  EXPECT_THAT(text, Not(HasSubstr("noise")));
}

TEST(KeySweepCsv, KeepsTheRowsOfItsOwnRunsAlone) {
  const std::vector<SweepKey> keys = {{"a", {"[3, 5]", "7"}}};
  const std::vector<Combination> combinations = {{"[3, 5]"}, {"7"}};
  std::vector<KeyRun> runs = {run_of(0, 7, 0.5), run_of(1, 7, 0.25)};
  const std::string csv = key_sweep_csv(keys, combinations, runs);
  for (KeyRun& run : runs) run.state = "";
  EXPECT_EQ(take_rows(csv, keys, combinations, runs), "");
  EXPECT_EQ(key_sweep_csv(keys, combinations, runs), csv);
  EXPECT_EQ(take_rows(csv, keys, {{"[3, 5]"}, {"8"}}, runs), "run-2,7,7,0.25,0.25,1.5,done");
  EXPECT_THAT(take_rows(csv, {{"b", {"7"}}}, combinations, runs), HasSubstr("run,a,seed"));
  runs.pop_back();
  EXPECT_EQ(take_rows(csv, keys, combinations, runs), "run-2,7,7,0.25,0.25,1.5,done");
}

TEST(KeySweepCsv, QuotesWhatHasCommas) {
  const std::vector<KeyRun> runs = {run_of(0, 7, 0.5), run_of(0, 8, {})};
  EXPECT_EQ(key_sweep_csv({{"a", {"[3, 5]"}}}, {{"[3, 5]"}}, runs),
            "run,a,seed,validation_accuracy,validation_loss,seconds,state\n"
            "run-1,\"[3, 5]\",7,0.5,0.5,1.5,done\n"
            "run-1,\"[3, 5]\",8,,,,diverged\n");
}

std::vector<std::string> sweep_arguments(const std::filesystem::path& directory,
                                         const std::vector<std::string>& more) {
  std::vector<std::string> arguments = train_arguments(directory, more);
  for (std::string& argument : arguments) {
    if (argument == "data.validation=0") argument = "data.validation=300";
  }
  return arguments;
}

TEST(KeySweepCommand, OneThatIsStoppedEndsInTheSameTable) {
  const TempDir temp;
  const std::vector<std::string> more = {"--sweep", "training.alpha=0.001,0.02,900", "--set",
                                         "training.steps=40"};
  const CommandResult whole = run_command("cnn-train", sweep_arguments(temp / "whole", more));
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_THAT(whole.out, HasSubstr("diverged  training.alpha=900\n"));
  EXPECT_THAT(whole.out, HasSubstr("best: --set training.alpha="));
  EXPECT_THAT(whole.err, HasSubstr("run-2 (2 of 3): training.alpha=0.02 seed 1\n"));

  std::vector<std::string> arguments = sweep_arguments(temp / "stopped", more);
  RunningCommand running("cnn-train", arguments, temp.path());
  running.wait_until([&] { return std::filesystem::exists(temp / "stopped/run-2/config.yaml"); });
  running.send(SIGTERM);
  const CommandResult stopped = running.wait();
  EXPECT_EQ(stopped.code, 128 + SIGTERM);
  EXPECT_THAT(stopped.err, HasSubstr("it goes on with the same command and --resume"));
  EXPECT_EQ(run_command("cnn-train", arguments).code, 2);  // occupied
  arguments.push_back("--resume");
  const CommandResult resumed = run_command("cnn-train", arguments);
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  const auto table = [](const std::string& out) { return out.substr(out.find("validation acc")); };
  EXPECT_EQ(table(resumed.out), table(whole.out));
}

// SIGKILL at each of these moments of the sweep: a run that begins, one that has ended, and what
// lies between two.
TEST(KeySweepCommand, OneThatIsKilledFiveTimesEndsInTheSameTable) {
  const TempDir temp;
  const std::vector<std::string> more = {
      "--sweep", "training.alpha=0.02,900,0.001", "--folds", "2", "--set", "training.steps=30"};
  const CommandResult whole = run_command("cnn-train", train_arguments(temp / "whole", more));
  ASSERT_EQ(whole.code, 0) << whole.err;

  const std::filesystem::path root = temp / "killed";
  std::vector<std::string> arguments = train_arguments(root, more);
  for (const char* event :
       {"run-1-fold-1/last.safetensors", "sweep.csv", "run-2-fold-1/config.yaml",
        "run-3-fold-1/metrics.csv", "run-3-fold-2/last.safetensors"}) {
    RunningCommand running("cnn-train", arguments, temp.path());
    running.wait_until([&] { return std::filesystem::exists(root / event); });
    running.send(SIGKILL);
    ASSERT_EQ(running.wait().code, 128 + SIGKILL) << event;
    if (arguments.back() != "--resume") arguments.push_back("--resume");
  }
  const CommandResult resumed = run_command("cnn-train", arguments);
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  const auto table = [](const std::string& out) { return out.substr(out.find("validation acc")); };
  EXPECT_EQ(table(resumed.out), table(whole.out));
  for (const char* run : {"run-1-fold-1", "run-1-fold-2", "run-3-fold-1", "run-3-fold-2"}) {
    EXPECT_TRUE(
        same_bytes(temp / "whole" / run / "model.safetensors", root / run / "model.safetensors"))
        << run;
  }
}

// Mean 98, squares of differences 1 + 0 + 1 over n − 1 = 2.
TEST(FoldsText, GivesMeanAndDeviation) {
  std::vector<KeyRun> runs = {run_of(0, 1, 0.97), run_of(0, 1, 0.98), run_of(0, 1, 0.99)};
  for (std::size_t i = 0; i < 3; ++i) runs[i].fold = static_cast<std::int64_t>(i + 1);
  EXPECT_EQ(folds_text(runs, 90),
            "validation accuracy of the last weights\n"
            "fold    1  97.00 %\nfold    2  98.00 %\nfold    3  99.00 %\n"
            "mean  98.00 ± 1.00 %  90 images in 3 folds\n");
  runs[1] = run_of(0, 2, {});
  runs[1].fold = 2;
  runs[2].seed = 2;
  EXPECT_EQ(folds_text(runs, 90),
            "validation accuracy of the last weights\n"
            "seed    1  fold    1  97.00 %\nseed    2  fold    2  diverged\n"
            "seed    2  fold    3  99.00 %\n"
            "mean  98.00 ± 1.41 %  90 images in 3 folds  (1 of 3 diverged)\n");
  EXPECT_EQ(folds_text({runs[1]}, 90),
            "validation accuracy of the last weights\nfold    2  diverged\n"
            "no run came to an end\n");
}

// The test set takes no part, and cnn-eval finds each fold's images again.
TEST(FoldsCommand, JudgesByEachFoldOnce) {
  const TempDir temp;
  const CommandResult result = run_command(
      "cnn-train", train_arguments(temp / "run", {"--folds", "3", "--set", "training.steps=40"}));
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("fold-2 (2 of 3): seed 1 fold 2 of 3\n"));
  EXPECT_THAT(result.err, HasSubstr("4000 train, 2000 validation"));
  EXPECT_THAT(result.out, HasSubstr(" %  6000 images in 3 folds\n"));
  EXPECT_THAT(read_file(temp / "run/sweep.csv", 10'000),
              HasSubstr("run,seed,fold,validation_accuracy,validation_loss,seconds,state\n"
                        "fold-1,1,1,"));
  for (const std::string fold : {"1", "2", "3"}) {
    const std::string model = (temp / "run" / ("fold-" + fold) / "model.safetensors").string();
    const CommandResult scored =
        run_command("cnn-eval", {"--model", model, "--split", "validation", "--json"});
    ASSERT_EQ(scored.code, 0) << scored.err;
    const auto json = nlohmann::json::parse(scored.out);
    EXPECT_EQ(json["images"], 2000);
    const double accuracy = json["accuracy"];
    EXPECT_THAT(result.out, HasSubstr(fmt::format("fold    {}  {:.2f} %\n", fold, 100 * accuracy)));
  }
  const CommandResult other = run_command(
      "cnn-train",
      train_arguments(temp / "run", {"--folds", "4", "--set", "training.steps=40", "--resume"}));
  EXPECT_EQ(other.code, 3);
  EXPECT_THAT(other.err, HasSubstr("data.fold is 1 of 4, the checkpoint has 1 of 3"));
}

TEST(FoldsCommand, EachSeedDividesAnew) {
  const TempDir temp;
  const CommandResult result =
      run_command("cnn-train", train_arguments(temp / "run", {"--folds", "2", "--seeds", "1-2"}));
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("seed    2  fold    2  "));
  EXPECT_TRUE(std::filesystem::exists(temp / "run/seed-2-fold-1/model.safetensors"));
}

// A part of the data judges as well as images held out, and is not divided into folds.
TEST(KeySweepCommand, TakesAValidationPart) {
  const TempDir temp;
  std::vector<std::string> arguments = train_arguments(
      temp / "run", {"--data", (temp / "data").string(), "--set", "training.steps=2"});
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), arguments.begin(), arguments.end());
    return run_command("cnn-train", more);
  };
  const auto images = [](std::size_t count) { return make_dataset({1, 28, 28}, count, 10); };
  std::filesystem::create_directories(temp / "data");
  write_dataset(temp / "data", DataPart::train, images(64));
  const CommandResult many = with({"--folds", "65"});
  EXPECT_EQ(many.code, 2);
  EXPECT_THAT(many.err, HasSubstr("only 64 images to divide"));
  write_dataset(temp / "data", DataPart::validation, images(30));
  const CommandResult folds = with({"--folds", "2"});
  EXPECT_EQ(folds.code, 2);
  EXPECT_THAT(folds.err, HasSubstr("validation part of its own"));
  EXPECT_FALSE(std::filesystem::exists(temp / "run"));
  const CommandResult result = with({"--sweep", "training.alpha=0.01,0.02"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("% of 30 images"));
}

TEST(KeySweepCommand, RefusesBeforeTheFirstRun) {
  const TempDir temp;
  const auto refused = [&](const std::vector<std::string>& arguments, const char* message) {
    const CommandResult result = run_command("cnn-train", arguments);
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_FALSE(std::filesystem::exists(temp / "run"));
  };
  refused(train_arguments(temp / "run", {"--sweep", "training.alpha=0.1"}), "held out");
  refused(sweep_arguments(temp / "run", {"--sweep", "training.alpha=0.1,-1"}), "alpha");
  refused(sweep_arguments(temp / "run", {"--sweep", "training.alhpa=0.1"}), "did you mean");
  refused(sweep_arguments(temp / "run", {"--sweep", "training.alpha=0..1"}), "--random");
  refused(sweep_arguments(temp / "run", {"--random", "3"}), "--sweep");
  refused(sweep_arguments(temp / "run", {"--sweep", "training.seed=1,2"}), "--seeds");
  refused(sweep_arguments(temp / "run", {"--sweep", "data.validation=9,10", "--folds", "2"}),
          "--folds says what is held out");
  refused(train_arguments(temp / "run", {"--folds", "1"}), "--folds");
  write_file(temp / "sweep.csv", "mine");
  refused(sweep_arguments(temp.path(), {"--sweep", "training.alpha=0.1,0.2"}),
          "sweep.csv is there already and is no list of runs");
  EXPECT_EQ(slurp(temp / "sweep.csv"), "mine");
  EXPECT_FALSE(std::filesystem::exists(temp / "run-1"));
  refused(train_arguments(temp / "run", {"--folds", "1000", "--seeds", "1-11"}), "11000 runs");
}

TEST(KeySweepCommand, LooksAtEveryCombinationBeforeTheFirstRun) {
  const TempDir temp;
  const auto refused = [&](const std::vector<std::string>& more, int code, const char* message,
                           const char* combination) {
    const CommandResult result = run_command("cnn-train", sweep_arguments(temp / "run", more));
    EXPECT_EQ(result.code, code);
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_THAT(result.err, HasSubstr(combination));
    EXPECT_FALSE(std::filesystem::exists(temp / "run"));
  };
  refused({"--sweep", "network.conv1.kernel=5,29"}, 2, "larger than its input",
          "in combination 2 of 2: network.conv1.kernel=29");
  refused({"--sweep", "network.fc2.count=10,3"}, 2, "has 10 classes", "2 of 2");
  refused({"--sweep", "data.augment={shift: 1},{hue: 0.1}"}, 2, "three channels", "2 of 2");
  refused({"--sweep", "training.alpha=0.1,1e-1"}, 2, "would train the same as training.alpha=0.1",
          "2 of 2");
  refused({"--sweep", "training.epochs=1,2", "--sweep", "training.steps=3,4"}, 2, "the same as",
          "3 of 4");
  refused({"--sweep", "data.dir=../nowhere,../nowhere2"}, 3, "nowhere", "1 of 2");
  refused({"--sweep", "data.validation=100,200"}, 2, "the same images are to judge", "");
}

TEST(KeySweepCommand, KeepsOtherRunsAndSweeps) {
  const TempDir temp;
  const auto run = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--set", "training.steps=2"});
    return run_command("cnn-train", sweep_arguments(temp / "run", more));
  };
  ASSERT_EQ(run({"--sweep", "training.alpha=0.01,0.02"}).code, 0);
  const std::string list = slurp(temp / "run/sweep.csv");
  const auto refused = [&](const std::vector<std::string>& more, const char* message) {
    const CommandResult result = run(more);
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(slurp(temp / "run/sweep.csv"), list);
  };
  refused({"--sweep", "training.lambda=0,0.1"}, "already holds a run");
  refused({"--folds", "2"}, "is that of another sweep; continue that with --resume");
  refused({"--sweep", "training.alpha=0.01,0.05", "--resume"}, "it has 'run-2,0.02,1,");
  refused({"--sweep", "training.alpha=0.01", "--resume"}, "it has 'run-2,0.02,1,");
  refused({"--sweep", "training.lambda=0,0.1", "--resume"}, "it has 'run,training.alpha,seed,");
  refused({"--sweep", "training.alpha=0.01", "--overwrite"}, "does not replace");
  EXPECT_EQ(run({"--sweep", "training.alpha=0.01,0.02,0.03", "--resume"}).code, 0);
  EXPECT_THAT(slurp(temp / "run/sweep.csv"), HasSubstr("\nrun-3,0.03,1,"));

  write_file(temp / "one", "");
  EXPECT_EQ(
      run_command("cnn-train", sweep_arguments(temp / "one", {"--sweep", "training.alpha=1,2"}))
          .code,
      2);
  const std::vector<std::string> alone = {"--set", "training.steps=2"};
  ASSERT_EQ(run_command("cnn-train", sweep_arguments(temp / "alone", alone)).code, 0);
  for (const std::vector<std::string>& several :
       {std::vector<std::string>{"--sweep", "training.alpha=1,2"}, {"--seeds", "1-2"}}) {
    const CommandResult result = run_command("cnn-train", sweep_arguments(temp / "alone", several));
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.err, HasSubstr("holds a run itself"));
  }
}

TEST(KeySweepCommand, AllDivergedIsADivergence) {
  const TempDir temp;
  const CommandResult result = run_command(
      "cnn-train", sweep_arguments(temp / "run", {"--sweep", "training.alpha=900,1000"}));
  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.out, HasSubstr("no run came to an end"));
}

}  // namespace
}  // namespace cnn::app
