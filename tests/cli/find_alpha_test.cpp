// cnn-train --find-alpha: a short training that writes nothing.

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "support/cli.hpp"

namespace cnn {
namespace {

using testing::HasSubstr;

CommandResult find_alpha(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"--config", digits_config(), "--find-alpha", "--set",
                                        "training.batch=8"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_command("cnn-train", arguments);
}

TEST(FindAlpha, RecommendsWhatLearnsWhateverTheThreads) {
  const TempDir temp;
  const CommandResult result = find_alpha({"--threads", "1", "--out", (temp / "run").string()});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_FALSE(std::filesystem::exists(temp / "run"));
  EXPECT_THAT(result.out, HasSubstr("\nsteepest at alpha "));
  const std::string mark = "\n--set training.alpha=";
  ASSERT_THAT(result.out, HasSubstr(mark));
  const double alpha = std::stod(result.out.substr(result.out.find(mark) + mark.size()));
  EXPECT_GT(alpha, 0.003);
  EXPECT_LT(alpha, 0.1);
  EXPECT_EQ(find_alpha({"--threads", "3"}).out, result.out);
}

// What alpha the file has does not matter.
TEST(FindAlpha, DoesNotDependOnTheConfigurationsAlpha) {
  const std::string at_a_half = find_alpha({"--set", "training.alpha=0.5"}).out;
  EXPECT_THAT(at_a_half, HasSubstr("--set training.alpha="));
  for (const char* other : {"2", "0.3", "0.011", "0"}) {
    EXPECT_EQ(find_alpha({"--set", std::string("training.alpha=") + other}).out, at_a_half)
        << other;
  }
}

// A layer's own alpha stays as it is, whatever the others have.
TEST(FindAlpha, KeepsTheAlphasThatLayersHave) {
  const std::vector<std::string> own = {"--set", "network.fc1.alpha=0.02"};
  const auto with = [&](const std::string& alpha) {
    return find_alpha({own[0], own[1], "--set", "training.alpha=" + alpha});
  };
  const CommandResult result = with("1");
  EXPECT_THAT(result.out, HasSubstr("--set training.alpha="));
  EXPECT_EQ(with("0.0001").out, result.out);
  EXPECT_NE(find_alpha({}).out, result.out);
}

TEST(FindAlpha, RefusesWhereNothingDependsOnIt) {
  std::vector<std::string> own;
  for (const std::string layer : {"conv1", "conv2", "fc1", "fc2"}) {
    own.insert(own.end(), {"--set", "network." + layer + ".alpha=0.01"});
  }
  const CommandResult none = find_alpha(own);
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("no layer learns by training.alpha"));
  own.back() = own.back().substr(0, own.back().find('=')) + "=0";
  EXPECT_EQ(find_alpha(own).code, 2);
}

TEST(FindAlpha, RefusesWhatDoesNotGoTogether) {
  for (const char* option : {"--dry-run", "--resume", "--overwrite", "--check-gradients"}) {
    EXPECT_EQ(find_alpha({option}).code, 2) << option;
  }
  EXPECT_EQ(find_alpha({"--seeds", "1-2"}).code, 2);
}

}  // namespace
}  // namespace cnn
