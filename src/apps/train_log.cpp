#include "train_log.hpp"

#include <cstdio>

#include <fmt/format.h>

#include "app.hpp"

namespace cnn::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBarEvery{100};
constexpr milliseconds kLineEvery{10000};
constexpr std::uint64_t kBarCells = 24;

std::string bar(std::uint64_t done, std::uint64_t all) {
  const std::uint64_t filled = kBarCells * done / all;
  return "[" + std::string(filled, '#') + std::string(kBarCells - filled, '-') + "]";
}

}  // namespace

std::string shortest_text(double value) {
  return fmt::format("{}", value);
}

TrainLog::TrainLog(Console& console, std::uint64_t first_step)
    : console_(console), first_step_(first_step) {}

void TrainLog::on_step(const StepReport& report) {
  images_ += report.images;
  const Clock::time_point now = Clock::now();
  if (now - last_shown_ < (console_.has_status_line() ? kBarEvery : kLineEvery)) return;
  last_shown_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double left = seconds / static_cast<double>(report.step - first_step_) *
                      static_cast<double>(report.steps - report.step);
  const std::string text = fmt::format(
      "epoch {:>2}  {} {:>4}/{}  loss {:.4f}  acc {:.2f} %  {:.0f} images/s  ETA {}", report.epoch,
      bar(report.batch, report.batches), report.batch, report.batches, report.loss,
      100 * report.accuracy, static_cast<double>(images_) / seconds, duration_text(left));
  if (console_.has_status_line()) {
    console_.status(text);
  } else {
    console_.log().info("{}", text);
  }
}

void TrainLog::on_epoch(const EpochReport& report) {
  const MetricsFile::Row& row = report.row;
  std::string text = fmt::format("epoch {:>2}/{}  train loss {:.4f} acc {:.2f} %", row.epoch,
                                 report.epochs, row.train_loss, 100 * row.train_accuracy);
  if (row.validated) {
    text += fmt::format("  validation loss {:.4f} acc {:.2f} %", row.validation_loss,
                        100 * row.validation_accuracy);
  }
  text += fmt::format("  alpha {:.3g}  {}  {:.0f} images/s", row.alpha, duration_text(row.seconds),
                      row.images_per_second);
  if (report.best) text += "  best";
  if (!report.finished) text += "  (unfinished)";
  console_.status("");
  console_.log().info("{}", text);
}

void TrainLog::on_checkpoint(const std::filesystem::path& path, std::uint64_t step) {
  console_.log().debug("checkpoint {} at step {}", display_path(path), step);
}

void TrainLog::report_end(const Trainer& trainer, const RunDirectory& directory) {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  std::string best;
  if (trainer.progress().best_epoch > 0) {
    best = fmt::format("   best validation accuracy in epoch {}: {}", trainer.progress().best_epoch,
                       display_path(directory.best()));
  }
  if (trainer.is_out_of_patience()) {
    console_.log().info("early   no better validation accuracy since epoch {}: training.patience",
                        trainer.progress().best_epoch);
  }
  console_.log().info("done    {} steps in {}{}", trainer.step() - first_step_,
                      duration_text(seconds), best);
  console_.log().info("next:   cnn-eval --model {}", display_path(directory.model()));
  std::printf("%s\n", display_path(directory.model()).c_str());
}

}  // namespace cnn::app
