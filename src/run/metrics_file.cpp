#include "run/metrics_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>
#include <string_view>

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

// Finds where the rows up to a step end, in a file that comes piece by piece.
class RowScanner {
 public:
  explicit RowScanner(std::uint64_t step) : step_(step) {}

  // Bytes up to the end of the last row that is to be kept.
  std::uint64_t kept() const { return kept_; }

  // False once a row is beyond the step, or is none.
  bool take(std::string_view piece) {
    for (const char c : piece) {
      ++read_;
      if (c != '\n') {
        if (line_.size() < kLongestStart) line_ += c;
        continue;
      }
      if (kept_ > 0 && !is_kept_row()) return false;
      kept_ = read_;
      line_.clear();
    }
    return true;
  }

 private:
  // Enough for "epoch,step,".
  static constexpr std::size_t kLongestStart = 64;

  bool is_kept_row() const {
    const std::size_t comma = line_.find(',');
    std::uint64_t row_step = 0;
    return comma != std::string::npos &&
           std::from_chars(line_.data() + comma + 1, line_.data() + line_.size(), row_step).ec ==
               std::errc() &&
           row_step <= step_;
  }

  std::uint64_t step_;
  std::uint64_t read_ = 0;
  std::uint64_t kept_ = 0;  // 0 before the header
  std::string line_;        // its start
};

}  // namespace

std::uint64_t MetricsFile::bytes_until(const FilePlace& place, std::uint64_t step) {
  if (!is_there(place)) return 0;
  InputFile file(place);
  RowScanner rows(step);
  std::array<char, 1 << 16> block;
  while (const std::size_t got = file.read(std::as_writable_bytes(std::span(block)))) {
    if (!rows.take({block.data(), got})) break;
  }
  return rows.kept();
}

void MetricsFile::append(const FilePlace& place, const EpochMetrics& row) {
  std::string line = std::to_string(row.epoch) + "," + std::to_string(row.step) + "," +
                     fixed(row.train_loss, 6) + "," + fixed(row.train_accuracy, 6) + ",";
  if (row.validated) line += fixed(row.validation_loss, 6);
  line += ",";
  if (row.validated) line += fixed(row.validation_accuracy, 6);
  line += "," + number_text(row.alpha) + "," + fixed(row.seconds, 3) + "," +
          fixed(row.images_per_second, 1) + "\n";
  AppendedFile file(place);
  keep_in(file);
  if (file.size() == 0) line = std::string(kHeader) + "\n" + line;
  file.append(line);
  file.sync();
}

void MetricsFile::cut(const FilePlace& place) {
  if (!kept_ || !is_there(place)) return;
  AppendedFile file(place);
  keep_in(file);
  file.sync();
}

void MetricsFile::keep_in(AppendedFile& file) {
  if (kept_) file.keep(std::min(*kept_, file.size()));
  kept_.reset();
}

}  // namespace cnn
