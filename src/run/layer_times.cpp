#include "run/layer_times.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace cnn {
namespace {

constexpr std::string_view kHeader = "layer,forward_us,backward_us\n";
constexpr double kMicroseconds = 1e6;

std::string microseconds(double seconds) {
  std::array<char, 400> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                    kMicroseconds * seconds, std::chars_format::fixed, 3);
  return {buffer.data(), result.ptr};
}

// False if the text is no number of microseconds.
bool read_seconds(std::string_view text, double& seconds) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), seconds);
  seconds /= kMicroseconds;
  return result.ec == std::errc() && result.ptr == text.data() + text.size() &&
         std::isfinite(seconds) && seconds >= 0;
}

}  // namespace

void write_layer_times(const FilePlace& place, const std::vector<LayerTime>& times) {
  std::string text(kHeader);
  for (const LayerTime& time : times) {
    text += time.name + "," + microseconds(time.forward) + "," + microseconds(time.backward) + "\n";
  }
  write_file(place, text);
}

std::vector<LayerTime> read_layer_times(const FilePlace& place) {
  constexpr std::size_t kLargest = std::size_t{1} << 24;
  std::vector<LayerTime> times;
  if (!is_there(place)) return times;
  const std::string text = read_file(place, kLargest);
  std::string_view rest = text;
  std::size_t line = 1;
  bool sound = rest.starts_with(kHeader);
  if (sound) rest.remove_prefix(kHeader.size());
  while (sound && !rest.empty()) {
    ++line;
    const std::string_view row = rest.substr(0, rest.find('\n'));
    const std::size_t second = row.rfind(',');
    const std::size_t first = second == 0 || second == std::string_view::npos
                                  ? std::string_view::npos
                                  : row.rfind(',', second - 1);
    LayerTime time;
    sound = row.size() < rest.size() && first != std::string_view::npos &&
            read_seconds(row.substr(first + 1, second - first - 1), time.forward) &&
            read_seconds(row.substr(second + 1), time.backward);
    if (!sound) break;
    time.name = std::string(row.substr(0, first));
    times.push_back(std::move(time));
    rest.remove_prefix(row.size() + 1);
  }
  if (!sound) {
    throw file_error(place.path, "line " + std::to_string(line) + " is no row of layers' times");
  }
  return times;
}

}  // namespace cnn
