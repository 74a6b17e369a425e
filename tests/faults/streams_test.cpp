// The commands while their standard streams are full or closed.

#include <cerrno>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "faults/fault.hpp"
#include "faults/scene.hpp"
#include "support/files.hpp"
#include "support/run_files.hpp"

namespace cnn {
namespace {

using testing::HasSubstr;

// Runs the command with a redirection of the shell: ">&-" closes stdout.
CommandResult run_redirected(const std::string& redirection, const std::string& name,
                             const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {"-c", "exec \"$0\" \"$@\" " + redirection,
                                  command_path(name).string()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_command("/bin/sh", all);
}

class Stdout : public testing::TestWithParam<std::pair<std::string, int>> {};

TEST_P(Stdout, ThatTakesNothingIsReportedAndTheRunIsWhole) {
  const auto& [redirection, error] = GetParam();
  const Scene scene;
  scene.reset_run();
  const CommandResult trained = run_redirected(redirection, "cnn-train", scene.resume_arguments());
  EXPECT_EQ(trained.code, 3);
  EXPECT_THAT(trained.err, HasSubstr("stdout: error: cannot write the result"));
  EXPECT_THAT(trained.err, HasSubstr(std::strerror(error)));
  EXPECT_EQ(run_difference(scene.run(), scene.whole()), "");

  // More than the buffer of stdout holds.
  std::vector<std::string> arguments = {"--model", (scene.whole() / "model.safetensors").string(),
                                        "--show"};
  for (int i = 0; i < 100; ++i) arguments.push_back(scene.pictures()[0]);
  const CommandResult predicted = run_redirected(redirection, "cnn-predict", arguments);
  EXPECT_EQ(predicted.code, 3);
  EXPECT_THAT(predicted.err, HasSubstr("stdout: error: cannot write the result"));
}

INSTANTIATE_TEST_SUITE_P(Streams, Stdout,
                         testing::Values(std::pair(">/dev/full", ENOSPC), std::pair(">&-", EBADF)),
                         [](const auto& stream) {
                           return stream.param.second == ENOSPC ? "Full" : "Closed";
                         });

class Stderr : public testing::TestWithParam<std::string> {};

// What should have gone there must not go into a file of the run instead.
TEST_P(Stderr, ThatTakesNothingIsNoReasonToStop) {
  const Scene scene;
  scene.reset_run();
  std::vector<std::string> arguments = scene.resume_arguments();
  std::erase(arguments, "--quiet");
  const CommandResult result = run_redirected(GetParam(), "cnn-train", arguments);
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(run_difference(scene.run(), scene.whole()), "");
  const std::string log = slurp(scene.run() / "train.log");
  EXPECT_EQ(log.find("\ndone"), std::string::npos) << "a line without its time";
}

INSTANTIATE_TEST_SUITE_P(Streams, Stderr, testing::Values("2>/dev/full", "2>&-"),
                         [](const auto& stream) {
                           return stream.param == "2>&-" ? "Closed" : "Full";
                         });

}  // namespace
}  // namespace cnn
