// Files whose bytes are looked at in place.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/file.hpp"

namespace cnn {

// All bytes of a file, mapped: pages are read when they are looked at, and dropped when memory is
// short. They are those of the file that was opened, even if it is removed or replaced by another
// one; but whoever writes into that file itself changes them, and whoever makes it shorter takes
// pages away: looking at these is SIGBUS.
class MappedFile {
 public:
  // Throws FileError: it cannot be mapped, or has another size now than when it was opened.
  explicit MappedFile(const InputFile& file);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  std::span<const std::uint8_t> bytes_;
};

// From now on the process ends with `exit_code` and a message that names the file, where pages of a
// mapped file are gone. For programs; a library leaves signals alone.
void end_where_mapped_bytes_are_gone(int exit_code);

}  // namespace cnn
