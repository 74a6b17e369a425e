#include "fuzz.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include <sys/mman.h>
#include <unistd.h>

#include "base/text.hpp"

namespace cnn::fuzz {

namespace fs = std::filesystem;

MemoryFile::MemoryFile() : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
  require(descriptor_ >= 0, "the system has no memory for a file");
  path_ = "/proc/self/fd/" + std::to_string(descriptor_);
}

MemoryFile::~MemoryFile() {
  ::close(descriptor_);
}

void MemoryFile::put(std::string_view bytes) const {
  require(::ftruncate(descriptor_, 0) == 0, "the file in memory can be emptied");
  const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), 0);
  require(written == static_cast<ssize_t>(bytes.size()), "the file in memory can be written");
}

ScratchFile::ScratchFile(const std::string& name) {
  const fs::path memory = "/dev/shm";
  const fs::path directory = fs::exists(memory) ? memory : fs::temp_directory_path();
  path_ = directory / ("cnn-fuzz-" + std::to_string(::getpid()) + "-" + name);
}

ScratchFile::~ScratchFile() {
  std::error_code ignored;
  fs::remove(path_, ignored);
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "requirement broken: %s\n", what);
  std::abort();
}

void require_readable(std::string_view message) {
  // Twenty mistakes, each with a line of the file and a hint.
  constexpr std::size_t kLongest = std::size_t{1} << 16;
  require(!message.empty() && message.size() <= kLongest, "a message says something, and briefly");
  require(is_utf8(message), "a message is UTF-8");
  while (!message.empty()) {
    const Character character = first_character(message);
    require(character.code == '\n' || !is_control(character.code),
            "a message holds no control characters");
    message.remove_prefix(character.bytes);
  }
}

std::size_t give_back(std::string_view bytes, std::uint8_t* data, std::size_t size,
                      std::size_t max_size) {
  if (bytes.size() > max_size) return size;
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

std::string mutated(std::string_view bytes, std::size_t max_size) {
  std::string room(max_size, '\0');
  bytes.copy(room.data(), room.size());
  room.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(room.data()),
                               std::min(bytes.size(), max_size), max_size));
  return room;
}

}  // namespace cnn::fuzz
