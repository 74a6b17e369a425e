// Whole files: read within a bound, written so that no crash and no full disk leaves half of one;
// directories listed; and the form of the messages about them.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cnn/error.hpp"

namespace cnn {

// "<path>: error: <what>", the form of every FileError.
FileError file_error(const std::filesystem::path& path, const std::string& what);

// A path as people read it: relative if it lies below the current directory.
std::string display_path(const std::filesystem::path& path);

// A name that came out of a file, fit for a message: control characters shown as '?', cut after 80
// bytes.
std::string printable(std::string_view name);

// A regular file open for reading. Directories, pipes and devices are refused, so that no read ever
// waits.
class InputFile {
 public:
  // Throws FileError, as read does.
  explicit InputFile(std::filesystem::path path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // In bytes, when it was opened.
  std::uint64_t size() const { return size_; }
  // Fills `to` with the next bytes; returns how many, which is less than asked for at the end of
  // the file only.
  std::size_t read(std::span<std::byte> to);

 private:
  std::filesystem::path path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

// The file's bytes. Throws FileError if it is no regular file, cannot be read, or holds more than
// `limit` bytes.
std::string read_file(const std::filesystem::path& path, std::size_t limit);

// Is there anything under that name? Throws FileError where the question itself fails: a directory
// that may not be searched, a name too long.
bool is_there(const std::filesystem::path& path);

// The paths of what a directory holds, in no order. Throws FileError.
std::vector<std::filesystem::path> list_directory(const std::filesystem::path& directory);

// Replaces `path` by `parts`, one after the other: a temporary file in the same directory, fsync,
// rename, fsync of the directory. At every moment `path` is either what it was or complete. Throws
// FileError with the system's reason, after removing the temporary file. A directory, pipe or
// device under that name is refused; a symbolic link is replaced.
void write_file(const std::filesystem::path& path,
                std::span<const std::span<const std::byte>> parts);
void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace cnn
