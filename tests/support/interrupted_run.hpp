// A run of cnn-train that is disturbed, resumed, and disturbed again, until it is finished.

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "support/command.hpp"
#include "support/draw.hpp"

namespace cnn {

enum class Disturbance { kill, interrupt, terminate, hangup, interrupt_twice };

// How long a run takes that nobody disturbs, on this machine at this moment.
struct Pace {
  std::chrono::microseconds start{};  // until its first checkpoint
  std::chrono::microseconds whole{};
};

// Uniform on 0 … end.
std::chrono::microseconds draw_moment(Draw& draw, std::chrono::microseconds end);

// A run directory of one configuration.
class InterruptedRun {
 public:
  // `more` are options of cnn-train.
  InterruptedRun(std::filesystem::path config, std::filesystem::path directory,
                 std::vector<std::string> more);

  const std::filesystem::path& directory() const { return directory_; }

  // The whole run without any disturbance.
  Pace undisturbed(int threads);

  // Starts the run, or resumes it where it has begun, and disturbs it after `moment`; returns
  // whether it is finished. Adds failures to the running test unless it ends with the exit code it
  // should, every model and checkpoint is whole, and no checkpoint that was there or was reported
  // is lost.
  bool leg(Disturbance disturbance, std::chrono::microseconds moment, int threads);

  // Resumes until it is finished.
  void finish(int threads);

 private:
  std::vector<std::string> arguments(int threads) const;
  void check(const CommandResult& result, Disturbance disturbance, std::uintmax_t log_before);

  std::filesystem::path config_;
  std::filesystem::path directory_;
  std::vector<std::string> more_;
  std::uint64_t step_ = 0;  // of the newest checkpoint so far
};

// The number that an environment variable gives, or `otherwise`: longer tests by hand.
int number_from_environment(const char* name, int otherwise);

}  // namespace cnn
