#include "run/metrics_rows.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace cnn {
namespace {

constexpr std::size_t kLargest = std::size_t{1} << 28;

// The cells of a row, one after the other.
class Cells {
 public:
  Cells(std::string_view row, const FilePlace& place, std::size_t line)
      : rest_(row), place_(place), line_(line) {}

  template <typename T>
  T number() {
    const std::string_view cell = next();
    T value{};
    const auto result = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (result.ec != std::errc() || result.ptr != cell.data() + cell.size()) fail();
    return value;
  }
  // Whether the next cell is empty, which is then passed.
  bool skips_empty() {
    if (!rest_.starts_with(',')) return false;
    next();
    return true;
  }

 private:
  std::string_view next() {
    const std::size_t end = std::min(rest_.find(','), rest_.size());
    const std::string_view cell = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return cell;
  }
  [[noreturn]] void fail() const {
    throw file_error(place_.path, "line " + std::to_string(line_) + " is no row of metrics");
  }

  std::string_view rest_;
  const FilePlace& place_;
  std::size_t line_;
};

EpochMetrics read_row(Cells cells) {
  EpochMetrics row;
  row.epoch = cells.number<std::uint64_t>();
  row.step = cells.number<std::uint64_t>();
  row.train_loss = cells.number<double>();
  row.train_accuracy = cells.number<double>();
  row.validated = !cells.skips_empty();
  if (row.validated) {
    row.validation_loss = cells.number<double>();
    row.validation_accuracy = cells.number<double>();
  } else {
    cells.skips_empty();
  }
  row.alpha = cells.number<double>();
  row.seconds = cells.number<double>();
  row.images_per_second = cells.number<double>();
  return row;
}

}  // namespace

std::vector<EpochMetrics> read_metrics(const FilePlace& place) {
  std::vector<EpochMetrics> rows;
  if (!is_there(place)) return rows;
  const std::string text = read_file(place, kLargest);
  std::size_t line = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string::npos) break;  // a row that is still being written
    if (++line > 1)
      rows.push_back(read_row({std::string_view(text).substr(at, end - at), place, line}));
    at = end + 1;
  }
  return rows;
}

}  // namespace cnn
