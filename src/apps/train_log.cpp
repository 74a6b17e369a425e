#include "apps/train_log.hpp"

#include <cstdio>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace cnn::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBarEvery{100};
constexpr milliseconds kLineEvery{10000};

}  // namespace

std::string shortest_text(double value) {
  return fmt::format("{}", value);
}

TrainLog::TrainLog(Console& console, const Trainer& trainer, bool validated, LearningCheck check)
    : console_(console),
      table_((trainer.steps() + trainer.steps_per_epoch() - 1) / trainer.steps_per_epoch(),
             validated),
      check_(std::move(check)),
      first_step_(trainer.step()) {}

void TrainLog::show_header() {
  if (std::exchange(header_shown_, true)) return;
  for (const std::string& line : table_.header()) console_.log().info("{}", line);
}

void TrainLog::on_step(const StepReport& report) {
  show_header();
  images_ += report.images;
  if (const std::optional<std::string> warning = check_.after_step(report)) {
    console_.log().warn("{}", *warning);
  }
  const Clock::time_point now = Clock::now();
  if (now - last_shown_ < (console_.has_status_line() ? kBarEvery : kLineEvery)) return;
  last_shown_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double left = seconds / static_cast<double>(report.step - first_step_) *
                      static_cast<double>(report.steps - report.step);
  const std::string text =
      progress_line(report, static_cast<double>(images_) / seconds, left, console_.line_width());
  if (console_.has_status_line()) {
    console_.status(text);
  } else {
    console_.log().info("{}", text);
  }
}

void TrainLog::on_epoch(const EpochReport& report) {
  show_header();
  console_.status("");
  console_.log().info("{}", table_.row(report));
  if (const std::optional<std::string> warning = check_.after_epoch(report)) {
    console_.log().warn("{}", *warning);
  }
  if (!report.finished) {
    console_.log().info("        epoch {} is unfinished: training.steps ends the run within it",
                        report.metrics.epoch);
  }
}

void TrainLog::on_checkpoint(const std::filesystem::path& path, std::uint64_t step) {
  console_.log().debug("checkpoint {} at step {}", display_path(path), step);
}

void TrainLog::report_end(const Trainer& trainer, const RunDirectory& directory, bool has_best) {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  std::string best;
  if (trainer.progress().best_epoch > 0) {
    best = fmt::format(
        "   best validation accuracy in epoch {}{}", trainer.progress().best_epoch,
        has_best ? ": " + display_path(directory.best()) : ", of which no model is left");
  }
  if (trainer.is_out_of_patience()) {
    console_.log().info("early   no better validation accuracy since epoch {}: training.patience",
                        trainer.progress().best_epoch);
  }
  console_.log().info("done    {} steps in {}{}", trainer.step() - first_step_,
                      duration_text(seconds), best);
  console_.log().info("next:   cnn-eval --model {}", shell_word(display_path(directory.model())));
  console_.log().info("        cnn-report {}", shell_word(display_path(directory.path())));
  write_lines(stdout, display_path(directory.model()) + "\n");
}

}  // namespace cnn::app
