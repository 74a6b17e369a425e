#include "base/process_memory.hpp"

#include <fstream>
#include <string>
#include <string_view>

namespace cnn {
namespace {

// Not getrusage: that begins with what the parent process held.
std::size_t status_bytes(std::string_view entry) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t kilobytes = 0;
    if (word == entry && status >> kilobytes) return kilobytes << 10;
  }
  return 0;
}

}  // namespace

std::size_t peak_memory() {
  return status_bytes("VmHWM:");
}

std::size_t present_memory() {
  return status_bytes("VmRSS:");
}

}  // namespace cnn
