#include "apps/train_table.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "apps/console.hpp"

namespace cnn::app {
namespace {

std::size_t digits(std::uint64_t number) {
  return std::to_string(number).size();
}

// 8 columns for what lies between 1e-99 and 1e99.
std::string loss_text(double loss) {
  if (loss >= 1e6) return fmt::format("{:.2e}", loss);
  if (loss >= 1e3) return fmt::format("{:.1f}", loss);
  if (loss >= 1e-3 || loss == 0) return fmt::format("{:.4f}", loss);
  return fmt::format("{:.2e}", loss);
}

}  // namespace

EpochTable::EpochTable(std::uint64_t epochs, bool validated)
    : epochs_(epochs), validated_(validated) {}

std::array<std::string, 2> EpochTable::header() const {
  std::string parts = fmt::format("{} epoch{}", epochs_, epochs_ == 1 ? "" : "s");
  parts = fmt::format("{:<15}{:>8}", parts, "training");
  std::string columns = fmt::format("{:>5}  {:>8}  {:>6}", "epoch", "loss", "acc %");
  if (validated_) {
    parts += fmt::format("  {:>16}", "validation");
    columns += fmt::format("  {:>8}  {:>6}", "loss", "acc %");
  }
  columns += fmt::format("  {:>8}  {:>11}  {:>8}", "alpha", "time", "images/s");
  return {parts, columns};
}

std::string EpochTable::row(const EpochReport& report) const {
  const EpochMetrics& row = report.metrics;
  std::string text = fmt::format("{:>5}  {:>8}  {:>6.2f}", row.epoch, loss_text(row.train_loss),
                                 100 * row.train_accuracy);
  if (validated_) {
    text += fmt::format("  {:>8}  {:>6.2f}", loss_text(row.validation_loss),
                        100 * row.validation_accuracy);
  }
  text += fmt::format("  {:>8.3g}  {:>11}  {:>8.0f}", row.alpha, duration_text(row.seconds),
                      row.images_per_second);
  if (report.best) text += "  best";
  return text;
}

std::string progress_line(const StepReport& report, double images_per_second, double seconds_left,
                          std::size_t width) {
  const std::uint64_t epochs = (report.steps + report.batches - 1) / report.batches;
  const std::string epoch = fmt::format("epoch {:>{}}", report.epoch, digits(epochs));
  const std::string place =
      fmt::format("{:>{}}/{}", report.batch, digits(report.batches), report.batches);
  const std::string rest = fmt::format("{}  loss {:>8}  acc {:>6.2f} %  ETA ", place,
                                       loss_text(report.loss), 100 * report.accuracy);
  constexpr std::size_t kLongestTime = 11;                                  // "59 min 59 s"
  const std::size_t taken = epoch.size() + rest.size() + kLongestTime + 4;  // brackets and spaces
  constexpr std::size_t kNarrowest = 3, kWidest = 24;
  const std::size_t cells =
      std::clamp(kTableWidth - 1 - std::min(taken, kTableWidth - 1), kNarrowest, kWidest);
  const std::size_t filled = cells * report.batch / report.batches;
  std::string line =
      fmt::format("{} [{}{}] {}{}", epoch, std::string(filled, '#'),
                  std::string(cells - filled, '-'), rest, duration_text(seconds_left));
  const std::string rate = fmt::format("  {:.0f} images/s", images_per_second);
  if (line.size() + rate.size() <= width) line += rate;
  return line;
}

}  // namespace cnn::app
