// Training as several ranks of a real MPI: the files of one, and one end for all.

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <signal.h>

#include "support/cli.hpp"
#include "support/draw.hpp"
#include "support/interrupted_run.hpp"
#include "support/launched.hpp"
#include "support/run_files.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

// On the project's digits: every layer that minds its neighbours, and all that a step can do.
constexpr const char* kConfig = R"(name: ranks
data: {dir: DIGITS, validation: 100, augment: {shift: 1, rotate: 5}}
network:
  - conv: {name: conv1, count: 8, kernel: 5}
  - batch_norm: {name: bn1}
  - relu
  - pool: {type: max, kernel: 2}
  - conv: {name: conv2, count: 12, kernel: 3}
  - relu
  - pool: {type: avg, kernel: 2}
  - fc: {name: fc1, count: 64}
  - dropout: {rate: 0.3}
  - tanh
  - fc: {name: fc2, count: 10}
training: {epochs: 2, batch: BATCH, solver: adamw, alpha: 0.003, ema: 0.95, clip: 1}
output: {dir: run, checkpoint_every: 2 steps}
)";

fs::path write_config(const fs::path& directory, int batch) {
  std::string text = kConfig;
  text.replace(text.find("DIGITS"), 6, CNN_DIGITS_DIR);
  text.replace(text.find("BATCH"), 5, std::to_string(batch));
  write_file(directory / "run.yaml", text);
  return directory / "run.yaml";
}

std::vector<std::string> arguments(const fs::path& config, const fs::path& run,
                                   const std::vector<std::string>& more = {}) {
  std::vector<std::string> result = {"--config", config.string(), "--out", run.string()};
  result.insert(result.end(), more.begin(), more.end());
  return result;
}

class Ranks : public testing::Test {
 protected:
  void SetUp() override {
    if (launchers().empty()) GTEST_SKIP() << "needs mpirun of Open MPI or MPICH";
  }

  // The run of one process.
  fs::path alone(const fs::path& config) {
    const fs::path run = temp_ / "alone";
    const CommandResult result = run_command("cnn-train", arguments(config, run));
    EXPECT_EQ(result.code, 0) << result.err;
    return run;
  }

  TempDir temp_;
};

using RanksSlow = Ranks;

TEST_F(Ranks, LeaveTheFilesOfOne) {
  const fs::path config = write_config(temp_.path(), 128);
  const fs::path expected = alone(config);
  for (const std::string& mpi : launchers()) {
    const fs::path run = temp_ / mpi;
    const CommandResult result = run_launched({mpi, 3, arguments(config, run, {"--threads", "1"})});
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.out, (run / "model.safetensors").string() + "\n");
    EXPECT_THAT(result.err, HasSubstr("3 ranks of 1 thread(s)"));
    EXPECT_EQ(run_difference(expected, run), "") << mpi;
  }
}

TEST_F(RanksSlow, LeaveTheFilesOfOneWhateverTheirNumberAndThreads) {
  for (const int batch : {200, 512}) {
    const fs::path config = write_config(temp_.path(), batch);
    const fs::path expected = alone(config);
    for (const std::string& mpi : launchers()) {
      for (const int ranks : {1, 2, 3, 4, 5, 8, 16}) {
        if (ranks > (batch + 31) / 32) continue;
        const fs::path run = temp_ / (mpi + std::to_string(ranks));
        const std::string threads = std::to_string(1 + ranks % 3);
        const CommandResult result = run_launched(
            {mpi, ranks, arguments(config, run, {"--threads", threads, "--overwrite"})});
        EXPECT_EQ(result.code, 0) << result.err;
        EXPECT_EQ(run_difference(expected, run), "") << mpi << ", " << ranks << " ranks";
      }
    }
    fs::remove_all(expected);
  }
}

// 3 ranks, then 4, then one.
TEST_F(Ranks, ResumeOnAnotherNumber) {
  const fs::path config = write_config(temp_.path(), 128);
  const fs::path expected = alone(config);
  const fs::path run = temp_ / "run";
  const std::string mpi = launchers().front();
  const auto until = [](const std::string& steps) {
    return std::vector<std::string>{"--set", "training.steps=" + steps};
  };
  EXPECT_EQ(run_launched({mpi, 3, arguments(config, run, until("3"))}).code, 0);
  std::vector<std::string> more = until("5");
  more.push_back("--resume");
  EXPECT_EQ(run_launched({mpi, 4, arguments(config, run, more)}).code, 0);
  const CommandResult result = run_command("cnn-train", arguments(config, run, {"--resume"}));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(run_difference(expected, run), "");
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t result = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++result;
  }
  return result;
}

TEST_F(Ranks, AreRefusedWithOneMessage) {
  const fs::path config = write_config(temp_.path(), 64);
  for (const std::string& mpi : launchers()) {
    const CommandResult more = run_launched({mpi, 3, arguments(config, temp_ / "more")});
    EXPECT_EQ(more.code, 2);
    EXPECT_EQ(count(more.err, "work for at most 2"), 1U) << more.err;
    EXPECT_THAT(more.err, HasSubstr("a training.batch of 96 is work for 3"));
    EXPECT_FALSE(fs::exists(temp_ / "more"));

    const CommandResult usage = run_launched({mpi, 2, {"--nonsense"}});
    EXPECT_EQ(usage.code, 2);
    EXPECT_EQ(count(usage.err, "--nonsense"), 1U) << usage.err;

    const CommandResult differs = run_launched(
        {mpi, 2, arguments(config, temp_ / "differs"), {{1, {"--set", "training.alpha=0.5"}}}});
    EXPECT_EQ(differs.code, 2);
    EXPECT_EQ(count(differs.err, "rank 1 would not train what rank 0 does"), 1U) << differs.err;
    EXPECT_THAT(differs.err, HasSubstr("training.alpha is 0.5, rank 0 has 0.003"));

    const CommandResult diverged =
        run_launched({mpi, 2,
                      arguments(config, temp_ / ("diverged" + mpi),
                                {"--set", "training.alpha=1e18", "--set", "training.clip=0"})});
    EXPECT_EQ(diverged.code, 4);
    EXPECT_EQ(count(diverged.err, "training diverged"), 1U) << diverged.err;
  }
}

// The data of one rank cannot be read: it is named, and nobody waits.
TEST_F(Ranks, AnErrorOfOneEndsAll) {
  const fs::path config = write_config(temp_.path(), 64);
  for (const std::string& mpi : launchers()) {
    const CommandResult result = run_launched(
        {mpi, 2, arguments(config, temp_ / "run"), {{1, {"--data", (temp_ / "none").string()}}}});
    EXPECT_EQ(result.code, 3) << result.err;
    EXPECT_EQ(count(result.err, "rank 1: "), 1U) << result.err;
    EXPECT_FALSE(fs::exists(temp_ / "run"));
  }
}

// A signal to any rank stops all of them, with a checkpoint that goes on to the same bytes.
TEST_F(Ranks, StopOnASignalToAnyOfThem) {
  const fs::path config = write_config(temp_.path(), 128);
  const std::string mpi = launchers().front();
  const std::vector<std::string> longer = {"--set", "training.epochs=200"};
  for (std::size_t k = 0; k < 3; ++k) {
    const fs::path run = temp_ / ("run" + std::to_string(k));
    const TempDir output;
    LaunchedRun launched({mpi, 3, arguments(config, run, longer)}, output.path());
    ASSERT_TRUE(launched.launcher().wait_until([&] { return last_step(run).value_or(0) >= 4; }));
    ::kill(launched.processes().at(k), SIGTERM);
    const CommandResult result = launched.wait();
    EXPECT_EQ(result.code, 128 + SIGTERM) << result.err;
    EXPECT_EQ(count(result.err, "stopped: saved"), 1U) << result.err;
  }
}

// Kills one rank of a run at a random moment, until it is finished.
void kill_ranks(const fs::path& config, const fs::path& run, int kills, std::uint32_t seed) {
  Draw draw(seed);
  const std::vector<std::string> mpis = launchers();
  for (int leg = 0;; ++leg) {
    std::vector<std::string> more = {"--threads", "1"};
    if (fs::exists(run / "train.log")) more.push_back("--resume");
    const TempDir output;
    const std::string mpi = mpis[static_cast<std::size_t>(leg) % mpis.size()];
    LaunchedRun launched({mpi, draw.integer(2, 4), arguments(config, run, more)}, output.path());
    if (leg < kills) {
      if (!launched.launcher().ends_within(draw_moment(draw, std::chrono::milliseconds(1500)))) {
        const std::vector<pid_t> ranks = launched.processes();
        if (!ranks.empty()) {
          ::kill(
              ranks[static_cast<std::size_t>(draw.integer(0, static_cast<int>(ranks.size()) - 1))],
              SIGKILL);
        }
      }
    }
    ASSERT_TRUE(launched.launcher().ends_within(std::chrono::seconds(60))) << "leg " << leg;
    launched.launcher().wait_until([&] { return launched.processes().empty(); });
    EXPECT_TRUE(launched.processes().empty()) << "orphans after leg " << leg;
    EXPECT_EQ(first_unreadable(run), "");
    if (leg >= kills) {
      const CommandResult result = launched.wait();
      ASSERT_EQ(result.code, 0) << result.err;
      return;
    }
  }
}

TEST_F(Ranks, OneKilledEndsAllAndNothingIsLost) {
  const fs::path config = write_config(temp_.path(), 128);
  const fs::path expected = alone(config);
  kill_ranks(config, temp_ / "run", 4, 1);
  EXPECT_EQ(run_difference(expected, temp_ / "run"), "");
}

// CNN_KILLS for more.
TEST_F(RanksSlow, KilledEndAllAndNothingIsLost) {
  const fs::path config = write_config(temp_.path(), 128);
  const fs::path expected = alone(config);
  kill_ranks(config, temp_ / "run", number_from_environment("CNN_KILLS", 200), 2);
  EXPECT_EQ(run_difference(expected, temp_ / "run"), "");
}

// Nobody who trains alone pays for the ranks of others.
TEST(RanksOfNobody, CommandsLinkNoMpi) {
  std::ifstream file(command_path("cnn-train"), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(bytes.find("libmpi"), std::string::npos);
  EXPECT_NE(bytes.find("cnn-mpi-"), std::string::npos);
}

// What a batch system sets for every step of a job does not make a rank.
TEST(RanksOfNobody, SlurmAloneStartsNone) {
  const TempDir temp;
  RunningCommand command("cnn-train", train_arguments(temp / "run", {}), temp.path(), {},
                         {"SLURM_NTASKS=4", "SLURM_PROCID=2", "SLURM_JOB_ID=7"});
  const CommandResult result = command.wait();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, Not(HasSubstr("ranks of")));
}

TEST(RanksOfNobody, AModuleThatIsMissingIsSaid) {
  const TempDir temp;
  fs::copy_file(command_path("cnn-train"), temp / "cnn-train");
  RunningCommand command((temp / "cnn-train").string(), {"--version"}, temp.path(), {},
                         {"OMPI_COMM_WORLD_SIZE=2"});
  const CommandResult result = command.wait();
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("a launcher of MPI has started this"));
}

}  // namespace
}  // namespace cnn
