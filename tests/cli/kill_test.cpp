// SIGKILL at any moment: nothing that was saved is lost, and the chain of resumes ends in the bytes
// of the run that nobody killed.

#include <gtest/gtest.h>

#include "support/cli.hpp"
#include "support/interrupted_run.hpp"
#include "support/random_run.hpp"
#include "support/run_files.hpp"

namespace cnn {
namespace {

// Kills runs of random networks, each until it is finished, as often as told.
void kill_runs(int kills, std::uint32_t seed, int steps) {
  Draw draw(seed);
  while (kills > 0 && !testing::Test::HasFailure()) {
    const TempDir temp;
    const RandomRun run = draw_run(seed, steps);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + run.config);
    const std::filesystem::path config = write_run(run, temp.path());
    const std::vector<std::string> often = {"--set", "output.checkpoint_every=3 steps"};
    InterruptedRun whole(config, temp / "whole", {});
    const Pace pace = whole.undisturbed(1);
    InterruptedRun killed(config, temp / "killed", often);
    bool finished = false;
    while (!finished && kills > 0 && !testing::Test::HasFailure()) {
      finished = killed.leg(Disturbance::kill, draw_moment(draw, pace.whole), draw.integer(1, 3));
      if (!finished) --kills;
    }
    killed.finish(2);
    EXPECT_EQ(run_difference(whole.directory(), killed.directory()), "");
    ++seed;
  }
}

TEST(Kill, LosesNoCheckpointAndEndsInTheSameBytes) {
  kill_runs(10, 100, 60);
}

// CNN_KILLS=1000 for more; CNN_SEED for others.
TEST(KillSlow, LosesNoCheckpointAndEndsInTheSameBytes) {
  kill_runs(number_from_environment("CNN_KILLS", 200),
            static_cast<std::uint32_t>(number_from_environment("CNN_SEED", 1000)), 100);
}

}  // namespace
}  // namespace cnn
