// Whose a run directory is: one run's at a time, its own checkpoints', and nobody else's files.

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "support/cli.hpp"
#include "support/idx_writer.hpp"
#include "support/picture_files.hpp"
#include "support/run_files.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

using Arguments = std::vector<std::string>;

// Six epochs of five steps, in milliseconds.
constexpr const char* kConfig = R"(name: small
data: {dir: data, scale: 0.004, validation: 10}
network:
  - conv: {count: 2, kernel: 3}
  - relu
  - fc: {count: 4}
training: {epochs: 6, batch: 8, alpha: 0.05, threads: 1}
output: {dir: run, keep: 3}
)";

class RunDirectoryCommand : public testing::Test {
 protected:
  RunDirectoryCommand() {
    fs::create_directory(temp_ / "data");
    for (const DataPart part : {DataPart::train, DataPart::test}) {
      write_dataset(temp_ / "data", part, make_dataset({1, 8, 8}, 50, 4, 7));
    }
    write_file(temp_ / "run.yaml", kConfig);
  }

  fs::path at(const std::string& name) const { return temp_ / name; }
  Arguments arguments(const std::string& directory, Arguments more = {}) const {
    Arguments all = {"--config", at("run.yaml").string(), "--out", at(directory).string()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  CommandResult train(const std::string& directory, const Arguments& more = {}) const {
    return run_command("cnn-train", arguments(directory, more));
  }

  const TempDir temp_;
};

// The best model of the whole epochs comes along, for the longer run goes on from that.
TEST_F(RunDirectoryCommand, ALongerRunElsewhereEndsInTheBytesOfTheWholeOne) {
  int aside = 0;
  for (int seed = 1; aside == 0 && seed <= 20; ++seed) {
    const Arguments whole = {"--seed", std::to_string(seed), "--set", "training.alpha=0.3",
                             "--overwrite"};
    ASSERT_EQ(train("whole", whole).code, 0);
    for (const char* steps : {"training.steps=13", "training.steps=22"}) {
      Arguments cut = whole;
      cut.insert(cut.end(), {"--set", steps});
      ASSERT_EQ(train("cut", cut).code, 0);
      aside += fs::exists(at("cut/best-whole-epoch.safetensors")) ? 1 : 0;
      Arguments longer(whole.begin(), whole.end() - 1);
      longer.insert(longer.end(), {"--resume", at("cut/last.safetensors").string()});
      ASSERT_EQ(train("moved", longer).code, 0);
      EXPECT_EQ(run_difference(at("moved"), at("whole")), "") << seed << " " << steps;
      fs::remove_all(at("moved"));
    }
  }
  EXPECT_GT(aside, 0);
}

TEST_F(RunDirectoryCommand, NoStartRemovesAFileThatOnlyHasTheNameOfARuns) {
  for (const char* name : {"report.html", "layers.csv", "train.log"}) {
    for (const Arguments& start : {Arguments{}, Arguments{"--resume"}}) {
      const std::string directory = std::string("of ") + name;
      fs::create_directories(at(directory));
      write_file(at(directory) / name, "mine\n");
      EXPECT_EQ(train(directory, start).code, start.empty() ? 2 : 3) << name;
      EXPECT_EQ(slurp(at(directory) / name), "mine\n");
    }
  }
}

TEST_F(RunDirectoryCommand, OfTenStartsAtOnceOneWins) {
  for (const Arguments& how : {Arguments{}, Arguments{"--resume"}, Arguments{"--overwrite"}}) {
    SCOPED_TRACE(testing::PrintToString(how));
    if (!how.empty()) {
      ASSERT_EQ(train("run", {"--set", "training.epochs=1", "--overwrite"}).code, 0);
    }
    Arguments endless = how;
    endless.insert(endless.end(), {"--set", "training.epochs=1000000", "--set",
                                   "output.checkpoint_every=never", "--quiet"});
    std::vector<std::unique_ptr<TempDir>> outputs;
    std::vector<std::unique_ptr<RunningCommand>> runs;
    for (int i = 0; i < 10; ++i) {
      outputs.push_back(std::make_unique<TempDir>());
      runs.push_back(std::make_unique<RunningCommand>("cnn-train", arguments("run", endless),
                                                      outputs.back()->path()));
    }
    const auto still_running = [&] {
      return std::count_if(runs.begin(), runs.end(), [](auto& run) { return !run->has_ended(); });
    };
    while (still_running() > 1) runs.front()->ends_within(std::chrono::milliseconds(1));
    ASSERT_EQ(still_running(), 1);
    int refused = 0;
    for (auto& run : runs) {
      if (!run->has_ended()) run->send(SIGTERM);
      const CommandResult result = run->wait();
      if (result.code == 143) continue;
      ++refused;
      EXPECT_EQ(result.code, 3);
      EXPECT_THAT(result.err, HasSubstr("another run is writing into this directory"));
    }
    EXPECT_EQ(refused, 9);
    EXPECT_EQ(first_unreadable(at("run")), "");
    fs::remove_all(at("run"));
  }
}

TEST_F(RunDirectoryCommand, ACheckpointOfAnotherRunIsRefused) {
  ASSERT_EQ(train("a").code, 0);
  ASSERT_EQ(train("b", {"--seed", "2", "--set", "training.epochs=2"}).code, 0);
  ASSERT_EQ(train("before", {}).code, 0);
  const std::string checkpoint = at("b/last.safetensors").string();
  const CommandResult result =
      train("a", {"--seed", "2", "--set", "training.epochs=3", "--resume", checkpoint});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr(checkpoint));
  EXPECT_THAT(result.err, HasSubstr(at("a/last.safetensors").string() + " is of another run"));
  EXPECT_THAT(result.err, HasSubstr("training.seed is 1, the checkpoint has 2"));
  EXPECT_EQ(run_difference(at("a"), at("before")), "");
  EXPECT_THAT(slurp(at("a/config.yaml")), HasSubstr("seed: 1"));
}

// Two runs of one configuration that began with other weights.
TEST_F(RunDirectoryCommand, ACheckpointOfOtherStartingWeightsIsRefused) {
  ASSERT_EQ(train("seeded", {"--seed", "3"}).code, 0);
  ASSERT_EQ(train("a").code, 0);
  ASSERT_EQ(train("b", {"--weights", at("seeded/model.safetensors").string()}).code, 0);
  const CommandResult result =
      train("a", {"--set", "training.epochs=7", "--resume", at("b/last.safetensors").string()});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("the origin of its weights is its seed, the checkpoint's was a "
                                    "file of crc"));
}

// What the last lines name is there, and the table begins at its beginning.
TEST_F(RunDirectoryCommand, ARunThatMovesTakesItsBestModelAndItsRowsAlong) {
  ASSERT_EQ(train("short", {"--set", "training.alpha=0", "--set", "training.epochs=2"}).code, 0);
  ASSERT_EQ(train("whole", {"--set", "training.alpha=0", "--set", "training.epochs=4"}).code, 0);
  const CommandResult result =
      train("moved", {"--set", "training.alpha=0", "--set", "training.epochs=4", "--resume",
                      at("short/last.safetensors").string()});
  ASSERT_EQ(result.code, 0) << result.err;
  const std::string best = at("moved/best.safetensors").string();
  EXPECT_THAT(result.err, HasSubstr("best validation accuracy in epoch 1: " + best));
  EXPECT_EQ(run_command("cnn-eval", {"--model", best}).code, 0);
  EXPECT_EQ(metrics_apart_from_times(at("moved")), metrics_apart_from_times(at("whole")));
}

TEST_F(RunDirectoryCommand, ABestModelThatIsNotThereIsNotNamed) {
  ASSERT_EQ(train("short", {"--set", "training.alpha=0", "--set", "training.epochs=2"}).code, 0);
  fs::remove(at("short/best.safetensors"));
  const CommandResult result =
      train("moved", {"--set", "training.alpha=0", "--set", "training.epochs=4", "--resume",
                      at("short/last.safetensors").string()});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("best validation accuracy in epoch 1, of which no model is "
                                    "left"));
  EXPECT_THAT(result.err, Not(HasSubstr("best.safetensors")));
}

TEST_F(RunDirectoryCommand, ARunIsNotShortenedToLessThanItHasTrained) {
  ASSERT_EQ(train("run").code, 0);
  const std::string config = slurp(at("run/config.yaml")), log = slurp(at("run/train.log"));
  const CommandResult result = train("run", {"--resume", "--set", "training.epochs=2"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("would end at step 10, and"));
  EXPECT_THAT(result.err, HasSubstr("is at step 30"));
  EXPECT_EQ(slurp(at("run/config.yaml")), config);
  EXPECT_EQ(slurp(at("run/train.log")), log);
}

TEST_F(RunDirectoryCommand, WhatARunHasLeftIsNotTakenForNothing) {
  ASSERT_EQ(train("run").code, 0);
  for (const char* name : {"step-20", "step-25", "last", "model"}) {
    ASSERT_TRUE(fs::remove(at("run") / (name + std::string(".safetensors")))) << name;
  }
  const std::string best = slurp(at("run/best.safetensors"));
  const std::string rows = slurp(at("run/metrics.csv"));
  const CommandResult result = train("run", {"--resume"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("holds no checkpoint to resume from"));
  EXPECT_EQ(slurp(at("run/best.safetensors")), best);
  EXPECT_EQ(slurp(at("run/metrics.csv")), rows);
}

TEST_F(RunDirectoryCommand, MetricsHaveNoRowsBeyondTheRun) {
  ASSERT_EQ(train("run").code, 0);
  const std::string checkpoint = (at("run") / "step-20.safetensors").string();
  const CommandResult result = train("run", {"--resume", checkpoint, "--set", "training.epochs=4"});
  ASSERT_EQ(result.code, 0) << result.err;
  const std::string rows = slurp(at("run") / "metrics.csv");
  EXPECT_THAT(rows, HasSubstr("\n4,20,"));
  EXPECT_THAT(rows, Not(HasSubstr("\n5,25,")));
}

TEST_F(RunDirectoryCommand, ARunThatIsMovedWritesWhereItWasMoved) {
  const Arguments endless = arguments("run", {"--set", "training.epochs=1000000", "--quiet"});
  RunningCommand first("cnn-train", endless, temp_.path());
  ASSERT_TRUE(first.wait_until([&] { return fs::exists(at("run/metrics.csv")); }));
  fs::rename(at("run"), at("moved"));
  ASSERT_EQ(train("run", {"--seed", "9"}).code, 0);
  ASSERT_EQ(train("alone", {"--seed", "9"}).code, 0);
  const std::uint64_t step = last_step(at("moved")).value_or(0);
  ASSERT_TRUE(first.wait_until([&] { return last_step(at("moved")) > step + 100; }));
  first.send(SIGTERM);
  const CommandResult result = first.wait();
  EXPECT_EQ(result.code, 143) << result.err;
  EXPECT_THAT(result.err, HasSubstr("moved/last.safetensors"));
  EXPECT_EQ(run_difference(at("run"), at("alone")), "");
  EXPECT_FALSE(fs::exists(at("moved/model.safetensors")));
}

TEST_F(RunDirectoryCommand, OtherPeoplesFilesStay) {
  fs::create_directories(at("run/.dir.tmp"));
  const Arguments theirs = {".my-notes.tmp",          ".vimrc.tmp",         ".dir.tmp/z", ".probe",
                            ".confusion.csv.1-0.tmp", "step-x.safetensors", "model.onnx"};
  for (const std::string& name : theirs) write_file(at("run") / name, name);
  ASSERT_EQ(train("run").code, 0);
  ASSERT_EQ(train("run", {"--overwrite"}).code, 0);
  ASSERT_EQ(train("run", {"--resume", "--set", "training.epochs=7"}).code, 0);
  for (const std::string& name : theirs) EXPECT_EQ(slurp(at("run") / name), name);
}

TEST_F(RunDirectoryCommand, AnEmptyDirectoryIsNotLeftWhereNothingBegan) {
  EXPECT_EQ(train("deep/run", {"--data", at("none").string()}).code, 3);
  EXPECT_EQ(train("deep/run", {"--weights", at("none").string()}).code, 3);
  EXPECT_EQ(train("deep/run", {"--resume"}).code, 3);
  EXPECT_EQ(train("deep/run", {"--resume", at("none").string()}).code, 3);
  EXPECT_FALSE(fs::exists(at("deep")));
}

// As where examples are installed: nobody but root can write beside them.
TEST_F(RunDirectoryCommand, OneThatCannotBeMadeNamesTheWayOut) {
  const CommandResult result =
      run_command("cnn-train", {"--config", at("run.yaml").string(), "--out", "/proc/run"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("/proc/run: error: cannot make the run directory: "));
  EXPECT_THAT(result.err, HasSubstr("choose another place by --out DIR"));
}

TEST_F(RunDirectoryCommand, AnOutputOfAnotherKindIsRefused) {
  const std::string config = at("run.yaml").string();
  const CommandResult preview = run_command("cnn-train", {"--config", config, "--preview", config});
  EXPECT_EQ(preview.code, 2);
  EXPECT_THAT(preview.err, HasSubstr("--preview: " + config + " is there already and is no PNG"));
  EXPECT_EQ(slurp(config), kConfig);
  EXPECT_EQ(train("data", {"--preview", at("data").string()}).code, 2);
  EXPECT_EQ(train("run", {"--preview", at("sheet.png").string()}).code, 0);
  EXPECT_EQ(train("run", {"--preview", at("sheet.png").string()}).code, 0) << "of its own kind";

  const CommandResult directory = train("run.yaml");
  EXPECT_EQ(directory.code, 2);
  EXPECT_THAT(directory.err, HasSubstr("is no directory"));
  ASSERT_EQ(train("run").code, 0);
  EXPECT_EQ(
      run_command("cnn-eval", {"--model", at("run/model.safetensors").string(), "--out", config})
          .code,
      2);
  EXPECT_EQ(slurp(config), kConfig);
}

}  // namespace
}  // namespace cnn
