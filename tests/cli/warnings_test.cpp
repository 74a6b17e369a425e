// cnn-train says what it cannot learn from, on stderr and in train.log; and a sound run gets no
// warning (QuietSaysNothing in train_test.cpp; mnist_test.cpp).

#include <string>

#include <gtest/gtest.h>

#include "support/cli.hpp"
#include "support/idx_writer.hpp"

namespace cnn {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kNothingLearnt = "warning: nothing learnt in ";

// A run of a small network on 8x8 images of four classes; `images` says which.
class Warnings : public testing::Test {
 protected:
  CommandResult train(const Dataset& images, const std::vector<std::string>& more) {
    std::filesystem::create_directories(temp_ / "data");
    write_dataset(temp_ / "data", DataPart::train, images);
    write_file(temp_ / "run.yaml",
               "name: run\ndata: {dir: data}\nnetwork:\n  - fc: {count: 12}\n  - relu\n"
               "  - fc: {name: out, count: 4}\ntraining: {batch: 20, alpha: 0.1}\n"
               "output: {dir: run}\n");
    std::vector<std::string> arguments = {"--config", (temp_ / "run.yaml").string(), "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_command("cnn-train", arguments);
  }
  std::string log() const { return slurp(temp_ / "run" / "train.log"); }

  const Dataset sound_ = make_dataset({1, 8, 8}, 400, 4);
  // Labels that have nothing to do with the images.
  const Dataset senseless_ = [this] {
    Dataset images = sound_;
    for (std::size_t i = 0; i < images.labels.size(); ++i) {
      images.labels[i] = static_cast<std::uint16_t>(i / 4 % 4);
    }
    return images;
  }();
  TempDir temp_;
};

TEST_F(Warnings, ThereAreNoneOfASoundRun) {
  const CommandResult result = train(sound_, {"--set", "training.epochs=30"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
}

TEST_F(Warnings, OfTheDataStandBeforeTheRunAndNotAgainWhenItIsResumed) {
  Dataset images = sound_;
  std::ranges::fill(images.labels, std::uint16_t{2});
  const CommandResult result = train(images, {"--set", "training.steps=3"});
  EXPECT_EQ(result.code, 0);
  constexpr const char* kWarning = "warning: all 400 training images are of one class, '2'";
  EXPECT_THAT(result.err, HasSubstr(kWarning));
  EXPECT_THAT(log(), HasSubstr(kWarning));
  EXPECT_LT(log().find(kWarning), log().find("\nepoch "));
  const CommandResult resumed = train(images, {"--set", "training.steps=6", "--resume"});
  EXPECT_EQ(resumed.code, 0);
  EXPECT_EQ(resumed.err, "");
}

TEST_F(Warnings, OfTheDataAreShownByADryRun) {
  const CommandResult result =
      train(sound_, {"--dry-run", "--set", "network.out.count=6", "--set", "training.batch=1"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr("warning: 'out' gives 6 values, but no training image is of "
                                    "class '4', '5'\n"));
}

TEST_F(Warnings, OfKeysThatTheRunIsTooShortForStandInTheLog) {
  const CommandResult result =
      train(sound_, {"--set", "training.epochs=3", "--set",
                     "training.schedule={policy: constant, warmup: 1000000000 epochs}"});
  EXPECT_EQ(result.code, 0);
  constexpr const char* kWarning =
      "warning: training.schedule.warmup is 1000000000 epochs, the run ends after 60 steps: alpha "
      "never reaches 0.1\n";
  EXPECT_THAT(result.err, HasSubstr(kWarning));
  EXPECT_THAT(log(), HasSubstr(kWarning));
}

TEST_F(Warnings, OfProgressComeOnceWhileItTrains) {
  const std::vector<std::string> arguments = {"--set", "training.steps=1000", "--set",
                                              "training.alpha=1e-9"};
  const CommandResult result = train(senseless_, arguments);
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr(kNothingLearnt), HasSubstr("--set training.alpha=1e-08")));
  EXPECT_EQ(result.err.find(kNothingLearnt), result.err.rfind(kNothingLearnt));
  EXPECT_THAT(log(), HasSubstr(kNothingLearnt));
  // Resumed for a few steps it has not seen enough.
  const CommandResult resumed = train(
      senseless_, {"--set", "training.steps=1050", "--set", "training.alpha=1e-9", "--resume"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(resumed.err, "");
}

TEST_F(Warnings, DoNotChangeOneByte) {
  const std::vector<std::string> few = {"--set", "training.steps=500", "--set",
                                        "training.alpha=1e-9"};
  const auto with = [&](const std::string& threads, const std::string& out) {
    std::vector<std::string> arguments = few;
    arguments.insert(arguments.end(), {"--threads", threads, "--out", (temp_ / out).string()});
    return train(senseless_, arguments);
  };
  const CommandResult one = with("1", "a"), three = with("3", "b");
  EXPECT_THAT(one.err, HasSubstr(kNothingLearnt));
  EXPECT_EQ(one.err, three.err);
  EXPECT_TRUE(same_bytes(temp_ / "a" / "model.safetensors", temp_ / "b" / "model.safetensors"));
}

// (n, height, width, channels), as numpy and most picture libraries have it.
TEST_F(Warnings, ImagesWithTheirChannelsLastAreRefused) {
  std::filesystem::create_directories(temp_ / "data");
  write_dataset(temp_ / "data", DataPart::train, make_dataset({32, 32, 3}, 20, 4));
  write_file(temp_ / "run.yaml", "data: {dir: data}\nnetwork: [fc: {count: 4}]\n");
  const CommandResult result = run_command(
      "cnn-train", {"--config", (temp_ / "run.yaml").string(), "--out", (temp_ / "run").string()});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("train-images-idx4-ubyte: error: its images of 32x32x3 "),
                                HasSubstr("array.transpose(0, 3, 1, 2)")));
  EXPECT_FALSE(std::filesystem::exists(temp_ / "run"));
}

}  // namespace
}  // namespace cnn
