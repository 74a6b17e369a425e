#include "run/metrics_file.hpp"

#include <array>
#include <charconv>
#include <sstream>
#include <string_view>

#include "base/file.hpp"
#include "base/text.hpp"

namespace cnn {
namespace {

constexpr std::string_view kHeader =
    "epoch,step,train_loss,train_accuracy,validation_loss,validation_accuracy,alpha,seconds,"
    "images_per_second";

std::string fixed(double value, int digits) {
  std::array<char, 400> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                    std::chars_format::fixed, digits);
  return {buffer.data(), result.ptr};
}

}  // namespace

void MetricsFile::keep_until(std::uint64_t step) {
  rows_.clear();
  if (!is_there(path_)) return;
  constexpr std::size_t kLimit = std::size_t{1} << 26;
  std::istringstream lines(read_file(path_, kLimit));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    const std::size_t comma = line.find(',');
    std::uint64_t row_step = 0;
    if (comma == std::string::npos ||
        std::from_chars(line.data() + comma + 1, line.data() + line.size(), row_step).ec !=
            std::errc() ||
        row_step > step) {
      break;
    }
    rows_.push_back(line);
  }
}

void MetricsFile::append(const EpochMetrics& row) {
  std::string line = std::to_string(row.epoch) + "," + std::to_string(row.step) + "," +
                     fixed(row.train_loss, 6) + "," + fixed(row.train_accuracy, 6) + ",";
  if (row.validated) line += fixed(row.validation_loss, 6);
  line += ",";
  if (row.validated) line += fixed(row.validation_accuracy, 6);
  line += "," + number_text(row.alpha) + "," + fixed(row.seconds, 3) + "," +
          fixed(row.images_per_second, 1);
  rows_.push_back(line);

  std::string text(kHeader);
  text += "\n";
  for (const std::string& kept : rows_) text += kept + "\n";
  write_file(path_, text);
}

}  // namespace cnn
