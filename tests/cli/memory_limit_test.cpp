// The commands under a limit of their address space, as batch systems set it: each ends by itself,
// with its result or with the reason.

#include <gtest/gtest.h>

#include "support/cli.hpp"
#include "support/idx_writer.hpp"
#include "support/sanitizers.hpp"

namespace cnn {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

CommandResult run_limited(int megabytes, const std::string& command,
                          const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {
      "-c", "ulimit -v " + std::to_string(megabytes << 10) + "; exec \"$0\" \"$@\"",
      command_path(command).string()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_command("/bin/sh", all);
}

class MemoryLimit : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "sanitizers take an address space of their own";
    std::filesystem::create_directory(temp_ / "data");
    write_dataset(temp_ / "data", DataPart::train, make_dataset({1, 8, 8}, 40, 3));
    write_dataset(temp_ / "data", DataPart::test, make_dataset({1, 8, 8}, 10, 3));
    config_ = (temp_ / "c.yaml").string();
    write_file(config_,
               "data: {dir: data}\n"
               "network: [{conv: {count: 4, kernel: 5}}, relu, {fc: {count: 3}}]\n"
               "training: {steps: 2, batch: 40, alpha: 0.01}\n"
               "output: {dir: run}\n");
    ASSERT_EQ(run_command("cnn-train", {"--config", config_, "--quiet"}).code, 0);
    model_ = (temp_ / "run" / "model.safetensors").string();
  }

  // At every limit in steps of 50 MB up to 2 GB; `done` is the code of success.
  void expect_an_end(const std::string& command, const std::vector<std::string>& arguments,
                     int done) {
    int successes = 0;
    for (int megabytes = 40; megabytes <= 2000; megabytes += 50) {
      SCOPED_TRACE(testing::Message() << command << " under " << megabytes << " MB");
      const CommandResult result = run_limited(megabytes, command, arguments);
      ASSERT_FALSE(result.signalled) << result.err;
      if (result.code == done) {
        ++successes;
      } else {
        ASSERT_EQ(result.code, 3) << result.err;
        ASSERT_THAT(result.err, AnyOf(HasSubstr("memory"), HasSubstr("cannot start")));
      }
    }
    EXPECT_GT(successes, 20) << command;
  }

  TempDir temp_;
  std::string config_, model_;
};

TEST_F(MemoryLimit, EndsWhatComputesNothing) {
  for (const char* command : {"cnn-train", "cnn-eval", "cnn-predict", "cnn-bench"}) {
    expect_an_end(command, {"--version"}, 0);
    expect_an_end(command, {"--nonsense"}, 2);
  }
  expect_an_end("cnn-train", {"--config", config_, "--print-config"}, 0);
}

TEST_F(MemoryLimit, EndsTraining) {
  expect_an_end("cnn-train", {"--config", config_, "--dry-run", "--threads", "2"}, 0);
  expect_an_end("cnn-train", {"--config", config_, "--overwrite", "--quiet", "--threads", "2"}, 0);
}

TEST_F(MemoryLimit, EndsScoringAndPredicting) {
  expect_an_end("cnn-eval", {"--model", model_, "--threads", "2"}, 0);
  expect_an_end(
      "cnn-predict",
      {"--model", model_, std::string(CNN_SOURCE_DIR) + "/data/samples/3-blue-on-cream.png"}, 0);
}

TEST_F(MemoryLimit, EndsPages) {
  expect_an_end("cnn-report", {(temp_ / "run").string(), "--out", (temp_ / "page.html").string()},
                0);
}

TEST_F(MemoryLimit, EndsBenchmarks) {
  expect_an_end("cnn-bench", {"--config", config_, "--seconds", "0.01", "--threads", "2"}, 0);
}

// The threads that OpenBLAS makes as it starts would wait, each with a buffer of its own.
TEST_F(MemoryLimit, CountsTheBuffersOfTheWorkersAlone) {
  const std::vector<std::string> arguments = {"--model", model_, "--threads", "1"};
  EXPECT_EQ(run_limited(400, "cnn-eval", arguments).code, 0);
}

}  // namespace
}  // namespace cnn
