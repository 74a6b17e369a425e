// TrainLog: tells a person how training goes.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "apps/console.hpp"
#include "apps/train_table.hpp"
#include "run/learning_check.hpp"
#include "run/run_directory.hpp"
#include "run/trainer.hpp"

namespace cnn::app {

// A table with a row per epoch, and warnings if nothing is learnt; between them a progress bar on a
// terminal, elsewhere a plain line every ten seconds.
class TrainLog final : public TrainObserver {
 public:
  // The run starts or resumes where `trainer` stands; `validated`: it has a validation set.
  TrainLog(Console& console, const Trainer& trainer, bool validated, LearningCheck check);

  void on_step(const StepReport& report) override;
  void on_epoch(const EpochReport& report) override;
  void on_checkpoint(const std::filesystem::path& path, std::uint64_t step) override;

  // The closing lines: on stderr what happened, on stdout the model's path. `has_best`: the best
  // epoch's model is there.
  void report_end(const Trainer& trainer, const RunDirectory& directory, bool has_best);

 private:
  using Clock = std::chrono::steady_clock;

  void show_header();

  Console& console_;
  EpochTable table_;
  LearningCheck check_;
  bool header_shown_ = false;
  std::uint64_t first_step_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_shown_ = start_;
  std::uint64_t images_ = 0;  // since start_
};

}  // namespace cnn::app
