// cnn-train as users run it.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>

#include "cnn/dataset.hpp"
#include "cnn/image.hpp"

#include "data/augment.hpp"
#include "support/cli.hpp"

namespace cnn {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(TrainCommand, LeavesTheFilesOfARunAndPrintsTheModelOnStdout) {
  const TempDir temp;
  const CommandResult result = train(temp / "run", {"--set", "data.validation=500"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, (temp / "run" / "model.safetensors").string() + "\n");
  for (const char* name : {"config.yaml", "train.log", "metrics.csv", "model.safetensors",
                           "best.safetensors", "last.safetensors"}) {
    EXPECT_TRUE(std::filesystem::exists(temp / "run" / name)) << name;
  }
  EXPECT_THAT(result.err, HasSubstr("OpenBLAS"));
  EXPECT_THAT(result.err, HasSubstr("20x24x24"));
  EXPECT_THAT(result.err, HasSubstr("epoch"));
  EXPECT_EQ(result.err.find('\r'), std::string::npos) << "a progress bar without a terminal";
  EXPECT_EQ(slurp(temp / "run" / "metrics.csv").find("epoch,step,train_loss,train_accuracy,"), 0U);
}

TEST(TrainCommand, QuietSaysNothing) {
  const TempDir temp;
  const CommandResult result = train(temp / "run", {"--quiet"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
}

TEST(TrainCommand, ThreadsDoNotChangeOneByte) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "a", {"--threads", "1", "--set", "data.validation=100"}).code, 0);
  ASSERT_EQ(train(temp / "b", {"--threads", "3", "--set", "data.validation=100"}).code, 0);
  for (const char* name : {"model.safetensors", "best.safetensors", "last.safetensors"}) {
    EXPECT_TRUE(same_bytes(temp / "a" / name, temp / "b" / name)) << name;
  }
}

TEST(TrainCommand, AugmentationDoesNotDependOnThreadsAndChangesTheWeights) {
  const std::string augment =
      "data.augment={crop: {area: [0.5, 1]}, fill: edge, shift: 2, rotate: 10, scale: 0.1, "
      "elastic: {sigma: 4, alpha: 20}, "
      "thickness: 0.8, brightness: 0.2, contrast: 0.2}";
  const TempDir temp;
  ASSERT_EQ(train(temp / "plain", {}).code, 0);
  ASSERT_EQ(train(temp / "a", {"--threads", "1", "--set", augment}).code, 0);
  ASSERT_EQ(train(temp / "b", {"--threads", "3", "--set", augment}).code, 0);
  EXPECT_TRUE(same_bytes(temp / "a" / "last.safetensors", temp / "b" / "last.safetensors"));
  EXPECT_TRUE(same_bytes(temp / "a" / "model.safetensors", temp / "b" / "model.safetensors"));
  EXPECT_FALSE(same_bytes(temp / "a" / "model.safetensors", temp / "plain" / "model.safetensors"));
  // A section that turns nothing on leaves every byte as it is.
  ASSERT_EQ(train(temp / "off", {"--set", "data.augment={shift: 0, flip: 0}"}).code, 0);
  EXPECT_TRUE(same_bytes(temp / "off" / "last.safetensors", temp / "plain" / "last.safetensors"));
}

// Rows of one image and of eleven, between them two pixels of grey; the shifts are copies.
TEST(TrainCommand, PreviewShowsImagesAndWhatBecomesOfThem) {
  const TempDir temp;
  const std::string file = (temp / "sheet.png").string();
  const CommandResult result =
      train(temp / "run", {"--preview", file, "--set", "data.augment={shift: 3}"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_FALSE(std::filesystem::exists(temp / "run"));
  const Image sheet = read_image(file);
  ASSERT_EQ(sheet.shape, (Shape{1, 8 * 30 + 2, 12 * 30 + 2}));
  const auto cell = [&](int row, int column, int y, int x) {
    return sheet.pixels[static_cast<std::size_t>((row * 30 + 2 + y) * sheet.shape.width +
                                                 column * 30 + 2 + x)];
  };
  const Dataset dataset = read_dataset(CNN_DIGITS_DIR, DataPart::train);
  const Augmenter augmenter({.shift = 3}, dataset.shape, 1);
  for (int row = 0; row < 8; ++row) {
    const auto place = static_cast<std::uint32_t>(row);
    for (int column = 0; column < 12; ++column) {
      const Distortion d = column == 0
                               ? Distortion{}
                               : augmenter.draw(static_cast<std::uint64_t>(column - 1), place);
      for (int y = 4; y < 24; ++y) {
        for (int x = 4; x < 24; ++x) {
          const int from = (y - d.shift_y) * 28 + x - d.shift_x;
          ASSERT_EQ(cell(row, column, y, x), dataset.image(place)[static_cast<std::size_t>(from)]);
        }
      }
    }
  }
  EXPECT_EQ(train(temp / "run", {"--preview", (temp / "no" / "sheet.png").string()}).code, 3);
  EXPECT_EQ(train(temp / "run", {"--preview", file, "--dry-run"}).code, 2);
}

TEST(TrainCommand, SeedChangesTheWeights) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "a", {"--seed", "1"}).code, 0);
  ASSERT_EQ(train(temp / "b", {"--seed", "2"}).code, 0);
  EXPECT_FALSE(same_bytes(temp / "a" / "model.safetensors", temp / "b" / "model.safetensors"));
}

TEST(TrainCommand, RefusesADirectoryThatHoldsARunUnlessToldToOverwrite) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "run", {}).code, 0);
  const CommandResult refused = train(temp / "run", {});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--overwrite"));
  EXPECT_EQ(train(temp / "run", {"--overwrite"}).code, 0);
}

TEST(TrainCommand, PrintedConfigurationGivesTheSameRun) {
  const TempDir temp;
  const CommandResult printed = run_command(
      "cnn-train", {"--config", digits_config(), "--set", "training.steps=12", "--set",
                    "data.validation=0", "--set", "network.conv1.count=7", "--print-config"});
  ASSERT_EQ(printed.code, 0) << printed.err;
  write_file(temp / "printed.yaml", printed.out);
  ASSERT_EQ(train(temp / "a", {"--set", "network.conv1.count=7"}).code, 0);
  const CommandResult again = run_command(
      "cnn-train",
      {"--config", (temp / "printed.yaml").string(), "--out", (temp / "b").string(), "--quiet"});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_TRUE(same_bytes(temp / "a" / "model.safetensors", temp / "b" / "model.safetensors"));
}

TEST(TrainCommand, DryRunPrintsTheTableAndWritesNothing) {
  const TempDir temp;
  const CommandResult result = train(temp / "run", {"--dry-run"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("431080"));
  EXPECT_THAT(result.out, HasSubstr("20x24x24"));
  EXPECT_THAT(result.out, HasSubstr("one step"));
  EXPECT_FALSE(std::filesystem::exists(temp / "run"));
}

// A kernel of 4 leaves 25x25, of which windows of 2x2 cover 24x24.
TEST(TrainCommand, SaysWhichRowsAndColumnsALayerDrops) {
  const std::string note =
      "note: layer 'pool1' drops the last row and the last column of its input 20x25x25\n";
  const TempDir temp;
  const CommandResult dry = train(temp / "run", {"--set", "network.conv1.kernel=4", "--dry-run"});
  ASSERT_EQ(dry.code, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr(note));
  const CommandResult run = train(temp / "run", {"--set", "network.conv1.kernel=4"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr(note));
  EXPECT_THAT(slurp(temp / "run" / "train.log"), HasSubstr(note));
  EXPECT_THAT(train(temp / "even", {"--dry-run"}).out, Not(HasSubstr("note:")));
}

TEST(TrainCommand, WeightsStartFromAnotherRunsModel) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "a", {}).code, 0);
  const CommandResult result = train(
      temp / "b",
      {"--weights", (temp / "a" / "model.safetensors").string(), "--set", "training.alpha=0"});
  ASSERT_EQ(result.code, 0) << result.err;
  const TensorFile a = read_safetensors(temp / "a" / "model.safetensors");
  const TensorFile b = read_safetensors(temp / "b" / "model.safetensors");
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const TensorFile::Entry& entry : a.tensors) {
    EXPECT_EQ(b.find(entry.name)->data, entry.data) << entry.name;
  }
}

// What PyTorch's batch_norm adds to a file.
TEST(TrainCommand, AHeadForOtherClassesStartsAnewWithReset) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "a", {}).code, 0);
  std::vector<std::string> arguments = {"--weights", (temp / "a" / "model.safetensors").string(),
                                        "--set",     "network.fc2.count=12",
                                        "--set",     "training.train_only=fc2"};
  const CommandResult refused = train(temp / "b", arguments);
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err, HasSubstr("fc2.weight is [10, 500], expected [12, 500]"));
  EXPECT_THAT(refused.err, HasSubstr("to start anew what does not fit: --reset fc2"));
  arguments.insert(arguments.end(), {"--reset", "fc2"});
  const CommandResult result = train(temp / "b", arguments);
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("every tensor of the network taken over but those of fc2"));
  const TensorFile before = read_safetensors(temp / "a" / "model.safetensors");
  const TensorFile after = read_safetensors(temp / "b" / "model.safetensors");
  EXPECT_EQ(after.find("conv1.weight")->data, before.find("conv1.weight")->data);
  EXPECT_EQ(run_command("cnn-train", {"--config", digits_config(), "--reset", "fc2"}).code, 2);
}

TEST(TrainCommand, WeightsMayHoldWhatTheNetworkDoesNotAskFor) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "a", {}).code, 0);
  const TensorFile model = read_safetensors(temp / "a" / "model.safetensors");
  std::vector<NamedTensor> tensors;
  const std::vector<float> one = {1};
  for (int i = 0; i < 7; ++i) tensors.push_back({"other" + std::to_string(i), {1}, one});
  for (const TensorFile::Entry& entry : model.tensors) {
    tensors.push_back({entry.name, entry.dims, entry.data});
  }
  const std::string file = (temp / "more.safetensors").string();
  write_safetensors(file, tensors, {});
  const CommandResult result = train(temp / "b", {"--weights", file});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("every tensor of the network taken over; 7 others passed over: "
                                    "other0, other1, other2, other3, other4, …\n"));
}

TEST(TrainCommand, DivergenceExitsWithFourAndNamesTheLayer) {
  const TempDir temp;
  const CommandResult result = train(temp / "run", {"--set", "training.alpha=123456.7"});
  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.err, HasSubstr("training diverged"));
  EXPECT_THAT(result.err, HasSubstr("first non-finite value: output of '"));
  EXPECT_THAT(result.err,
              HasSubstr("alpha is 123456.7; try --set training.alpha=12300 or smaller"));
  EXPECT_FALSE(std::filesystem::exists(temp / "run" / "model.safetensors"));
}

// The whole promise: interrupted at some moment, resumed, the same bytes as never interrupted.
TEST(TrainCommand, InterruptedAndResumedEndsInTheSameBytes) {
  const TempDir temp;
  const std::vector<std::string> longer = {"--set", "training.steps=150"};
  ASSERT_EQ(train(temp / "whole", longer).code, 0);
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::filesystem::path directory = temp / ("run" + std::to_string(signal));
    std::vector<std::string> arguments = train_arguments(directory, longer);
    RunningCommand running("cnn-train", arguments, temp.path());
    while (!std::filesystem::exists(directory / "config.yaml")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    running.send(signal);
    const CommandResult stopped = running.wait();
    if (stopped.code != 0) {  // it may have been done already
      EXPECT_EQ(stopped.code, 128 + signal);
      EXPECT_THAT(stopped.err, HasSubstr("--resume"));
      EXPECT_FALSE(std::filesystem::exists(directory / "model.safetensors"));
    }
    arguments.push_back("--resume");
    const CommandResult resumed = run_command("cnn-train", arguments);
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_TRUE(same_bytes(directory / "model.safetensors", temp / "whole" / "model.safetensors"));
  }
}

TEST(TrainCommand, ResumePassesOverABrokenCheckpoint) {
  const TempDir temp;
  const std::vector<std::string> often = {"--set", "output.checkpoint_every=4 steps"};
  ASSERT_EQ(train(temp / "run", often).code, 0);
  std::filesystem::resize_file(temp / "run" / "last.safetensors", 1000);
  std::vector<std::string> resume = often;
  resume.push_back("--resume");
  const CommandResult result = train(temp / "run", resume);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("passing over it"));
}

TEST(TrainCommand, ResumeUnderAnotherNetworkNamesTheDifference) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "run", {}).code, 0);
  const CommandResult result = train(temp / "run", {"--resume", "--set", "network.conv1.count=21"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("network.conv1.count is 21, the checkpoint has 20"));
}

TEST(TrainCommand, ResumeOfAFinishedRunSaysSo) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "run", {}).code, 0);
  const CommandResult result = train(temp / "run", {"--resume"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("nothing left to do"));
}

TEST(TrainCommand, ALongerRunUnderACosineIsToldWhatThatMeans) {
  const TempDir temp;
  const std::vector<std::string> cosine = {"--set", "training.schedule={policy: cosine}", "--set",
                                           "data.augment={shift: 1, until: 0.75}"};
  std::vector<std::string> longer = {"--resume", "--set", "training.steps=14"};
  longer.insert(longer.end(), cosine.begin(), cosine.end());
  ASSERT_EQ(train(temp / "run", cosine).code, 0);
  const CommandResult result = train(temp / "run", longer);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("the run has another length now, and the cosine schedule"));
  EXPECT_THAT(result.err,
              HasSubstr("the run has another length now, and images are distorted until 0.75"));
}

TEST(TrainCommand, ResumesARunThatWasKilledBeforeItsFirstCheckpoint) {
  const TempDir temp;
  std::filesystem::create_directory(temp / "run");
  std::ofstream(temp / "run" / "train.log") << "2026-01-02 03:04:05 info begun\n";
  const CommandResult result = train(temp / "run", {"--resume"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("it starts anew"));
  EXPECT_TRUE(std::filesystem::exists(temp / "run" / "model.safetensors"));
}

TEST(TrainCommand, TwoRunsDoNotWriteIntoOneDirectory) {
  const TempDir temp;
  const std::vector<std::string> longer = {"--set", "training.steps=100000"};
  RunningCommand running("cnn-train", train_arguments(temp / "run", longer), temp.path());
  while (!std::filesystem::exists(temp / "run" / "config.yaml")) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const CommandResult second = train(temp / "run", {"--overwrite"});
  EXPECT_EQ(second.code, 3);
  EXPECT_THAT(second.err, HasSubstr("another run is writing into this directory"));
  EXPECT_TRUE(std::filesystem::exists(temp / "run" / "config.yaml"));
  running.send(SIGTERM);
  EXPECT_EQ(running.wait().code, 128 + SIGTERM);
}

TEST(TrainCommand, OverwriteKeepsTheOldRunUntilTheNewOneCanStart) {
  const TempDir temp;
  ASSERT_EQ(train(temp / "run", {}).code, 0);
  EXPECT_EQ(train(temp / "run", {"--overwrite", "--weights", "none.safetensors"}).code, 3);
  EXPECT_TRUE(std::filesystem::exists(temp / "run" / "model.safetensors"));
}

TEST(TrainCommand, SaysSoWhenTheResultCannotBeWritten) {
  const TempDir temp;
  const CommandResult result =
      run_command("cnn-train", {"--config", digits_config(), "--print-config"}, "/dev/full");
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("stdout"));
}

struct BadUse {
  std::string name;  // of the test
  std::vector<std::string> arguments;
  int code;
  std::string culprit;
};
void PrintTo(const BadUse& use, std::ostream* out) {
  *out << use.name;
}
class TrainMistakes : public testing::TestWithParam<BadUse> {};

TEST_P(TrainMistakes, EndInTheDocumentedCodeAndNameTheCulprit) {
  const TempDir temp;
  std::vector<std::string> arguments = {"--out", (temp / "run").string()};
  arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
  const CommandResult result = run_command("cnn-train", arguments);
  EXPECT_EQ(result.code, GetParam().code);
  EXPECT_THAT(result.err, HasSubstr(GetParam().culprit));
  EXPECT_EQ(result.out, "");
  EXPECT_FALSE(std::filesystem::exists(temp / "run"));
}

INSTANTIATE_TEST_SUITE_P(
    All, TrainMistakes,
    testing::Values(
        BadUse{"NoConfig", {}, 2, "--config"},
        BadUse{"ConfigWithoutFile", {"--config"}, 2, "--config"},
        BadUse{"MissingConfig", {"--config", "no-such.yaml"}, 2, "no-such.yaml"},
        BadUse{"UnknownOption", {"--config", digits_config(), "--nonsense"}, 2, "--nonsense"},
        BadUse{
            "MisspeltKey", {"--config", digits_config(), "--set", "training.alfa=1"}, 2, "alpha"},
        BadUse{"OverrideWithoutValue",
               {"--config", digits_config(), "--set", "training.alpha"},
               2,
               "training.alpha"},
        BadUse{"NoThreads", {"--config", digits_config(), "--threads", "0"}, 2, "threads"},
        BadUse{"ThreadsInWords", {"--config", digits_config(), "--threads", "many"}, 2, "threads"},
        BadUse{"OctalSeed", {"--config", digits_config(), "--seed", "010"}, 2, "seed"},
        BadUse{"EmptyWeights", {"--config", digits_config(), "--weights", ""}, 2, "--weights"},
        BadUse{"MoreThanTheMachineHolds",
               {"--config", digits_config(), "--set",
                "network=[fc: {name: a, count: 32768}, fc: {name: b, count: 32768}, "
                "fc: {name: c, count: 32768}, fc: {name: d, count: 32768}, "
                "fc: {name: e, count: 32768}, fc: {name: f, count: 32768}, "
                "fc: {name: g, count: 32768}, fc: {name: h, count: 10}]"},
               2,
               "memory"},
        BadUse{"KernelTooLarge",
               {"--config", digits_config(), "--set", "network.conv2.kernel=13"},
               2,
               "conv2"},
        BadUse{"TooFewOutputs",
               {"--config", digits_config(), "--set", "network.fc2.count=9"},
               2,
               "fc2"},
        BadUse{"NothingToTrainOn",
               {"--config", digits_config(), "--set", "data.validation=6000"},
               2,
               "validation"},
        BadUse{"QuietAndVerbose",
               {"--config", digits_config(), "--quiet", "--verbose"},
               2,
               "--verbose"},
        BadUse{"ResumeAndOverwrite",
               {"--config", digits_config(), "--resume", "--overwrite"},
               2,
               "--overwrite"},
        BadUse{"NothingToResume", {"--config", digits_config(), "--resume"}, 3, "no checkpoint"},
        BadUse{"MissingWeights",
               {"--config", digits_config(), "--weights", "none.safetensors"},
               3,
               "none.safetensors"},
        BadUse{"MissingData",
               {"--config", digits_config(), "--data", "no-such-dir"},
               3,
               "no-such-dir"}),
    [](const auto& use) { return use.param.name; });

}  // namespace
}  // namespace cnn
