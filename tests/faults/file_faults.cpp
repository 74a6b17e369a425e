// A module to preload (LD_PRELOAD) that makes calls on files fail, as plan.hpp says. It replaces
// the calls by which the commands, the C++ library and the log reach files:
//
//   open   open, openat, fopen    link    link, linkat
//   read   read                   unlink  unlink, unlinkat, remove, rmdir
//   write  write, fwrite, fflush  rename  rename, renameat
//   sync   fsync                  mkdir   mkdir, mkdirat
//   cut    ftruncate              stat    stat, lstat, fstat, fstatat
//   lock   flock                  list    opendir, fdopendir, readdir
//   close  close, fclose
//
// A close that fails has closed the file, as on Linux; any other call that fails has done nothing.
//
// Two kinds are no failures. "kill" ends the process with SIGKILL before a call that changes what
// is on the disk: of the kinds write, sync, cut, link, unlink, rename, mkdir, or an open that may
// make the file. "stop" stops it with SIGSTOP before a call of any kind.

#include <csignal>
#include <cstdarg>
#include <cstdio>

#include <dirent.h>
#include <sys/stat.h>

#include "plan.hpp"

namespace cnn::faults {
namespace {

// Made at the first call: other libraries' constructors may come before this module's.
Plan& plan() {
  static Plan the_plan;
  return the_plan;
}

bool is_below(std::string_view path) {
  const std::string_view directory = plan().directory();
  return !directory.empty() && path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

bool is_below(int descriptor) {
  const int before = errno;
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  char path[4096];
  const ssize_t length = readlink(link, path, sizeof path);
  errno = before;
  return length > 0 && is_below(std::string_view(path, static_cast<std::size_t>(length)));
}

// A name in an open directory.
struct Place {
  int directory;
  const char* name;
};

bool is_below(const Place& place) {
  if (place.directory == AT_FDCWD || place.name[0] == '/') return is_below(place.name);
  return is_below(place.directory);
}

bool changes_the_disk(std::string_view kind) {
  for (const char* changing :
       {"write", "sync", "cut", "link", "unlink", "rename", "mkdir", "create"}) {
    if (kind == changing) return true;
  }
  return false;
}

// Ends or stops the process if the plan says so.
template <typename File>
void disturb(const char* kind, File file) {
  const bool kills = plan().is_about("kill") && changes_the_disk(kind);
  if ((kills || plan().is_about("stop")) && is_below(file) && plan().strikes()) {
    raise(kills ? SIGKILL : SIGSTOP);
  }
}

// Is the call, on a path or on a descriptor, the one that is to fail?
template <typename File>
bool strikes(const char* kind, File file) {
  disturb(kind, file);
  return plan().is_about(kind) && is_below(file) && plan().strikes();
}

template <typename Result>
Result failure(Result result) {
  errno = plan().error();
  return result;
}

template <typename Function, typename Result, typename... Arguments>
Result failing(const char* name, bool struck, Result on_failure, Arguments... arguments) {
  return struck ? failure(on_failure) : next<Function>(name)(arguments...);
}

// How many of `count` bytes may be written to the file; 0 of more than 0: the call fails.
std::size_t writable(int file, std::size_t count) {
  disturb("write", file);
  if (!plan().is_about("write") || !is_below(file)) return count;
  if (plan().counts_bytes()) return plan().take_room(count);
  if (!plan().strikes()) return count;
  return plan().error() == 0 ? (count + 1) / 2 : 0;
}

}  // namespace
}  // namespace cnn::faults

using cnn::faults::disturb;
using cnn::faults::failing;
using cnn::faults::failure;
using cnn::faults::next;
using cnn::faults::Place;
using cnn::faults::plan;
using cnn::faults::strikes;
using cnn::faults::writable;

extern "C" {

int open(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return failing<int(const char*, int, ...)>("open", strikes("open", path), -1, path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  const Place place{directory, path};
  if ((flags & O_CREAT) != 0) disturb("create", place);
  return failing<int(int, const char*, int, ...)>("openat", strikes("open", place), -1, directory,
                                                  path, flags, mode);
}

DIR* fdopendir(int file) {
  return failing<decltype(fdopendir)>("fdopendir", strikes("list", file),
                                      static_cast<DIR*>(nullptr), file);
}

DIR* opendir(const char* path) {
  return failing<decltype(opendir)>("opendir", strikes("list", path), static_cast<DIR*>(nullptr),
                                    path);
}

std::FILE* fopen(const char* path, const char* mode) {
  return failing<decltype(fopen)>("fopen", strikes("open", path), static_cast<std::FILE*>(nullptr),
                                  path, mode);
}

ssize_t read(int file, void* to, std::size_t count) {
  if (strikes("read", file)) {
    if (plan().error() != 0) return failure<ssize_t>(-1);
    count = (count + 1) / 2;
  }
  return next<decltype(read)>("read")(file, to, count);
}

dirent* readdir(DIR* directory) {
  return failing<decltype(readdir)>("readdir", strikes("list", dirfd(directory)),
                                    static_cast<dirent*>(nullptr), directory);
}

ssize_t write(int file, const void* from, std::size_t count) {
  const std::size_t accepted = writable(file, count);
  if (accepted == 0 && count > 0) return failure<ssize_t>(-1);
  return next<decltype(write)>("write")(file, from, accepted);
}

std::size_t fwrite(const void* from, std::size_t size, std::size_t count, std::FILE* stream) {
  const std::size_t bytes = writable(fileno(stream), size * count);
  if (bytes == 0 && size * count > 0) return failure<std::size_t>(0);
  return next<decltype(fwrite)>("fwrite")(from, size, size > 0 ? bytes / size : 0, stream);
}

int fflush(std::FILE* stream) {
  const bool struck = stream != nullptr && !plan().counts_bytes() && plan().error() != 0 &&
                      strikes("write", fileno(stream));
  return failing<decltype(fflush)>("fflush", struck, EOF, stream);
}

int fsync(int file) {
  return failing<decltype(fsync)>("fsync", strikes("sync", file), -1, file);
}

int ftruncate(int file, off_t size) noexcept {
  return failing<decltype(ftruncate)>("ftruncate", strikes("cut", file), -1, file, size);
}

// By its label: the header of open() has a struct of that name.
int lock_file(int file, int operation) noexcept __asm__("flock");
int lock_file(int file, int operation) noexcept {
  return failing<int(int, int)>("flock", strikes("lock", file), -1, file, operation);
}

int renameat(int from_directory, const char* from, int to_directory, const char* to) noexcept {
  return failing<decltype(renameat)>("renameat", strikes("rename", Place{to_directory, to}), -1,
                                     from_directory, from, to_directory, to);
}

int linkat(int from_directory, const char* from, int to_directory, const char* to,
           int flags) noexcept {
  return failing<decltype(linkat)>("linkat", strikes("link", Place{to_directory, to}), -1,
                                   from_directory, from, to_directory, to, flags);
}

int unlinkat(int directory, const char* path, int flags) noexcept {
  return failing<decltype(unlinkat)>("unlinkat", strikes("unlink", Place{directory, path}), -1,
                                     directory, path, flags);
}

int rmdir(const char* path) noexcept {
  return failing<decltype(rmdir)>("rmdir", strikes("unlink", path), -1, path);
}

int mkdirat(int directory, const char* path, mode_t mode) noexcept {
  return failing<decltype(mkdirat)>("mkdirat", strikes("mkdir", Place{directory, path}), -1,
                                    directory, path, mode);
}

int fstatat(int directory, const char* path, struct stat* status, int flags) noexcept {
  return failing<int(int, const char*, struct stat*, int)>(
      "fstatat", strikes("stat", Place{directory, path}), -1, directory, path, status, flags);
}

int rename(const char* from, const char* to) noexcept {
  return failing<decltype(rename)>("rename", strikes("rename", to), -1, from, to);
}

int link(const char* from, const char* to) noexcept {
  return failing<decltype(link)>("link", strikes("link", to), -1, from, to);
}

int unlink(const char* path) noexcept {
  return failing<decltype(unlink)>("unlink", strikes("unlink", path), -1, path);
}

int remove(const char* path) noexcept {
  return failing<decltype(remove)>("remove", strikes("unlink", path), -1, path);
}

int mkdir(const char* path, mode_t mode) noexcept {
  return failing<decltype(mkdir)>("mkdir", strikes("mkdir", path), -1, path, mode);
}

int stat(const char* path, struct stat* status) noexcept {
  return failing<int(const char*, struct stat*)>("stat", strikes("stat", path), -1, path, status);
}

int lstat(const char* path, struct stat* status) noexcept {
  return failing<int(const char*, struct stat*)>("lstat", strikes("stat", path), -1, path, status);
}

int fstat(int file, struct stat* status) noexcept {
  return failing<int(int, struct stat*)>("fstat", strikes("stat", file), -1, file, status);
}

int close(int file) {
  const bool struck = strikes("close", file);
  const int result = next<decltype(close)>("close")(file);
  return struck ? failure(-1) : result;
}

int fclose(std::FILE* stream) {
  const bool struck = strikes("close", fileno(stream));
  const int result = next<decltype(fclose)>("fclose")(stream);
  return struck ? failure(EOF) : result;
}

}  // extern "C"
