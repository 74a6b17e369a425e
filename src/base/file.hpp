// Whole files: read within a bound, written so that no crash and no full disk leaves half of one;
// directories listed; and the form of the messages about them.

#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cnn/error.hpp"

namespace cnn {

// Bytes of the longest path that the system opens (PATH_MAX, without the zero at its end).
inline constexpr std::size_t kLongestPath = 4095;

// A path as it may stand in a message: in whole, with escapes as by shown(). One that is longer
// than any file's is cut.
std::string path_text(const std::filesystem::path& path);

// "<path>: error: <what>", the form of every FileError.
FileError file_error(const std::filesystem::path& path, const std::string& what);

// A path as people read it: relative if it lies below the current directory.
std::string display_path(const std::filesystem::path& path);

// A name that came out of a file, fit for a message: as by shown(), cut after 80 characters.
std::string printable(std::string_view name);

// Where a file is: a path, or a name in an open directory (base/directory.hpp), which stays the
// same one wherever it is moved and whatever takes its name. Does not own the directory.
struct FilePlace {
  template <std::convertible_to<std::filesystem::path> Path>
  requires(!std::same_as<std::remove_cvref_t<Path>, FilePlace>)
      FilePlace(Path&& a_path)  // NOLINT(google-explicit-constructor): a path is a place
      : path(std::forward<Path>(a_path)), name(path) {}
  FilePlace(int a_directory, std::filesystem::path a_path)
      : path(std::move(a_path)), name(path.filename()), directory(a_directory) {}

  std::filesystem::path path;  // for messages
  std::filesystem::path name;  // for the system, relative to the directory
  int directory = kByPath;     // descriptor

  static constexpr int kByPath = -100;  // AT_FDCWD
};

// A regular file open for reading. Directories, pipes and devices are refused, so that no read ever
// waits.
class InputFile {
 public:
  // Throws FileError, as read does.
  explicit InputFile(const FilePlace& place);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // In bytes, when it was opened.
  std::uint64_t size() const { return size_; }
  int descriptor() const { return descriptor_; }
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
std::string read_file(const FilePlace& place, std::size_t limit);

// Is there anything under that name? Throws FileError where the question itself fails: a directory
// that may not be searched, a name too long.
bool is_there(const FilePlace& place);

// Is there a directory under that name? Links are followed; one that leads nowhere is none. Throws
// as is_there does.
bool is_directory(const FilePlace& place);

// Is it one file, under two names perhaps? No, if one is not there.
bool is_same_file(const FilePlace& a, const FilePlace& b);

// The paths of what a directory holds, in no order. Throws FileError.
std::vector<std::filesystem::path> list_directory(const std::filesystem::path& directory);

// Replaces the file by `parts`, one after the other: a temporary file in the same directory, fsync,
// rename, fsync of the directory. At every moment it is either what it was or complete. Throws
// FileError with the system's reason, after removing the temporary file. A directory, pipe or
// device under that name is refused; a symbolic link is replaced.
//
// The temporary file of NAME is .NAME.PID-N.tmp. Its process holds a lock (flock) on it, so that
// others can tell whether it lives.
void write_file(const FilePlace& place, std::span<const std::span<const std::byte>> parts);
void write_file(const FilePlace& place, std::string_view text);
// The same with the first `bytes` bytes of `from`.
void copy_file(const FilePlace& from, std::uint64_t bytes, const FilePlace& to);

// NAME of a temporary file's name, or "" if it is none.
std::string_view target_of_temporary(std::string_view name);
// Removes a temporary file unless its process lives, or that cannot be known.
void remove_if_abandoned(const FilePlace& temporary);

// Throws FileError, as write_file does, if something else than a file has this name.
void refuse_special(const FilePlace& place);
// Nothing happens if it is not there. Throws FileError.
void remove_file(const FilePlace& place);
// Replaces `to`. Throws FileError about `to`.
void rename_file(const FilePlace& from, const FilePlace& to);
// Gives the file a second name that must be free; false where there are no hard links. Throws
// FileError about `to`.
bool link_file(const FilePlace& from, const FilePlace& to);

// A file that grows at its end; made where it is missing. Bytes that were appended and not synced
// may be lost with the machine, not with the process.
class AppendedFile {
 public:
  // Throws FileError, also for what is no regular file.
  explicit AppendedFile(FilePlace place);
  ~AppendedFile();
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;

  // In bytes.
  std::uint64_t size() const { return size_; }
  // Cuts the file. Throws FileError.
  void keep(std::uint64_t bytes);
  // All of `text`; where that fails, nothing of it. Throws FileError.
  void append(std::string_view text);
  void sync();

 private:
  FilePlace place_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace cnn
