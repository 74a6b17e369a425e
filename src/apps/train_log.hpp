// TrainLog: tells a person how training goes.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cnn/run_directory.hpp"
#include "cnn/trainer.hpp"

#include "console.hpp"

namespace cnn::app {

// A line an epoch; between them a progress bar on a terminal, elsewhere a plain line every ten
// seconds.
class TrainLog final : public TrainObserver {
 public:
  // `first_step` is the step the run starts or resumes at.
  TrainLog(Console& console, std::uint64_t first_step);

  void on_step(const StepReport& report) override;
  void on_epoch(const EpochReport& report) override;
  void on_checkpoint(const std::filesystem::path& path, std::uint64_t step) override;

  // The closing lines: on stderr what happened, on stdout the model's path.
  void report_end(const Trainer& trainer, const RunDirectory& directory);

 private:
  using Clock = std::chrono::steady_clock;

  Console& console_;
  std::uint64_t first_step_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_shown_ = start_;
  std::uint64_t images_ = 0;  // since start_
};

}  // namespace cnn::app
