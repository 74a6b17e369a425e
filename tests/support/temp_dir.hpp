// A directory of its own for a test.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cnn {

// Makes an empty directory with a new name under the system's directory for temporary files;
// removes it, with all that is in it, at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  // Names of what is in it, in order.
  std::vector<std::string> names() const;

 private:
  std::filesystem::path path_;
};

}  // namespace cnn
