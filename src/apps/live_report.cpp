#include "apps/live_report.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <exception>
#include <string>
#include <utility>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "report/page.hpp"
#include "report/run_report.hpp"
#include "run/metrics_rows.hpp"

namespace cnn::app {
namespace {

// "2026-11-27 22:53:10 +0100"
std::string time_text() {
  const std::time_t now = std::time(nullptr);
  std::tm here{};
  localtime_r(&now, &here);
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S %z", &here);
  return text.data();
}

}  // namespace

LiveReport::LiveReport(const TrainingSession& session, TrainObserver& next, spdlog::logger& log)
    : session_(session), next_(next), log_(log) {
  run_.config = session.config();
}

void LiveReport::on_epoch(const EpochReport& report) {
  next_.on_epoch(report);
  constexpr int kShare = 50;  // 2 %
  const Clock::time_point begin = Clock::now();
  if ((spent_ + last_) * kShare > begin - start_ && spent_ > Clock::duration::zero()) return;
  try {
    write();
  } catch (const FileError& error) {
    if (!std::exchange(warned_, true)) log_.warn("no report: {}", error.what());
  }
  last_ = Clock::now() - begin;
  spent_ += last_;
}

void LiveReport::write() {
  constexpr int kReloadsEvery = 10;
  const RunDirectory& directory = session_.directory();
  run_.directory = directory.path();
  run_.metrics = read_metrics(directory.at(directory.metrics()));
  report::RunPage page{.run = run_, .network = &session_.network()};
  page.reloading = {kReloadsEvery, time_text()};
  write_file(directory.at(directory.report()), report::run_page(page));
}

void write_last_report(const ReportedRun& run, bool scores, bool quiet) {
  if (run.directory.empty()) return;
  try {
    report::RunReportOptions options;
    options.run = run.directory;
    options.score.threads = run.threads;
    options.scores = scores;
    for (const std::string& notice : report::write_run_report(options)) {
      if (!quiet) write_lines(stderr, "note: " + notice + "\n");
    }
    if (!quiet)
      write_lines(stderr, "report  " + display_path(report::page_of(run.directory)) + "\n");
  } catch (const std::exception& error) {
    write_lines(stderr, "warning: no report: " + std::string(error.what()) + "\n");
  }
}

}  // namespace cnn::app
