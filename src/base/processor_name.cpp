#include "base/processor_name.hpp"

#include <fstream>
#include <string_view>

#include <sys/utsname.h>

#include "base/text.hpp"

namespace cnn {

std::string processor_name(const std::filesystem::path& root) {
  constexpr std::string_view kKey = "model name";
  std::ifstream lines(root / "proc/cpuinfo");
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kKey)) continue;
    const std::size_t colon = line.find(':');
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    if (colon == std::string::npos || begin == std::string::npos) break;
    return shown(line.substr(begin));
  }
  utsname names;
  return ::uname(&names) == 0 ? names.machine : "a processor without a name";
}

}  // namespace cnn
