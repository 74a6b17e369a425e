#include "support/files.hpp"

#include "base/file.hpp"

namespace cnn {

std::string slurp(const std::filesystem::path& path) {
  return read_file(path, 1 << 26);
}

bool same_bytes(const std::filesystem::path& a, const std::filesystem::path& b) {
  return slurp(a) == slurp(b);
}

}  // namespace cnn
