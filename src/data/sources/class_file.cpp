#include "data/sources/class_file.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "cnn/dataset.hpp"

#include "base/file.hpp"

namespace cnn {

std::vector<std::string> read_class_file(const std::filesystem::path& path) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 24;
  const std::string text = read_file(path, kMostBytes);
  std::vector<std::string> names;
  constexpr std::string_view kMark = "\xEF\xBB\xBF";  // that the text is UTF-8
  for (std::size_t at = text.starts_with(kMark) ? kMark.size() : 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = std::string_view(text).substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) names.emplace_back(line);
    at = end + 1;
  }
  if (!names.empty() && names.size() <= kMostClasses) return names;
  throw file_error(path, "holds " + std::to_string(names.size()) +
                             " names of classes, expected 1 to " + std::to_string(kMostClasses) +
                             ", one per line");
}

}  // namespace cnn
