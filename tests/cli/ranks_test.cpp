// Training as several ranks of a real MPI: the files of one, and one end for all.

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <regex>
#include <sstream>

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
    for (const int rank : {0, 1}) {
      const CommandResult one =
          run_launched({mpi, 2, arguments(config, temp_ / "one"), {{rank, {"--nonsense"}}}});
      EXPECT_EQ(one.code, 2);
      EXPECT_EQ(count(one.err, rank == 0 ? "--nonsense" : "start all ranks with the same"), 1U);
    }

    const CommandResult differs = run_launched(
        {mpi, 2, arguments(config, temp_ / "differs"), {{1, {"--set", "training.alpha=0.5"}}}});
    EXPECT_EQ(differs.code, 2);
    EXPECT_EQ(count(differs.err, "rank 1 would not train what rank 0 does"), 1U) << differs.err;
    EXPECT_THAT(differs.err, HasSubstr("training.alpha is 0.5, rank 0 has 0.003"));

    const CommandResult diverged =
        run_launched({mpi, 2,
                      arguments(config, temp_ / ("diverged" + mpi),
                                {"--set", "training.alpha=1e18", "--set", "training.clip=0"})});
    EXPECT_EQ(diverged.code, 4) << mpi << ": " << diverged.err;
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

std::uintmax_t size_of(const fs::path& file) {
  std::error_code code;
  const std::uintmax_t size = fs::file_size(file, code);
  return code ? 0 : size;
}

// Kills one rank at a random moment of its start or of its training, so many times. Each run that
// comes to its end all the same is compared with `expected`, and another one begins.
// No rank may hang. Open MPI's launcher (4.1.4 with PMIx 4.2.2) does, once in a few hundred kills,
// behind the end of all ranks: PMIx_server_finalize waits for a lock that nobody has.
void kill_ranks(const fs::path& config, const fs::path& expected, const fs::path& run, int kills,
                std::uint32_t seed) {
  Draw draw(seed);
  const std::vector<std::string> mpis = launchers();
  int killed = 0;
  for (int leg = 0;; ++leg) {
    std::vector<std::string> more = {"--threads", "1"};
    if (fs::exists(run / "train.log")) more.push_back("--resume");
    const TempDir output;
    const std::string mpi = mpis[static_cast<std::size_t>(leg) % mpis.size()];
    const std::uintmax_t log_before = size_of(run / "train.log");
    LaunchedRun launched({mpi, draw.integer(2, 4), arguments(config, run, more)}, output.path());
    const bool is_last = killed == kills;
    if (!is_last && draw.integer(0, 2) > 0) {
      launched.launcher().wait_until([&] { return size_of(run / "train.log") > log_before; });
    }
    if (!is_last &&
        !launched.launcher().ends_within(draw_moment(draw, std::chrono::milliseconds(1000)))) {
      const std::vector<pid_t> ranks = launched.processes();
      const int last = static_cast<int>(ranks.size()) - 1;
      if (last >= 0 &&
          ::kill(ranks[static_cast<std::size_t>(draw.integer(0, last))], SIGKILL) == 0) {
        ++killed;
      }
    }
    // A hang is for ever; where others use the processors, all takes its time.
    const bool has_ended = launched.launcher().ends_within(std::chrono::minutes(4));
    ASSERT_TRUE(launched.processes().empty()) << "ranks that nobody ends, leg " << leg;
    if (!has_ended) std::cout << "leg " << leg << ": the launcher has not ended, all ranks have\n";
    EXPECT_EQ(first_unreadable(run), "");
    if (fs::exists(run / "model.safetensors")) {
      EXPECT_EQ(run_difference(expected, run), "") << "leg " << leg;
      fs::remove_all(run);
      if (is_last) return;
    }
    ASSERT_FALSE(is_last) << launched.wait().err;
  }
}

TEST_F(Ranks, OneKilledEndsAllAndNothingIsLost) {
  const fs::path config = write_config(temp_.path(), 128);
  const fs::path expected = alone(config);
  kill_ranks(config, expected, temp_ / "run", 4, 1);
}

// Some seconds each: CNN_KILLS for more; CNN_SEED for others.
TEST_F(RanksSlow, KilledEndAllAndNothingIsLost) {
  const fs::path config = write_config(temp_.path(), 128);
  const fs::path expected = alone(config);
  kill_ranks(config, expected, temp_ / "run", number_from_environment("CNN_KILLS", 40),
             static_cast<std::uint32_t>(number_from_environment("CNN_SEED", 2)));
}

// The process that has started it.
pid_t parent_of(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  std::string key;
  pid_t parent = 0;
  while (file >> key && key != "PPid:") file.ignore(1000, '\n');
  file >> parent;
  return parent;
}

// MPI waits for an answer of its launcher before a process may end.
TEST_F(RanksSlow, EndThoughTheirLauncherDoesNotAnswer) {
  const fs::path config = write_config(temp_.path(), 128);
  for (const std::string& mpi : launchers()) {
    const fs::path run = temp_ / mpi;
    const TempDir output;
    LaunchedRun launched({mpi, 2, arguments(config, run)}, output.path());
    ASSERT_TRUE(launched.launcher().wait_until([&] { return last_step(run).has_value(); }));
    const std::vector<pid_t> ranks = launched.processes();
    ASSERT_EQ(ranks.size(), 2U);
    const pid_t parent = parent_of(ranks.front());
    ::kill(parent, SIGSTOP);
    // Those that have ended wait for their parent, and have no environment any more.
    launched.launcher().wait_until([&] { return launched.processes().empty(); });
    EXPECT_TRUE(fs::exists(run / "model.safetensors"));
    ::kill(parent, SIGCONT);
    launched.wait();
  }
}

// MPI waits for all ranks to start, and for ever. Two minutes each: side by side.
TEST_F(RanksSlow, EndWhereOneNeverStarts) {
  const fs::path config = write_config(temp_.path(), 64);
  std::vector<std::pair<std::string, std::unique_ptr<LaunchedRun>>> runs;
  for (const std::string& mpi : launchers()) {
    const fs::path output = temp_ / (mpi + "-output");
    fs::create_directory(output);
    const Launch launch{.mpi = mpi,
                        .ranks = 2,
                        .arguments = arguments(config, temp_ / mpi),
                        .of_ranks = {},
                        .stranger = {"/bin/sleep", "600"}};
    runs.emplace_back(mpi, std::make_unique<LaunchedRun>(launch, output));
  }
  for (const auto& [mpi, launched] : runs) {
    ASSERT_TRUE(launched->launcher().ends_within(std::chrono::minutes(4))) << mpi;
    const CommandResult result = launched->wait();
    EXPECT_NE(result.code, 0) << mpi;
    EXPECT_EQ(count(result.err, "MPI has not started within 120 seconds"), 1U) << result.err;
    EXPECT_FALSE(fs::exists(temp_ / mpi));
  }
}

std::string without_times(const std::string& table) {
  return std::regex_replace(table, std::regex("  [0-9.]+ s|,[0-9.]+(?=,done)"), "");
}

// The lines of stdout, sorted: runs end in any order.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(without_times(text));
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

// As they read where the sweep's directory has another name.
std::string renamed(std::string text, const fs::path& from, const fs::path& to) {
  for (std::size_t at = text.find(from.string()); at != std::string::npos;
       at = text.find(from.string())) {
    text.replace(at, from.string().size(), to.string());
  }
  return text;
}

TEST_F(Ranks, ShareOutTheSeeds) {
  const fs::path config = write_config(temp_.path(), 64);
  const std::vector<std::string> more = {"--seeds", "4-8", "--set", "training.steps=6"};
  const fs::path expected = temp_ / "alone";
  const CommandResult alone = run_command("cnn-train", arguments(config, expected, more));
  ASSERT_EQ(alone.code, 0) << alone.err;
  for (const std::string& mpi : launchers()) {
    const fs::path runs = temp_ / mpi;
    const CommandResult result = run_launched({mpi, 3, arguments(config, runs, more)});
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(lines_of(renamed(result.out, runs, expected)), lines_of(alone.out));
    EXPECT_EQ(count(result.err, "on rank"), 5U) << result.err;
    EXPECT_THAT(result.err, HasSubstr("seed-6 (3 of 5) on rank 2\n"));
    for (const char* seed : {"seed-4", "seed-5", "seed-6", "seed-7", "seed-8"}) {
      EXPECT_EQ(run_difference(expected / seed, runs / seed), "") << mpi;
    }
  }
}

TEST_F(Ranks, ShareOutASweepOfWhichARunDiverges) {
  const fs::path config = write_config(temp_.path(), 64);
  const std::vector<std::string> more = {"--sweep", "training.alpha=0.003,1e18,0.01,0.001",
                                         "--set",   "training.steps=6",
                                         "--set",   "training.clip=0"};
  const fs::path expected = temp_ / "alone";
  const CommandResult alone = run_command("cnn-train", arguments(config, expected, more));
  ASSERT_EQ(alone.code, 0) << alone.err;
  for (const std::string& mpi : launchers()) {
    const fs::path runs = temp_ / mpi;
    const CommandResult result = run_launched({mpi, 2, arguments(config, runs, more)});
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(lines_of(renamed(result.out, runs, expected)), lines_of(alone.out));
    EXPECT_EQ(count(result.err, "training diverged"), 1U) << result.err;
    EXPECT_THAT(result.err, HasSubstr("run-2 (2 of 4) on rank 1: training.alpha=1e18 seed 1\n"));
    EXPECT_EQ(without_times(read_file(runs / "sweep.csv", 10'000)),
              without_times(read_file(expected / "sweep.csv", 10'000)));
    EXPECT_EQ(run_difference(expected / "run-3", runs / "run-3"), "") << mpi;
  }
}

TEST_F(Ranks, RefuseASweepThatIsNotTheSameForAll) {
  const fs::path config = write_config(temp_.path(), 64);
  const std::string mpi = launchers().front();
  const auto refused = [&](const std::vector<std::string>& of_rank_1, const std::string& message) {
    const fs::path runs = temp_ / "runs";
    std::vector<std::string> of_rank_0 = {"--out", runs.string()};
    const CommandResult result = run_launched({mpi,
                                               2,
                                               {"--config", config.string(), "--seeds", "1-2"},
                                               {{0, of_rank_0}, {1, of_rank_1}}});
    EXPECT_EQ(result.code, 2);
    EXPECT_EQ(count(result.err, message), 1U) << result.err;
    EXPECT_FALSE(fs::exists(runs));
  };
  const std::string same = (temp_ / "runs").string();
  refused({"--out", same, "--set", "training.alpha=0.5"}, "training.alpha is 0.5, rank 0 has");
  refused({"--out", (temp_ / "other").string()}, "want an --out DIR of a file system");
}

// There is nothing that one run could go on from: that of the other rank stops with a checkpoint.
TEST_F(Ranks, ARunThatFailsEndsTheSweepWithOneMessage) {
  const fs::path config = write_config(temp_.path(), 64);
  const fs::path runs = temp_ / "runs";
  fs::create_directories(runs / "seed-2");
  for (const char* name : {"config.yaml", "metrics.csv"}) write_file(runs / "seed-2" / name, "");
  const CommandResult result = run_launched(
      {launchers().front(), 2,
       arguments(config, runs, {"--seeds", "1-4", "--resume", "--set", "training.epochs=500"})});
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_EQ(count(result.err, "rank 1: "), 1U);
  EXPECT_EQ(count(result.err, "holds no checkpoint to resume from"), 1U) << result.err;
  EXPECT_TRUE(last_step(runs / "seed-1"));
  EXPECT_FALSE(fs::exists(runs / "seed-3"));
}

// A rank is killed, then all are asked to stop by a signal to one, then one process goes on.
TEST_F(Ranks, ASweepThatIsKilledAndStoppedGoesOn) {
  const fs::path config = write_config(temp_.path(), 64);
  const std::vector<std::string> more = {"--seeds", "1-4", "--set", "training.epochs=3"};
  const fs::path expected = temp_ / "alone";
  ASSERT_EQ(run_command("cnn-train", arguments(config, expected, more)).code, 0);
  const fs::path runs = temp_ / "runs";
  std::vector<std::string> leg = arguments(config, runs, more);
  {
    const TempDir output;
    LaunchedRun launched({launchers().front(), 3, leg}, output.path());
    ASSERT_TRUE(launched.launcher().wait_until(
        [&] { return last_step(runs / "seed-2").value_or(0) >= 2; }));
    ::kill(launched.processes().at(1), SIGKILL);
    EXPECT_NE(launched.wait().code, 0);
    launched.launcher().wait_until([&] { return launched.processes().empty(); });
    EXPECT_TRUE(launched.processes().empty());
  }
  leg.push_back("--resume");
  {
    const TempDir output;
    LaunchedRun launched({launchers().back(), 2, leg}, output.path());
    ASSERT_TRUE(launched.launcher().wait_until(
        [&] { return fs::exists(runs / "seed-4/last.safetensors"); }));
    ::kill(launched.processes().at(1), SIGTERM);
    const CommandResult result = launched.wait();
    EXPECT_EQ(result.code, 128 + SIGTERM) << result.err;
    EXPECT_EQ(count(result.err, "the sweep ends here"), 1U) << result.err;
  }
  const CommandResult last = run_command("cnn-train", leg);
  ASSERT_EQ(last.code, 0) << last.err;
  for (const char* seed : {"seed-1", "seed-2", "seed-3", "seed-4"}) {
    EXPECT_EQ(run_difference(expected / seed, runs / seed), "");
  }
}

TEST_F(Ranks, KnowALauncherOfAnotherMpi) {
  const bool is_mpich = launchers().front().find("mpich") != std::string::npos;
  RunningCommand command("cnn-train", {"--version"}, temp_.path(), {},
                         {is_mpich ? "PMI_SIZE=2" : "OMPI_COMM_WORLD_SIZE=2"});
  const CommandResult result = command.wait();
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("the launcher is that of another MPI than the module's"));
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
