#include "base/mapped_file.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <system_error>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cnn {
namespace {

// What the handler of a signal may look at: no locks, no memory of the heap. A mapping that finds
// no place here is not named.
struct Place {
  std::atomic<std::uintptr_t> begin = 0;  // 0: free
  std::atomic<std::size_t> size = 0;
  std::array<char, 1024> path = {};
};
std::array<Place, 8> places;
std::atomic<int> code = 0;

void remember(std::span<const std::uint8_t> bytes, const std::string& path) {
  for (Place& place : places) {
    std::uintptr_t free = 0;
    if (!place.begin.compare_exchange_strong(free, 1)) continue;
    const std::size_t length = std::min(path.size(), place.path.size() - 1);
    std::copy_n(path.begin(), length, place.path.begin());
    place.path[length] = '\0';
    place.size = bytes.size();
    place.begin = reinterpret_cast<std::uintptr_t>(bytes.data());
    return;
  }
}

void forget(std::span<const std::uint8_t> bytes) {
  for (Place& place : places) {
    if (place.begin == reinterpret_cast<std::uintptr_t>(bytes.data())) {
      place.size = 0;
      place.begin = 0;
      return;
    }
  }
}

void say(const char* text) {
  const auto written = ::write(STDERR_FILENO, text, std::strlen(text));
  static_cast<void>(written);
}

void on_bus_error(int signal, siginfo_t* info, void* /*context*/) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (const Place& place : places) {
    const std::uintptr_t begin = place.begin;
    if (address < begin || address - begin >= place.size) continue;
    say(place.path.data());
    say(": error: became shorter, or cannot be read any more, while it was in use; "
        "start again when nobody writes into it\n");
    ::_exit(code);
  }
  std::signal(signal, SIG_DFL);  // not ours: the instruction runs again
}

}  // namespace

MappedFile::MappedFile(const InputFile& file) {
  struct stat now {};
  if (::fstat(file.descriptor(), &now) != 0 ||
      static_cast<std::uint64_t>(now.st_size) != file.size()) {
    throw file_error(file.path(), "changes while it is read; start again when it is complete");
  }
  const auto size = static_cast<std::size_t>(file.size());
  void* const begin = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (begin == MAP_FAILED) {
    throw file_error(file.path(), "cannot be mapped: " + std::generic_category().message(errno));
  }
  bytes_ = {static_cast<const std::uint8_t*>(begin), size};
  remember(bytes_, path_text(file.path()));
}

MappedFile::~MappedFile() {
  forget(bytes_);
  ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
}

void end_where_mapped_bytes_are_gone(int exit_code) {
  code = exit_code;
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace cnn
