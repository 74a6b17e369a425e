#include "base/new_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system_calls.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

// What cannot be removed remains under its hidden name.
void remove_with_files(const fs::path& path) noexcept {
  try {
    const std::vector<fs::path> files = list_directory(path);
    if (std::ranges::any_of(files, [](const fs::path& file) { return is_directory(file); })) return;
    for (const fs::path& file : files) remove_file(file);
  } catch (const std::exception&) {
    return;
  }
  ::rmdir(path.c_str());
}

bool is_link(const fs::path& path) {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

}  // namespace

NewDirectory::NewDirectory(fs::path target) : target_(std::move(target)) {
  remove_abandoned();
  // Leftovers of killed processes keep their names, and process numbers come again.
  constexpr int kAttempts = 1000;
  constexpr mode_t kMode = 0777;  // less the process's umask
  const std::string stem =
      "." + target_.filename().string() + "." + std::to_string(::getpid()) + "-";
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    temporary_ = target_.parent_path() / (stem + std::to_string(attempt) + ".tmp");
    if (::mkdir(temporary_.c_str(), kMode) != 0) {
      if (errno == EEXIST) continue;
      break;
    }
    // Somebody who removes leftovers may come between making and locking.
    if (!is_there(temporary_)) continue;
    Directory made(temporary_);
    if (!made.lock() || !made.is_at(temporary_)) continue;
    directory_.emplace(std::move(made));
    return;
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

void NewDirectory::remove() const noexcept {
  remove_with_files(temporary_);
}

void NewDirectory::remove_abandoned() const noexcept {
  try {
    for (const fs::path& path : list_directory(target_.parent_path())) {
      if (target_of_temporary(path.filename().string()) != target_.filename().string()) continue;
      if (is_link(path) || !is_directory(path)) continue;
      if (Directory(path).lock()) remove_with_files(path);
    }
  } catch (const std::exception&) {
    return;  // leftovers are no reason to make nothing new
  }
}

}  // namespace cnn
