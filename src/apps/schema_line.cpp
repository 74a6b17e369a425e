#include "apps/schema_line.hpp"

#include <filesystem>
#include <system_error>

namespace cnn::app {

std::string schema_line() {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path installed =
      program.parent_path().parent_path() / "share" / "cnn" / "cnn.schema.json";
  const bool there = !error && fs::is_regular_file(installed, error);
  return "# yaml-language-server: $schema=" + (there ? installed.string() : "cnn.schema.json") +
         "\n";
}

}  // namespace cnn::app
