#include "data/picture_folder.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/stat.h>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "data/image/decode.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

// What file managers and archives leave behind, and what is hidden.
bool is_passed_over(const std::string& name) {
  constexpr std::array<std::string_view, 3> kLeft = {"Thumbs.db", "desktop.ini", "__MACOSX"};
  return name.starts_with('.') || std::ranges::count(kLeft, name) > 0;
}

class Walker {
 public:
  static std::vector<std::string> files(const fs::path& root) {
    Walker walker;
    walker.walk(root, "");
    std::ranges::sort(walker.files_);
    return std::move(walker.files_);
  }

 private:
  using Identity = std::pair<dev_t, ino_t>;

  void walk(const fs::path& dir, const std::string& prefix) {
    struct stat status {};
    if (::stat(dir.c_str(), &status) != 0) throw file_error(dir, "cannot be opened");
    const Identity identity{status.st_dev, status.st_ino};
    if (std::ranges::count(open_, identity) > 0) {
      throw file_error(dir, "leads back to a folder that it is in; remove the link");
    }
    open_.push_back(identity);
    const FolderContents contents = look_into(dir);
    for (const std::string& name : contents.files) files_.push_back(prefix + name);
    for (const std::string& name : contents.folders) walk(dir / name, prefix + name + "/");
    open_.pop_back();
  }

  std::vector<Identity> open_;  // the folders above
  std::vector<std::string> files_;
};

}  // namespace

FolderContents look_into(const fs::path& folder) {
  FolderContents contents;
  for (const fs::path& path : list_directory(folder)) {
    std::string name = path.filename().string();
    if (is_passed_over(name)) continue;
    // A link that leads nowhere counts as a file, and is reported as such.
    (is_directory(path) ? contents.folders : contents.files).push_back(std::move(name));
  }
  std::ranges::sort(contents.folders);
  std::ranges::sort(contents.files);
  return contents;
}

std::vector<std::string> files_below(const fs::path& folder) {
  return Walker::files(folder);
}

bool is_picture_file(const fs::path& path) {
  try {
    constexpr std::size_t kEnough = 64;
    std::array<char, kEnough> bytes{};
    const std::size_t count = InputFile(path).read(std::as_writable_bytes(std::span(bytes)));
    return looks_like_picture({bytes.data(), count});
  } catch (const FileError&) {
    return false;
  }
}

}  // namespace cnn
