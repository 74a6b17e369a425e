#include "support/interrupted_run.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>
#include <utility>

#include <gtest/gtest.h>
#include <signal.h>

#include "support/run_files.hpp"
#include "support/temp_dir.hpp"

namespace cnn {

namespace fs = std::filesystem;
using std::chrono::microseconds;

namespace {

// One of these is there once a run has begun.
constexpr std::array kTraces = {"config.yaml", "train.log", "last.safetensors", ".cnn-whole"};

microseconds since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - start);
}

int signal_of(Disturbance disturbance) {
  switch (disturbance) {
    case Disturbance::kill:
      return SIGKILL;
    case Disturbance::interrupt:
    case Disturbance::interrupt_twice:
      return SIGINT;
    case Disturbance::terminate:
      return SIGTERM;
    case Disturbance::hangup:
      return SIGHUP;
  }
  return 0;
}

std::uintmax_t log_size(const fs::path& run) {
  std::error_code code;
  const std::uintmax_t size = fs::file_size(run / "train.log", code);
  return code ? 0 : size;
}

// N of the last "checkpoint … at step N" that --verbose prints once it is written.
std::uint64_t reported_step(const std::string& log) {
  static const std::string kMark = " at step ";
  std::uint64_t step = 0;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(kMark);
    if (line.starts_with("checkpoint ") && at != std::string::npos) {
      step = std::stoull(line.substr(at + kMark.size()));
    }
  }
  return step;
}

}  // namespace

microseconds draw_moment(Draw& draw, microseconds end) {
  return microseconds(static_cast<std::int64_t>(draw.real(0, static_cast<double>(end.count()))));
}

InterruptedRun::InterruptedRun(fs::path config, fs::path directory, std::vector<std::string> more)
    : config_(std::move(config)), directory_(std::move(directory)), more_(std::move(more)) {}

std::vector<std::string> InterruptedRun::arguments(int threads) const {
  std::vector<std::string> all = {"--config",          config_.string(), "--out",
                                  directory_.string(), "--threads",      std::to_string(threads),
                                  "--verbose",         "--no-progress"};
  all.insert(all.end(), more_.begin(), more_.end());
  const bool begun = std::any_of(kTraces.begin(), kTraces.end(),
                                 [&](const char* name) { return fs::exists(directory_ / name); });
  if (begun) all.push_back("--resume");
  return all;
}

Pace InterruptedRun::undisturbed(int threads) {
  const TempDir output;
  const auto start = std::chrono::steady_clock::now();
  RunningCommand running("cnn-train", arguments(threads), output.path());
  Pace pace;
  running.wait_until([&] { return fs::exists(directory_ / "last.safetensors"); });
  pace.start = since(start);
  const CommandResult result = running.wait();
  pace.whole = since(start);
  EXPECT_EQ(result.code, 0) << result.err;
  return pace;
}

bool InterruptedRun::leg(Disturbance disturbance, microseconds moment, int threads) {
  const TempDir output;
  const std::uintmax_t log_before = log_size(directory_);
  RunningCommand running("cnn-train", arguments(threads), output.path());
  if (!running.ends_within(moment)) {
    running.send(signal_of(disturbance));
    if (disturbance == Disturbance::interrupt_twice && !running.ends_within(moment / 8)) {
      running.send(SIGINT);
    }
  }
  const CommandResult result = running.wait();
  check(result, disturbance, log_before);
  return result.code == 0;
}

void InterruptedRun::check(const CommandResult& result, Disturbance disturbance,
                           std::uintmax_t log_before) {
  const int signal = signal_of(disturbance);
  EXPECT_TRUE(result.code == 0 || result.code == 128 + signal)
      << "exit code " << result.code << "\n"
      << result.err;
  if (result.signalled && disturbance != Disturbance::kill) {
    EXPECT_EQ(log_size(directory_), log_before) << "not caught, though the run had begun";
  }
  EXPECT_EQ(first_unreadable(directory_), "");
  const std::optional<std::uint64_t> step = last_step(directory_);
  EXPECT_GE(step.value_or(0), std::max(step_, reported_step(result.err)));
  const bool asked = disturbance == Disturbance::interrupt || disturbance == Disturbance::terminate;
  if (asked && !result.signalled) {
    EXPECT_TRUE(step.has_value()) << result.err;
  }
  step_ = step.value_or(0);
}

void InterruptedRun::finish(int threads) {
  const TempDir output;
  const CommandResult result =
      RunningCommand("cnn-train", arguments(threads), output.path()).wait();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(temporary_names(directory_), "");
}

int number_from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

}  // namespace cnn
