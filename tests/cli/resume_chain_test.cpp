// Chains of everything that can happen to a run, on random networks.

#include <gtest/gtest.h>

#include "support/cli.hpp"
#include "support/interrupted_run.hpp"
#include "support/random_run.hpp"
#include "support/run_files.hpp"

namespace cnn {
namespace {

// Moments such that about `events` of them make a whole run: little beyond the start each.
std::chrono::microseconds draw_event_moment(Draw& draw, const Pace& pace, int events) {
  const auto training = std::max(pace.whole - pace.start, std::chrono::microseconds(1000));
  return draw_moment(draw, pace.start + 2 * training / events);
}

// One run and as many events as it takes to finish it, `events` at most. Returns how many.
int disturb_run(std::uint32_t seed, int steps, int events) {
  const TempDir temp;
  Draw draw(seed);
  const RandomRun run = draw_run(seed, steps);
  SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + run.config);
  const std::filesystem::path config = write_run(run, temp.path());
  InterruptedRun whole(config, temp / "whole", {});
  const Pace pace = whole.undisturbed(draw.integer(1, 3));
  InterruptedRun disturbed(config, temp / "disturbed", {});
  int done = 0;
  for (bool finished = false; !finished && done < events && !testing::Test::HasFailure(); ++done) {
    finished = disturbed.leg(static_cast<Disturbance>(draw.integer(0, 4)),
                             draw_event_moment(draw, pace, events), draw.integer(1, 4));
  }
  disturbed.finish(draw.integer(1, 4));
  EXPECT_EQ(run_difference(whole.directory(), disturbed.directory()), "");
  return done;
}

TEST(ResumeChain, EndsInTheSameBytes) {
  disturb_run(7, 60, 8);
}

// CNN_CHAINS, CNN_EVENTS and CNN_SEED for others.
TEST(ResumeChainSlow, FortyEventsEndInTheSameBytes) {
  auto seed = static_cast<std::uint32_t>(number_from_environment("CNN_SEED", 2000));
  const int chains = number_from_environment("CNN_CHAINS", 4);
  for (int chain = 0; chain < chains; ++chain) {
    int left = number_from_environment("CNN_EVENTS", 40);
    while (left > 0 && !testing::Test::HasFailure()) left -= disturb_run(seed++, 300, left);
  }
}

// Killed so early that there is a log and no checkpoint: what a loop of resumes has to get over.
TEST(ResumeChain, StartsAnewWhereTheRunEndedBeforeItsFirstCheckpoint) {
  const TempDir temp;
  const std::filesystem::path config = write_run(draw_run(3, 10), temp.path());
  ASSERT_EQ(run_command("cnn-train", {"--config", config.string()}).code, 0);
  for (const bool resuming : {true, false}) {
    const std::filesystem::path run = temp / (resuming ? "resumed" : "started");
    std::filesystem::create_directories(run);
    write_file(run / "train.log", "");
    std::vector<std::string> arguments = {"--config", config.string(), "--out", run.string()};
    if (resuming) arguments.push_back("--resume");
    const CommandResult result = run_command("cnn-train", arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    if (resuming) {
      EXPECT_THAT(result.err, testing::HasSubstr("ended before its first checkpoint"));
    }
    EXPECT_EQ(run_difference(temp / "run", run), "");
  }
}

TEST(ResumeChain, TwoProcessesCannotWriteOneRun) {
  const TempDir temp;
  const std::filesystem::path config = write_run(draw_run(3, 10), temp.path());
  const std::filesystem::path run = temp / "run";
  const std::vector<std::string> endless = {"--config", config.string(),
                                            "--set",    "training.steps=1000000",
                                            "--set",    "output.checkpoint_every=never"};
  RunningCommand first("cnn-train", endless, temp.path());
  ASSERT_TRUE(first.wait_until([&] { return std::filesystem::exists(run / "config.yaml"); }));
  for (const char* how : {"--resume", "--overwrite"}) {
    std::vector<std::string> arguments = endless;
    arguments.push_back(how);
    const CommandResult second = run_command("cnn-train", arguments);
    EXPECT_EQ(second.code, 3) << how;
    EXPECT_THAT(second.err, testing::HasSubstr("another run is writing"));
  }
  EXPECT_FALSE(first.has_ended());
  EXPECT_EQ(first_unreadable(run), "");
}

}  // namespace
}  // namespace cnn
