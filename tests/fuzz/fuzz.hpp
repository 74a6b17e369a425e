// What the fuzz targets share. Each target is one source with LLVMFuzzerTestOneInput, which
// libFuzzer calls with one input after the other; whatever is not an error of the library's own (a
// sanitizer's finding, another exception, a broken requirement) ends the process and leaves the
// input in a file.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "cnn/error.hpp"

// libFuzzer's own mutation, for targets that mend what it breaks. Returns the new size.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace cnn::fuzz {

// A file that is memory. The library reads files by path, and refuses what is not a regular file.
class MemoryFile {
 public:
  MemoryFile();
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  // Replaces what it holds.
  void put(std::string_view bytes) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  int descriptor_;
  std::filesystem::path path_;
};

// A path for files that the library writes, on a file system in memory; removed at the end.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& name);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Ends the process with `what` unless it holds.
void require(bool holds, const char* what);

// A message says something, in UTF-8 that no terminal obeys, and is not endless.
void require_readable(std::string_view message);

// The result of `action`, or nothing if it throws one of the library's errors, whose message is
// looked at.
template <typename Action>
std::optional<std::invoke_result_t<Action>> accepted(const Action& action) {
  try {
    return action();
  } catch (const Error& error) {
    require_readable(error.what());
    return std::nullopt;
  }
}

// Copies `bytes` to `data` if they fit there; returns how many bytes `data` holds then.
std::size_t give_back(std::string_view bytes, std::uint8_t* data, std::size_t size,
                      std::size_t max_size);

// `bytes` after one of libFuzzer's mutations, at most `max_size` of them.
std::string mutated(std::string_view bytes, std::size_t max_size);

// True for about one in n mutations; `seed` is libFuzzer's.
inline bool one_in(unsigned n, unsigned seed) {
  return std::minstd_rand(seed)() % n == 0;
}

}  // namespace cnn::fuzz
