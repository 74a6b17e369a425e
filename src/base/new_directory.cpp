#include "base/new_directory.hpp"

#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system_calls.hpp"

namespace cnn {

namespace fs = std::filesystem;

NewDirectory::NewDirectory(fs::path target) : target_(std::move(target)) {
  // Leftovers of killed processes keep their names, and process numbers come again.
  constexpr int kAttempts = 1000;
  constexpr mode_t kMode = 0777;  // less the process's umask
  const std::string stem =
      "." + target_.filename().string() + "." + std::to_string(::getpid()) + "-";
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    temporary_ = target_.parent_path() / (stem + std::to_string(attempt) + ".tmp");
    if (::mkdir(temporary_.c_str(), kMode) == 0) {
      directory_.emplace(temporary_);
      return;
    }
    if (errno != EEXIST) break;
  }
  fail(target_, "cannot make a directory beside it", errno);
}

NewDirectory::~NewDirectory() {
  if (!temporary_.empty()) remove();
}

FilePlace NewDirectory::at(const std::string& name) const {
  return directory_->at(name, target_ / name);
}

void NewDirectory::take_place() {
  directory_->sync();
  const bool is_free = ::renameat(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str()) == 0;
  if (!is_free) {
    if (errno != ENOTEMPTY && errno != EEXIST) fail(target_, "cannot replace it", errno);
    if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) !=
        0) {
      fail(target_, "cannot replace it", errno);
    }
    remove();  // what had the name before
  }
  temporary_.clear();
  Directory(target_.parent_path()).sync();
}

// What cannot be removed remains under its hidden name.
void NewDirectory::remove() const noexcept {
  try {
    for (const fs::path& file : list_directory(temporary_)) remove_file(file);
  } catch (const FileError&) {
    return;
  }
  ::rmdir(temporary_.c_str());
}

}  // namespace cnn
