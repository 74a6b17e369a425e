// What --help of each command prints.

#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "support/cli.hpp"

namespace cnn {
namespace {

using testing::HasSubstr;
using testing::Not;

class Help : public testing::TestWithParam<const char*> {};

TEST_P(Help, ListsOptionsWithoutWhatTheyExclude) {
  const CommandResult result = run_command(GetParam(), {"--help"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, HasSubstr("\nOptions:\n"));
  EXPECT_THAT(result.out, HasSubstr("\n  --version "));
  EXPECT_THAT(result.out, HasSubstr("\nExit codes:\n"));
  EXPECT_THAT(result.out, Not(HasSubstr("Excludes")));
}

TEST_P(Help, FitsATerminalAndEndsWithTwoExamples) {
  std::istringstream help(run_command(GetParam(), {"--help"}).out);
  bool in_examples = false;
  int examples = 0;
  for (std::string line; std::getline(help, line);) {
    EXPECT_LE(line.size(), 80U) << line;
    if (line.empty()) in_examples = false;
    if (in_examples) ++examples;
    if (line == "Examples:") in_examples = true;
  }
  EXPECT_EQ(examples, 2);
}

INSTANTIATE_TEST_SUITE_P(Commands, Help,
                         testing::Values("cnn-train", "cnn-eval", "cnn-predict", "cnn-bench",
                                         "cnn-data", "cnn-export", "cnn-import", "cnn-report"),
                         [](const auto& command) { return std::string(command.param).substr(4); });

TEST(TrainHelp, ShowsWhichValueMayBeLeftOut) {
  const std::string help = run_command("cnn-train", {"--help"}).out;
  EXPECT_THAT(help, HasSubstr("\n  --resume [CHECKPOINT] "));
  EXPECT_THAT(help, HasSubstr("\n  --weights FILE "));
}

TEST(TrainHelp, HasGroupsAndDefaults) {
  const std::string help = run_command("cnn-train", {"--help"}).out;
  EXPECT_THAT(help, HasSubstr("\nLooking without training:\n  --dry-run "));
  EXPECT_THAT(help, HasSubstr("(default: none)"));
  EXPECT_THAT(run_command("cnn-eval", {"--help"}).out, HasSubstr("(required)"));
}

TEST_P(Help, HasCompletionForThreeShells) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const CommandResult result = run_command(GetParam(), {"--completion", shell});
    EXPECT_EQ(result.code, 0) << shell;
    EXPECT_EQ(result.err, "") << shell;
    EXPECT_THAT(result.out, HasSubstr("version")) << shell;
  }
  EXPECT_EQ(run_command(GetParam(), {"--completion", "tcsh"}).code, 2);
}

TEST(Completion, KnowsTheKeysOfSectionsAndLayers) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = run_command("cnn-train", {"--completion", shell}).out;
    EXPECT_THAT(script, HasSubstr("training.schedule.gamma")) << shell;
    EXPECT_THAT(script, HasSubstr("dilation")) << shell;
  }
}

TEST(PrintSchema, NeedsNoConfiguration) {
  const CommandResult result = run_command("cnn-train", {"--print-schema"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_TRUE(result.out.starts_with("{\n  \"$schema\": ")) << result.out.substr(0, 100);
  EXPECT_TRUE(result.out.ends_with("}\n"));
}

TEST(PrintConfig, BeginsWithALineForEditors) {
  const CommandResult result =
      run_command("cnn-train", {"--config", digits_config(), "--print-config"});
  EXPECT_EQ(result.code, 0);
  EXPECT_TRUE(result.out.starts_with("# yaml-language-server: $schema=cnn.schema.json\nname:"))
      << result.out.substr(0, 100);
}

TEST(TrainHelp, WhatExcludesWhatIsStillRefused) {
  const CommandResult result =
      run_command("cnn-train", {"--config", digits_config(), "--resume", "--check-gradients"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("--resume excludes --check-gradients"));
}

}  // namespace
}  // namespace cnn
