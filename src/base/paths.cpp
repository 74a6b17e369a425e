#include "base/paths.hpp"

#include <system_error>

#include "base/file.hpp"

namespace cnn {

std::filesystem::path resolved(const std::filesystem::path& path) {
  std::error_code code;
  const std::filesystem::path result = std::filesystem::absolute(path, code);
  if (code) {
    throw file_error(path, "is relative to the current directory, which cannot be found: " +
                               code.message() + "; change to another one");
  }
  return result.lexically_normal();
}

std::filesystem::path current_directory() {
  std::error_code code;
  return std::filesystem::current_path(code);
}

}  // namespace cnn
