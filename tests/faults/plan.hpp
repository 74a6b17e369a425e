// The plan of a preloaded module: which calls of the process under test are to fail. It comes from
// the environment, so that the same module serves every test:
//
//   CNN_FAULT_KIND     the calls that are counted ("write", "allocate", …; see the modules), or
//                      "kill" or "stop": what happens before one of many kinds
//   CNN_FAULT_CALL     the first that fails, counted from 1
//   CNN_FAULT_LASTING  set: all after it fail, too
//   CNN_FAULT_ERROR    errno of the failure; 0 = no failure, but only half of the bytes
//   CNN_FAULT_DIR      only calls on files below this directory are counted
//   CNN_FAULT_ROOM     for "write": not calls but bytes are counted, as on a disk with so much room
//   CNN_FAULT_REPORT   a file that is made when a call has been made to fail
//
// Allocates nothing and calls nothing that the modules replace.

#pragma once

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cnn::faults {

class Plan {
 public:
  Plan()
      : kind_(text("CNN_FAULT_KIND")),
        directory_(text("CNN_FAULT_DIR")),
        call_(number("CNN_FAULT_CALL")),
        room_(number("CNN_FAULT_ROOM")),
        counts_bytes_(room_ > 0),
        lasting_(std::getenv("CNN_FAULT_LASTING") != nullptr),
        error_(static_cast<int>(number("CNN_FAULT_ERROR"))) {}

  int error() const { return error_; }
  std::string_view directory() const { return directory_; }
  bool is_about(std::string_view kind) const { return kind == kind_; }
  bool counts_bytes() const { return counts_bytes_; }

  // Counts a call; true if it is to fail.
  bool strikes() {
    const long call = calls_.fetch_add(1) + 1;
    const bool struck = lasting_ ? call >= call_ : call == call_;
    if (struck) report();
    return struck;
  }

  // Takes `bytes` from the room; returns how many there still were.
  std::size_t take_room(std::size_t bytes) {
    const long before = room_.fetch_sub(static_cast<long>(bytes));
    if (before >= static_cast<long>(bytes)) return bytes;
    report();
    return before > 0 ? static_cast<std::size_t>(before) : 0;
  }

 private:
  static const char* text(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr ? value : "";
  }
  static long number(const char* name) { return std::atol(text(name)); }

  static void report() {
    const int before = errno;
    constexpr int kMode = 0600;
    const long file = syscall(SYS_openat, AT_FDCWD, text("CNN_FAULT_REPORT"),
                              O_WRONLY | O_CREAT | O_CLOEXEC, kMode);
    if (file >= 0) syscall(SYS_close, file);
    errno = before;
  }

  std::string_view kind_;
  std::string_view directory_;
  long call_;
  std::atomic<long> calls_{0};
  std::atomic<long> room_;
  bool counts_bytes_;
  bool lasting_;
  int error_;
};

// The function of that name which the module stands before.
template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace cnn::faults
