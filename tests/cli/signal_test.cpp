// SIGINT and SIGTERM stop a run within a step, whatever it is doing; a second one, half a second
// later, ends it at once; SIGHUP writes a checkpoint; what is ignored stays so.

#include <chrono>
#include <utility>

#include <gtest/gtest.h>
#include <signal.h>

#include "support/cli.hpp"
#include "support/idx_writer.hpp"
#include "support/interrupted_run.hpp"
#include "support/picture_sets.hpp"
#include "support/random_run.hpp"
#include "support/run_files.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

double seconds_until_end(RunningCommand& running) {
  const auto start = std::chrono::steady_clock::now();
  running.ends_within(std::chrono::minutes(1));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Waits until the run has begun and has then worked for a moment more than starting takes.
void wait_until_busy(RunningCommand& running, const fs::path& run) {
  const auto worked = [&] {
    double sum = 0;
    for (const auto& [thread, seconds] : running.thread_seconds()) sum += seconds;
    return sum;
  };
  ASSERT_TRUE(running.wait_until([&] { return fs::exists(run / "config.yaml"); }));
  const double start = worked();
  ASSERT_TRUE(running.wait_until([&] { return worked() > start + 0.3; }));
}

// A run most of whose time goes into one of its phases.
struct Phase {
  std::string name;
  std::size_t images;
  std::string data;  // more lines of the sections
  std::string network;
  std::string training;
};
void PrintTo(const Phase& phase, std::ostream* out) {
  *out << phase.name;
}

const Phase kReading{"Reading", 60000, "", "  - fc: {count: 4}\n", "{steps: 3, batch: 20}"};
const Phase kTraining{"Training", 1010, "",
                      "  - conv: {count: 8, kernel: 3}\n  - relu\n  - fc: {count: 4}\n",
                      "{epochs: 3, batch: 20, momentum: 0.9}"};
// Two steps an epoch, and thousands of images to validate on.
const Phase kEvaluating{"Evaluating", 3040, ", validation: 3000",
                        "  - conv: {count: 16, kernel: 3}\n  - tanh\n  - fc: {count: 4}\n",
                        "{epochs: 4, batch: 20, momentum: 0.9}"};
const Phase kSaving{"Saving", 60, "", "  - fc: {count: 30000}\n  - fc: {count: 4}\n",
                    "{steps: 6, batch: 10, momentum: 0.9}"};

fs::path write_phase(const Phase& phase, const fs::path& directory) {
  const Dataset images = make_dataset({1, 12, 12}, phase.images, 4);
  fs::create_directories(directory / "data");
  write_dataset(directory / "data", DataPart::train, images,
                phase.name == kReading.name ? Packing::gzip : Packing::plain);
  write_file(directory / "run.yaml", "name: phase\ndata: {dir: data" + phase.data +
                                         "}\nnetwork:\n" + phase.network +
                                         "training: " + phase.training +
                                         "\noutput: {dir: run, checkpoint_every: 1 steps}\n");
  return directory / "run.yaml";
}

void stop_anywhere(const Phase& phase, int stops, std::uint32_t seed) {
  const TempDir temp;
  const fs::path config = write_phase(phase, temp.path());
  InterruptedRun whole(config, temp / "whole", {});
  const Pace pace = whole.undisturbed(2);
  Draw draw(seed);
  for (int stopped = 0; stopped < stops && !testing::Test::HasFailure();) {
    const TempDir run;
    InterruptedRun interrupted(config, run.path(), {});
    bool finished = false;
    while (!finished && stopped < stops && !testing::Test::HasFailure()) {
      const auto signal = draw.integer(0, 1) == 0 ? Disturbance::interrupt : Disturbance::terminate;
      finished = interrupted.leg(signal, draw_moment(draw, pace.whole), draw.integer(1, 3));
      if (!finished) ++stopped;
    }
    interrupted.finish(1);
    EXPECT_EQ(run_difference(whole.directory(), run.path()), "");
  }
}

class StopSlow : public testing::TestWithParam<Phase> {};

TEST_P(StopSlow, AtAnyMomentLeavesACheckpointThatResumesToTheSameBytes) {
  stop_anywhere(GetParam(), number_from_environment("CNN_STOPS", 20), 1);
}

INSTANTIATE_TEST_SUITE_P(Phases, StopSlow,
                         testing::Values(kReading, kTraining, kEvaluating, kSaving),
                         [](const auto& phase) { return phase.param.name; });

TEST(Stop, AtAnyMomentLeavesACheckpointThatResumesToTheSameBytes) {
  stop_anywhere(kEvaluating, 4, 2);
}

// As early as there is a process: it ends by the signal or with a checkpoint, and can be started or
// resumed.
TEST(Stop, WhileTheProcessStarts) {
  const TempDir temp;
  const fs::path config = write_run(draw_run(11, 10), temp.path());
  InterruptedRun whole(config, temp / "whole", {});
  const Pace pace = whole.undisturbed(1);
  InterruptedRun interrupted(config, temp / "run", {});
  Draw draw(1);
  interrupted.leg(Disturbance::interrupt, std::chrono::microseconds(0), 1);
  for (int i = 0; i < 5; ++i) {
    interrupted.leg(Disturbance::terminate, draw_moment(draw, pace.start / 4), 2);
  }
  interrupted.finish(1);
  EXPECT_EQ(run_difference(whole.directory(), interrupted.directory()), "");
}

// Nothing has begun, and nothing is written.
TEST(Stop, EndsTheDecodingOfPictures) {
  const TempDir temp;
  std::string table = "file,label\n";
  for (int i = 0; i < 6000; ++i) table += "a.png," + std::to_string(i % 2) + "\n";
  write_bytes(temp / "pictures.csv", table);
  const Dataset noise = make_dataset({3, 256, 256}, 1, 1);
  write_picture(temp / "a.png", noise, 0);
  write_file(temp / "run.yaml",
             "data: {table: pictures.csv, size: 8}\nnetwork: [{fc: {count: 2}}]\n"
             "training: {steps: 1}\noutput: {dir: run}\n");
  RunningCommand running("cnn-train", {"--config", (temp / "run.yaml").string()}, temp.path());
  ASSERT_TRUE(running.wait_until([&] {
    double sum = 0;
    for (const auto& [thread, seconds] : running.thread_seconds()) sum += seconds;
    return sum > 0.5;
  }));
  running.send(SIGINT);
  EXPECT_LT(seconds_until_end(running), 10);
  EXPECT_EQ(running.wait().code, 130);
  EXPECT_FALSE(fs::exists(temp / "run"));
}

// A stop may wait for a step, not for a validation of many.
TEST(Stop, EndsARunningValidation) {
  const TempDir temp;
  // Trillions of operations of validation an epoch, and one small step of training.
  const Phase long_validation{"Validation", 60010, ", validation: 60000",
                              "  - conv: {count: 64, kernel: 3, pad: 1}\n"
                              "  - conv: {count: 64, kernel: 5, pad: 2}\n  - fc: {count: 4}\n",
                              "{epochs: 3, batch: 10, alpha: 0.001}"};
  const fs::path config = write_phase(long_validation, temp.path());
  const fs::path run = temp / "run";
  std::vector<std::string> arguments = {
      "--config", config.string(), "--out", run.string(), "--set", "output.checkpoint_every=never"};
  RunningCommand running("cnn-train", arguments, temp.path());
  ASSERT_NO_FATAL_FAILURE(wait_until_busy(running, run));
  running.send(SIGINT);
  EXPECT_LT(seconds_until_end(running), 10);
  const CommandResult result = running.wait();
  EXPECT_EQ(result.code, 130);
  EXPECT_FALSE(result.signalled);
  EXPECT_THAT(result.err, HasSubstr("--resume"));
  EXPECT_EQ(last_step(run), 1U);
  EXPECT_EQ(metrics_apart_from_times(run), "");
}

class SecondSignal : public testing::TestWithParam<int> {};

// In the middle of a step that takes minutes, after a first that has to wait for it.
TEST_P(SecondSignal, EndsTheProcessAtOnce) {
  const TempDir temp;
  const Phase long_step{"Step", 20000, "",
                        "  - conv: {count: 256, kernel: 7, pad: 3}\n"
                        "  - conv: {count: 256, kernel: 7, pad: 3}\n  - fc: {count: 4}\n",
                        "{epochs: 1, batch: 20000}"};
  const fs::path config = write_phase(long_step, temp.path());
  const fs::path run = temp / "run";
  RunningCommand running("cnn-train", {"--config", config.string(), "--out", run.string()},
                         temp.path());
  ASSERT_NO_FATAL_FAILURE(wait_until_busy(running, run));
  running.send(SIGINT);
  EXPECT_FALSE(running.ends_within(std::chrono::milliseconds(600))) << "the step is not long";
  running.send(GetParam());
  EXPECT_LT(seconds_until_end(running), 10);
  const CommandResult result = running.wait();
  EXPECT_EQ(result.code, 128 + GetParam());
  EXPECT_FALSE(result.signalled);
  EXPECT_EQ(last_step(run), 0U);
}

INSTANTIATE_TEST_SUITE_P(Signals, SecondSignal, testing::Values(SIGINT, SIGTERM));

class TwoSignals : public testing::TestWithParam<std::pair<int, int>> {};

// As from timeout, which signals its child and then its group. The run is stopped while both come,
// so that it finds them together.
TEST_P(TwoSignals, AtOnceAreOneRequest) {
  const TempDir temp;
  const fs::path config = write_phase(kTraining, temp.path());
  const fs::path run = temp / "run";
  RunningCommand running("cnn-train",
                         {"--config", config.string(), "--out", run.string(), "--set",
                          "training.steps=1000000", "--set", "output.checkpoint_every=never"},
                         temp.path());
  ASSERT_NO_FATAL_FAILURE(wait_until_busy(running, run));
  running.send(SIGSTOP);
  ASSERT_TRUE(running.wait_until([&] { return running.status("State").starts_with("T"); }));
  const auto [first, second] = GetParam();
  running.send_to_first_thread(first);
  running.send(second);
  running.send(SIGCONT);
  const CommandResult result = running.wait();
  EXPECT_THAT(result.code, testing::AnyOf(128 + first, 128 + second));
  EXPECT_FALSE(result.signalled);
  EXPECT_THAT(result.err, HasSubstr("stopped: saved "));
  EXPECT_GT(last_step(run), 0U);
}

INSTANTIATE_TEST_SUITE_P(Signals, TwoSignals,
                         testing::Values(std::pair(SIGINT, SIGINT), std::pair(SIGTERM, SIGTERM),
                                         std::pair(SIGTERM, SIGINT)));

class IgnoredSignal : public testing::TestWithParam<std::pair<const char*, int>> {};

// As by nohup, or by a script that starts the run in the background.
TEST_P(IgnoredSignal, StaysIgnored) {
  const auto [name, signal] = GetParam();
  const TempDir temp;
  const fs::path config = write_phase(kTraining, temp.path());
  const fs::path run = temp / "run";
  RunningCommand running(
      "/bin/sh",
      {"-c", "trap '' \"$0\"; exec \"$@\"", name, command_path("cnn-train").string(), "--config",
       config.string(), "--out", run.string(), "--set", "training.steps=1000000"},
      temp.path());
  ASSERT_NO_FATAL_FAILURE(wait_until_busy(running, run));
  const unsigned long long ignored = std::stoull(running.status("SigIgn"), nullptr, 16);
  EXPECT_NE(ignored & (1ULL << (signal - 1)), 0U);
  const int other = signal == SIGTERM ? SIGINT : SIGTERM;
  running.send(signal);
  running.send(other);
  EXPECT_EQ(running.wait().code, 128 + other);
}

INSTANTIATE_TEST_SUITE_P(Signals, IgnoredSignal,
                         testing::Values(std::pair("INT", SIGINT), std::pair("TERM", SIGTERM),
                                         std::pair("HUP", SIGHUP)));

TEST(Hangup, WritesACheckpointEachTimeAndTheRunGoesOn) {
  const TempDir temp;
  const fs::path config = write_phase(kTraining, temp.path());
  const fs::path run = temp / "run";
  const auto arguments = [&](const fs::path& directory, const std::string& steps) {
    return std::vector<std::string>{"--config", config.string(),
                                    "--out",    directory.string(),
                                    "--set",    "output.checkpoint_every=never",
                                    "--set",    "training.steps=" + steps};
  };
  RunningCommand running("cnn-train", arguments(run, "1000000"), temp.path());
  ASSERT_TRUE(running.wait_until([&] { return fs::exists(run / "config.yaml"); }));
  std::uint64_t step = 0;
  for (int i = 0; i < 3; ++i) {
    running.send(SIGHUP);
    ASSERT_TRUE(running.wait_until([&] { return last_step(run) > step; }));
    step = last_step(run).value();
  }
  running.send(SIGTERM);
  EXPECT_EQ(running.wait().code, 143);

  const std::string steps = std::to_string(last_step(run).value() + 3);
  std::vector<std::string> resume = arguments(run, steps);
  resume.push_back("--resume");
  ASSERT_EQ(run_command("cnn-train", resume).code, 0);
  ASSERT_EQ(run_command("cnn-train", arguments(temp / "whole", steps)).code, 0);
  EXPECT_EQ(run_difference(temp / "whole", run), "");
}

// What writes no run directory leaves none behind, and is not ended by a hangup.
class WithoutARun : public testing::TestWithParam<const char*> {};

TEST_P(WithoutARun, SignalsDoNoHarm) {
  const TempDir temp;
  const fs::path config = write_phase(kTraining, temp.path());
  Draw draw(1);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    for (int i = 0; i < 4; ++i) {
      const TempDir output;
      RunningCommand running("cnn-train", {"--config", config.string(), GetParam()}, output.path());
      running.ends_within(draw_moment(draw, std::chrono::milliseconds(40)));
      running.send(signal);
      const CommandResult result = running.wait();
      EXPECT_TRUE(result.code == 0 || result.code == 128 + signal) << result.code;
      EXPECT_FALSE(fs::exists(temp / "run"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Options, WithoutARun, testing::Values("--dry-run", "--print-config"));

}  // namespace
}  // namespace cnn
