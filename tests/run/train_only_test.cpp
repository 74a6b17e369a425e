// training.train_only, and what freezing costs and saves.

#include <gtest/gtest.h>

#include "run/run_config.hpp"
#include "support/temp_dir.hpp"
#include "support/tiny.hpp"
#include "support/values.hpp"

namespace cnn {
namespace {

RunConfig head_only(const std::string& training = "  train_only: [fc1]\n") {
  RunConfig config = parse_config("tiny.yaml", R"(name: tiny
data: {dir: data, scale: 0.004}
network:
  - conv: {name: conv1, count: 3, kernel: 3, pad: 1}
  - batch_norm: {name: bn1, momentum: 0.5}
  - relu
  - pool: {type: max, kernel: 2}
  - fc: {name: fc0, count: 6}
  - fc: {name: fc1, count: 4}
training:
  steps: 6
  batch: 40
  alpha: 0.1
  momentum: 0.9
)" + training + "output: {dir: run, checkpoint_every: never}\n");
  return config;
}

Values trained(const RunConfig& config, int threads) {
  const TempDir directory;
  TinyRun run(config, directory.path(), threads);
  Recorder recorder;
  run.trainer.run(recorder, recorder.stop);
  return values(run.network.values());
}

TEST(TrainOnly, EverythingElseStaysToTheLastBit) {
  const RunConfig config = head_only();
  const TempDir directory;
  TinyRun run(config, directory.path(), 2);
  const Values before = values(run.network.values());
  Recorder recorder;
  run.trainer.run(recorder, recorder.stop);
  for (const Parameter& p : run.network.parameters()) {
    const Values was(before.begin() + static_cast<std::ptrdiff_t>(p.offset),
                     before.begin() + static_cast<std::ptrdiff_t>(p.offset + p.size));
    EXPECT_EQ(values(run.network.value(p)) == was, !p.name.starts_with("fc1.")) << p.name;
  }
}

TEST(TrainOnly, BackwardGoesNoFurtherThanTheLowestLayerThatLearns) {
  const RunConfig config = head_only("  train_only: [fc0]\n");
  const TempDir directory;
  const TinyRun run(config, directory.path(), 1);
  EXPECT_FALSE(run.network.wants_gradient(4));
  EXPECT_TRUE(run.network.wants_gradient(5));
  EXPECT_TRUE(run.network.wants_gradient(6));
}

TEST(TrainOnly, GivesTheSameBytesForAnyThreads) {
  for (const char* training : {"  train_only: [fc1]\n", "  train_only: bn1\n  clip: 0.1\n"}) {
    const RunConfig config = head_only(training);
    EXPECT_EQ(trained(config, 1), trained(config, 3)) << training;
  }
}

TEST(TrainOnly, ComesBackAsItWasWritten) {
  const RunConfig config = head_only("  train_only: [bn1, fc1]\n");
  const std::string text = to_yaml(config, ConfigText::complete);
  EXPECT_NE(text.find("train_only: [bn1, fc1]"), std::string::npos) << text;
  const RunConfig again = parse_config("again.yaml", text);
  EXPECT_EQ(to_yaml(again, ConfigText::complete), text);
  EXPECT_TRUE(again.network[0].frozen);
  EXPECT_FALSE(again.network[1].frozen);
}

}  // namespace
}  // namespace cnn
