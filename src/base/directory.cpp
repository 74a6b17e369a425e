#include "base/directory.hpp"

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system_calls.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

// A path may be a link. A name in an open directory may not: it would lead out of that.
int open_directory(int directory, const char* name) {
  const int follow = directory == FilePlace::kByPath ? 0 : O_NOFOLLOW;
  return retried(
      [&] { return ::openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow); });
}

}  // namespace

Directory::Directory(const FilePlace& place)
    : path_(place.path), descriptor_(open_directory(place.directory, place.name.c_str())) {
  if (descriptor_ < 0) fail(path_, "cannot open", errno);
}

Directory::Directory(Directory&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

Directory::~Directory() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FilePlace Directory::at(const std::string& name, const fs::path& shown) const {
  FilePlace place(descriptor_, shown);
  place.name = name;
  return place;
}

std::vector<std::string> Directory::names() const {
  // Of its own: a stream has a position, and closes what it is given.
  const int descriptor = open_directory(descriptor_, ".");
  if (descriptor < 0) fail(path_, "cannot list", errno);
  DIR* const stream = ::fdopendir(descriptor);
  if (stream == nullptr) {
    const int reason = errno;
    ::close(descriptor);
    fail(path_, "cannot list", reason);
  }
  std::vector<std::string> names;
  for_names(stream, path_, [&](std::string_view name) { names.emplace_back(name); });
  return names;
}

bool Directory::lock(std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kBetween(10);
  for (;; patience -= kBetween) {
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return true;
    if (patience <= kBetween) return false;
    std::this_thread::sleep_for(kBetween);
  }
}

bool Directory::is_at(const fs::path& path) const {
  return is_same_file(at(".", path_), path);
}

fs::path Directory::present_path() const {
  std::error_code code;
  fs::path path = fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor_), code);
  return !code && is_at(path) ? path : fs::path();
}

void Directory::make(const std::string& name) const {
  constexpr mode_t kMode = 0777;  // less the process's umask
  if (::mkdirat(descriptor_, name.c_str(), kMode) != 0) {
    fail(path_ / name, "cannot make this directory", errno);
  }
}

void Directory::remove_directory(const std::string& name) const {
  if (::unlinkat(descriptor_, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    fail(path_ / name, "cannot remove this directory", errno);
  }
}

void Directory::sync() const {
  if (const int reason = sync_names(descriptor_)) fail(path_, "cannot be secured", reason);
}

}  // namespace cnn
