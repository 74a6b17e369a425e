// cnn-train --report: the page of a run, while the run goes on and at its end.

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include <spdlog/spdlog.h>

#include "report/run_record.hpp"
#include "run/training_session.hpp"

namespace cnn::app {

// Writes report.html after each epoch with what training has computed, and tells `next` what it is
// told itself. Takes less than 2 % of the time: where epochs are shorter than that allows, some
// have no page, but the first has one. A page that cannot be written is no reason to end a run: the
// first one costs a warning. Keeps references.
class LiveReport final : public TrainObserver {
 public:
  LiveReport(const TrainingSession& session, TrainObserver& next, spdlog::logger& log);

  void on_step(const StepReport& report) override { next_.on_step(report); }
  void on_epoch(const EpochReport& report) override;
  void on_checkpoint(const std::filesystem::path& path, std::uint64_t step) override {
    next_.on_checkpoint(path, step);
  }

 private:
  using Clock = std::chrono::steady_clock;

  void write();

  const TrainingSession& session_;
  TrainObserver& next_;
  spdlog::logger& log_;
  report::RunRecord run_;
  Clock::time_point start_ = Clock::now();
  Clock::duration spent_{};
  Clock::duration last_{};  // of which the newest page
  bool warned_ = false;
};

// A run that is to end with a page.
struct ReportedRun {
  std::filesystem::path directory;  // empty: it is not
  int threads = 0;
};

// Writes that page, with scores if wanted. Says on stderr what is missing, unless quiet, and what
// fails.
void write_last_report(const ReportedRun& run, bool scores, bool quiet);

}  // namespace cnn::app
