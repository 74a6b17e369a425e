// What file.cpp and directory.cpp share of the system's ways. Not for others.

#pragma once

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include <dirent.h>
#include <unistd.h>

#include "base/file.hpp"

namespace cnn {

// Repeats a system call that a signal interrupted.
template <typename Call>
auto retried(const Call& call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

// "<path>: error: <what>: <the system's reason>"
[[noreturn]] inline void fail(const std::filesystem::path& path, const std::string& what,
                              int reason) {
  throw file_error(path, what + ": " + std::generic_category().message(reason));
}

// Secures the names in a directory against a power cut. 0 or the system's reason.
inline int sync_names(int directory) {
  const int result = retried([&] { return ::fsync(directory); });
  // EINVAL: a file system that has no fsync for directories.
  return result == 0 || errno == EINVAL ? 0 : errno;
}

// Calls each(name) for what an open directory holds, in no order, and closes it. nullptr with errno
// set if it could not be opened. Not by fs::directory_iterator: that of GCC 12 ends the process
// when memory runs out (its noexcept advance appends to a path).
template <typename Each>
void for_names(DIR* opened, const std::filesystem::path& path, const Each& each) {
  const auto close = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream(opened, close);
  if (stream == nullptr) fail(path, "cannot list", errno);
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") each(name);
  }
  if (errno != 0) fail(path, "cannot list", errno);
}

}  // namespace cnn
