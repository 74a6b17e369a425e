#include "cnn/training_run.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cnn/error.hpp"
#include "cnn/version.hpp"

#include "base/file.hpp"
#include "formats/tensor_file.hpp"
#include "run/layer_times.hpp"
#include "support/files.hpp"
#include "support/idx_writer.hpp"
#include "support/temp_dir.hpp"
#include "support/tiny.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

const std::string kConfig = R"(name: small
data: {dir: )" CNN_DIGITS_DIR R"(, scale: 0.004, validation: 100}
network: [conv: {count: 2, kernel: 5}, pool: {type: max, kernel: 4}, relu, fc: {count: 10}]
training: {steps: 12, batch: 64, alpha: 0.05}
)";

TrainingOptions into(const fs::path& directory) {
  TrainingOptions options;
  options.out = directory;
  return options;
}

class TrainingRunTest : public testing::Test {
 protected:
  TempDir temp_;
  Recorder recorder_;
};

TEST_F(TrainingRunTest, LeavesAModelAndReports) {
  TrainingRun run = TrainingRun::from_yaml(kConfig, into(temp_.path() / "run"));
  EXPECT_EQ(run.steps(), 12u);
  EXPECT_TRUE(fs::is_empty(run.directory())) << "nothing is written before the run";
  EXPECT_EQ(run.run(recorder_), TrainingRun::Outcome::finished);
  EXPECT_EQ(run.step(), 12u);
  EXPECT_EQ(recorder_.steps.size(), 12u);
  EXPECT_EQ(recorder_.epochs.size(), 1u);
  for (const char* file : {"model.safetensors", "config.yaml", "metrics.csv", "last.safetensors"}) {
    EXPECT_TRUE(fs::exists(run.directory() / file)) << file;
  }
  EXPECT_EQ(read_file(run.directory() / "config.yaml", 1 << 20), run.config());
}

// One image in hundreds is what measuring may cost.
TEST_F(TrainingRunTest, SaysHowLongItsLayersTakeIfThatCostsLittle) {
  TrainingOptions options = into(temp_.path() / "long");
  options.overrides = {"training.threads=1", "training.steps=40"};
  TrainingRun run = TrainingRun::from_yaml(kConfig, options);
  run.run(recorder_);
  const std::vector<LayerTime> times = read_layer_times(run.directory() / "layers.csv");
  ASSERT_EQ(times.size(), 4U);
  EXPECT_EQ(times[0].name, "conv1");
  EXPECT_GT(times[0].forward, 0);
  EXPECT_GT(times[0].backward, 0);

  options.out = temp_.path() / "short";
  options.overrides.back() = "training.steps=4";
  TrainingRun brief = TrainingRun::from_yaml(kConfig, options);
  brief.run(recorder_);
  EXPECT_FALSE(fs::exists(brief.directory() / "layers.csv"));
}

TEST_F(TrainingRunTest, StoppedAndGoneOnItEndsInTheSameBytes) {
  TrainingRun whole = TrainingRun::from_yaml(kConfig, into(temp_.path() / "whole"));
  whole.run(recorder_);

  // In one process, then in another object as after a restart.
  Recorder until;
  until.stop_after = 4;
  TrainingRun first = TrainingRun::from_yaml(kConfig, into(temp_.path() / "parts"));
  ASSERT_EQ(first.run(until, until.stop), TrainingRun::Outcome::stopped);
  until.stop.stop.store(false);
  until.stop_after = 7;
  ASSERT_EQ(first.run(until, until.stop), TrainingRun::Outcome::stopped);
  EXPECT_EQ(first.step(), 7u);
  { const TrainingRun gone = std::move(first); }

  TrainingOptions options = into(temp_.path() / "parts");
  options.start = TrainingOptions::Start::resume;
  options.overrides = {"training.threads=3"};
  TrainingRun second = TrainingRun::from_yaml(kConfig, options);
  EXPECT_EQ(second.run(recorder_), TrainingRun::Outcome::finished);
  EXPECT_TRUE(same_bytes(whole.model(), second.model()));
}

TEST_F(TrainingRunTest, RefusesADirectoryThatHoldsARun) {
  TrainingRun::from_yaml(kConfig, into(temp_.path())).run(recorder_);
  EXPECT_THROW(TrainingRun::from_yaml(kConfig, into(temp_.path())), ConfigError);
  TrainingOptions options = into(temp_.path());
  options.start = TrainingOptions::Start::overwrite;
  EXPECT_EQ(TrainingRun::from_yaml(kConfig, options).run(recorder_),
            TrainingRun::Outcome::finished);
}

TEST_F(TrainingRunTest, MistakesAreTypedErrors) {
  const TrainingOptions options = into(temp_.path());
  EXPECT_THROW(TrainingRun::from_yaml("network: [", options), ConfigError);
  EXPECT_THROW(TrainingRun::from_yaml(kConfig + "typo: 1\n", options), ConfigError);
  EXPECT_THROW(TrainingRun::from_file(temp_.path() / "missing.yaml", options), FileError);
  TrainingOptions elsewhere = options;
  elsewhere.data = temp_.path();
  EXPECT_THROW(TrainingRun::from_yaml(kConfig, elsewhere), FileError);
  TrainingOptions resumed = options;
  resumed.start = TrainingOptions::Start::resume;
  EXPECT_THROW(TrainingRun::from_yaml(kConfig, resumed), FileError);
}

TEST_F(TrainingRunTest, GivesNotices) {
  std::vector<std::string> notices;
  TrainingOptions options = into(temp_.path());
  options.on_notice = [&](const std::string& notice) { notices.push_back(notice); };
  Dataset black = make_dataset({1, 28, 28}, 200, 10);
  std::fill(black.pixels.begin(), black.pixels.end(), std::uint8_t{0});
  fs::create_directory(temp_ / "black");
  write_dataset(temp_ / "black", DataPart::train, black);
  options.data = temp_ / "black";
  TrainingRun::from_yaml(kConfig, options).run(recorder_);
  ASSERT_FALSE(notices.empty());
  EXPECT_NE(notices.front().find("all pixels"), std::string::npos) << notices.front();
}

TEST_F(TrainingRunTest, ACheckpointOfAnotherVersionResumesWithANotice) {
  std::vector<std::string> notices;
  TrainingOptions options = into(temp_.path());
  options.on_notice = [&](const std::string& notice) { notices.push_back(notice); };
  recorder_.stop_after = 4;
  TrainingRun::from_yaml(kConfig, options).run(recorder_, recorder_.stop);
  recorder_.stop.stop.store(false);
  recorder_.stop_after = 8;
  options.start = TrainingOptions::Start::resume;
  TrainingRun::from_yaml(kConfig, options).run(recorder_, recorder_.stop);
  EXPECT_TRUE(notices.empty()) << notices.front();

  const fs::path last = temp_.path() / "last.safetensors";
  TensorFile file = read_tensors(last);
  ASSERT_EQ(file.metadata.at("version"), version());
  file.metadata["version"] = "0.1.7";
  std::vector<NamedTensor> tensors;
  for (const TensorFile::Entry& entry : file.tensors) {
    tensors.push_back({entry.name, entry.dims, entry.data});
  }
  write_tensors(last, tensors, file.metadata);
  recorder_.stop.stop.store(false);
  EXPECT_EQ(TrainingRun::from_yaml(kConfig, options).run(recorder_),
            TrainingRun::Outcome::finished);
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_NE(notices.front().find("was written by version 0.1.7, this is"), std::string::npos);
}

TEST_F(TrainingRunTest, WhatAnObserverThrowsEndsTheRunAndLeavesACheckpoint) {
  struct Impatient final : TrainObserver {
    void on_step(const StepReport&) override { throw ArgumentError("enough"); }
  };
  Impatient impatient;
  {
    TrainingRun run = TrainingRun::from_yaml(kConfig, into(temp_.path()));
    EXPECT_THROW(run.run(impatient), ArgumentError);
  }
  TrainingOptions options = into(temp_.path());
  options.start = TrainingOptions::Start::resume;
  EXPECT_EQ(TrainingRun::from_yaml(kConfig, options).run(recorder_),
            TrainingRun::Outcome::finished);
}

}  // namespace
}  // namespace cnn
