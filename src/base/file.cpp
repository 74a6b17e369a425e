#include "base/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.hpp"
#include "base/system_calls.hpp"
#include "base/text.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

std::string kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

fs::path directory_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

static_assert(FilePlace::kByPath == AT_FDCWD);

int open_at(const FilePlace& place, int flags) {
  constexpr mode_t kMode = 0666;  // of a new file, less the process's umask
  return retried(
      [&] { return ::openat(place.directory, place.name.c_str(), flags | O_CLOEXEC, kMode); });
}

// Writes all of it; returns 0 or the system's reason.
int write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        retried([&] { return ::write(descriptor, bytes.data(), bytes.size()); });
    if (written < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return 0;
}

// The directory of a file, open while this lives, for what is done beside the file.
class Beside {
 public:
  explicit Beside(const FilePlace& place) : descriptor_(place.directory) {
    if (descriptor_ != FilePlace::kByPath) return;
    const fs::path directory = directory_of(place.path);
    descriptor_ = opened_ = open_at(directory, O_RDONLY | O_DIRECTORY);
    if (opened_ < 0) fail(place.path, "cannot create a temporary file beside it", errno);
  }
  ~Beside() {
    if (opened_ >= 0) ::close(opened_);
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
  int opened_ = -1;
};

// A file beside `target` that takes its place on commit, and disappears otherwise.
class TemporaryFile {
 public:
  explicit TemporaryFile(const FilePlace& target)
      : path_(target.path),
        name_(target.path.filename()),
        stem_(name_.native().substr(0, kLongestStem)),
        beside_(target) {
    if (name_.native().size() > NAME_MAX) {
      fail(path_, "cannot create a temporary file beside it", ENAMETOOLONG);
    }
    // A run directory is cleared by who takes it.
    if (target.directory == FilePlace::kByPath) remove_abandoned();
    // Leftovers of killed processes keep their names, and process numbers come again.
    constexpr int kAttempts = 1000;
    const std::string stem = "." + stem_.string() + "." + std::to_string(::getpid()) + "-";
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      temporary_ = stem + std::to_string(attempt) + ".tmp";
      descriptor_ = open_at(FilePlace(beside_.descriptor(), temporary_), O_RDWR | O_CREAT | O_EXCL);
      if (descriptor_ >= 0 && is_locked()) return;
      if (descriptor_ >= 0) {
        ::close(descriptor_);
      } else if (errno != EEXIST) {
        break;
      }
    }
    fail(path_, "cannot create a temporary file beside it", errno);
  }

  ~TemporaryFile() {
    if (committed_) return;
    if (descriptor_ >= 0) ::close(descriptor_);
    ::unlinkat(beside_.descriptor(), temporary_.c_str(), 0);
  }

  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::span<const std::byte> part) {
    if (const int reason = write_all(descriptor_, part)) fail(path_, "cannot write", reason);
  }

  void commit() {
    if (retried([&] { return ::fsync(descriptor_); }) != 0) fail(path_, "cannot write", errno);
    // The lock stays until the file has its name: a second descriptor holds it.
    const int lock = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
    // A network file system may report a full disk only here. Linux closes even when interrupted.
    const int closed = ::close(std::exchange(descriptor_, -1));
    const bool whole = closed == 0 || errno == EINTR;
    const int renamed = whole ? ::renameat(beside_.descriptor(), temporary_.c_str(),
                                           beside_.descriptor(), name_.c_str())
                              : -1;
    const int reason = errno;
    if (lock >= 0) ::close(lock);
    if (!whole) fail(path_, "cannot write", reason);
    if (renamed != 0) fail(path_, "cannot replace it", reason);
    committed_ = true;
    sync_directory();
  }

 private:
  // What processes that were killed left of the same file. It is no reason to write nothing.
  void remove_abandoned() const {
    const int descriptor = open_at({beside_.descriptor(), "."}, O_RDONLY | O_DIRECTORY);
    if (descriptor < 0) return;
    DIR* const stream = ::fdopendir(descriptor);
    if (stream == nullptr) {
      ::close(descriptor);
      return;
    }
    try {
      for_names(stream, path_, [&](std::string_view name) {
        if (target_of_temporary(name) != stem_.native()) return;
        remove_if_abandoned({beside_.descriptor(), name});
      });
    } catch (const FileError&) {
      return;
    }
  }

  // Somebody who removes leftovers may have come between opening and locking.
  bool is_locked() const {
    struct stat status;
    const bool foreign = ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    return !foreign && (::fstat(descriptor_, &status) != 0 || status.st_nlink > 0);
  }

  // Without this a power cut may undo the rename.
  void sync_directory() const {
    if (const int reason = sync_names(beside_.descriptor())) {
      fail(path_, "written, but cannot be secured", reason);
    }
  }

  // Of a file name, of NAME_MAX bytes at most: what leaves room for the rest of a temporary's.
  static constexpr std::size_t kLongestStem = 220;

  const fs::path& path_;
  fs::path name_;
  fs::path stem_;
  Beside beside_;
  fs::path temporary_;
  int descriptor_ = -1;
  bool committed_ = false;
};

}  // namespace

std::string path_text(const fs::path& path) {
  return shown(path.native(), kLongestPath);
}

FileError file_error(const fs::path& path, const std::string& what) {
  return FileError(path_text(path) + ": error: " + what);
}

std::string display_path(const fs::path& path) {
  // Not the form of proximate that asks for the current directory: it throws where there is none.
  const fs::path here = current_directory();
  if (here.empty()) return path_text(path);
  const auto is_below = [](const fs::path& relative) {
    return !relative.empty() && relative.is_relative() && *relative.begin() != "..";
  };
  // A link keeps its name. Only where a directory above it is one are links followed.
  const fs::path by_name = (here / path).lexically_normal().lexically_proximate(here);
  if (is_below(by_name)) return path_text(by_name);
  std::error_code code;
  const fs::path relative = fs::proximate(path, here, code);
  return path_text(!code && is_below(relative) ? relative : path);
}

std::string printable(std::string_view name) {
  constexpr std::size_t kLongest = 80;
  return shown(name, kLongest);
}

InputFile::InputFile(const FilePlace& place) : path_(place.path) {
  // Opening a pipe would wait for its other end without O_NONBLOCK.
  descriptor_ = open_at(place, O_RDONLY | O_NONBLOCK);
  if (descriptor_ < 0) fail(path_, "cannot open", errno);
  struct stat status;
  if (::fstat(descriptor_, &status) != 0) {
    const int reason = errno;
    ::close(descriptor_);
    fail(path_, "cannot read", reason);
  }
  if (!S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw file_error(path_, "is " + kind_of(status.st_mode) + ", not a file");
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() {
  ::close(descriptor_);
}

std::size_t InputFile::read(std::span<std::byte> to) {
  std::size_t filled = 0;
  while (filled < to.size()) {
    const ssize_t got =
        retried([&] { return ::read(descriptor_, to.data() + filled, to.size() - filled); });
    if (got < 0) fail(path_, "cannot read", errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

std::string read_file(const FilePlace& place, std::size_t limit) {
  InputFile file(place);
  const auto too_large = [&](const std::string& size) {
    return file_error(place.path, "is too large: " + size + " bytes, at most " +
                                      std::to_string(limit) + " are accepted");
  };
  if (file.size() > limit) throw too_large(std::to_string(file.size()));
  std::string bytes(file.size(), '\0');
  bytes.resize(file.read(std::as_writable_bytes(std::span(bytes))));
  // Read what was appended since opening. Where a file system reports size 0 (/proc), this reads
  // everything.
  std::array<char, 4096> more;
  while (const std::size_t got = file.read(std::as_writable_bytes(std::span(more)))) {
    if (got > limit - bytes.size()) throw too_large("more than " + std::to_string(limit));
    bytes.append(more.data(), got);
  }
  return bytes;
}

bool is_there(const FilePlace& place) {
  struct stat status;
  if (::fstatat(place.directory, place.name.c_str(), &status, 0) == 0) return true;
  if (errno != ENOENT && errno != ENOTDIR) fail(place.path, "cannot look there", errno);
  return false;
}

bool is_directory(const FilePlace& place) {
  struct stat status;
  if (::fstatat(place.directory, place.name.c_str(), &status, 0) == 0) {
    return S_ISDIR(status.st_mode);
  }
  if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
    fail(place.path, "cannot look there", errno);
  }
  return false;
}

bool is_same_file(const FilePlace& a, const FilePlace& b) {
  struct stat one;
  struct stat other;
  return ::fstatat(a.directory, a.name.c_str(), &one, 0) == 0 &&
         ::fstatat(b.directory, b.name.c_str(), &other, 0) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

std::vector<fs::path> list_directory(const fs::path& directory) {
  std::vector<fs::path> paths;
  for_names(::opendir(directory.c_str()), directory,
            [&](std::string_view name) { paths.push_back(directory / name); });
  return paths;
}

void write_file(const FilePlace& place, std::span<const std::span<const std::byte>> parts) {
  refuse_special(place);
  TemporaryFile file(place);
  for (const std::span<const std::byte> part : parts) file.write(part);
  file.commit();
}

void write_file(const FilePlace& place, std::string_view text) {
  const std::array parts = {std::as_bytes(std::span(text))};
  write_file(place, parts);
}

void copy_file(const FilePlace& from, std::uint64_t bytes, const FilePlace& to) {
  refuse_special(to);
  InputFile source(from);
  TemporaryFile file(to);
  std::vector<std::byte> block(std::size_t{1} << 16);
  while (bytes > 0) {
    const std::size_t wanted = std::min<std::uint64_t>(bytes, block.size());
    const std::size_t got = source.read(std::span(block).first(wanted));
    if (got == 0) throw file_error(from.path, "became shorter while it was read");
    file.write(std::span(block).first(got));
    bytes -= got;
  }
  file.commit();
}

std::string_view target_of_temporary(std::string_view name) {
  constexpr std::string_view kEnd = ".tmp";
  constexpr std::string_view kDigits = "0123456789";
  if (!name.starts_with(".") || !name.ends_with(kEnd)) return {};
  name.remove_prefix(1);
  name.remove_suffix(kEnd.size());
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view number = name.substr(dot + 1);  // "PID-N"
  const std::size_t dash = number.find('-');
  if (dash == 0 || dash >= number.size() - 1 ||
      number.substr(0, dash).find_first_not_of(kDigits) != std::string_view::npos ||
      number.substr(dash + 1).find_first_not_of(kDigits) != std::string_view::npos) {
    return {};
  }
  return name.substr(0, dot);
}

void remove_if_abandoned(const FilePlace& temporary) {
  const int descriptor = open_at(temporary, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) return;
  struct stat status;
  const bool abandoned = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
                         ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
  const int result = abandoned ? ::unlinkat(temporary.directory, temporary.name.c_str(), 0) : 0;
  const int reason = errno;
  ::close(descriptor);
  if (result != 0 && reason != ENOENT) fail(temporary.path, "cannot remove", reason);
}

// Keeps a rename from turning, say, /dev/null into a regular file.
void refuse_special(const FilePlace& place) {
  struct stat status;
  if (::fstatat(place.directory, place.name.c_str(), &status, 0) == 0 && !S_ISREG(status.st_mode)) {
    throw file_error(place.path, "cannot write: is " + kind_of(status.st_mode) + ", not a file");
  }
}

void remove_file(const FilePlace& place) {
  if (::unlinkat(place.directory, place.name.c_str(), 0) != 0 && errno != ENOENT) {
    fail(place.path, "cannot remove", errno);
  }
}

void rename_file(const FilePlace& from, const FilePlace& to) {
  if (::renameat(from.directory, from.name.c_str(), to.directory, to.name.c_str()) != 0) {
    fail(to.path, "cannot replace it", errno);
  }
}

bool link_file(const FilePlace& from, const FilePlace& to) {
  if (::linkat(from.directory, from.name.c_str(), to.directory, to.name.c_str(), 0) == 0) {
    return true;
  }
  // A file system without hard links, or one that allows this file no more of them.
  for (const int none : {EPERM, EOPNOTSUPP, ENOSYS, EMLINK}) {
    if (errno == none) return false;
  }
  fail(to.path, "cannot make it", errno);
}

AppendedFile::AppendedFile(FilePlace place) : place_(std::move(place)) {
  // A pipe is looked at and refused; opening it would wait for a reader without O_NONBLOCK.
  descriptor_ = open_at(place_, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK);
  if (descriptor_ < 0) fail(place_.path, "cannot open", errno);
  struct stat status;
  const int reason = ::fstat(descriptor_, &status) != 0 ? errno : 0;
  if (reason == 0 && S_ISREG(status.st_mode)) {
    size_ = static_cast<std::uint64_t>(status.st_size);
    return;
  }
  ::close(descriptor_);
  if (reason != 0) fail(place_.path, "cannot open", reason);
  throw file_error(place_.path, "cannot write: is " + kind_of(status.st_mode) + ", not a file");
}

AppendedFile::~AppendedFile() {
  ::close(descriptor_);
}

void AppendedFile::keep(std::uint64_t bytes) {
  if (bytes == size_) return;
  if (retried([&] { return ::ftruncate(descriptor_, static_cast<off_t>(bytes)); }) != 0) {
    fail(place_.path, "cannot cut it", errno);
  }
  size_ = bytes;
}

void AppendedFile::append(std::string_view text) {
  if (const int reason = write_all(descriptor_, std::as_bytes(std::span(text)))) {
    // If this fails, too, half a line remains.
    [[maybe_unused]] const int cut = ::ftruncate(descriptor_, static_cast<off_t>(size_));
    fail(place_.path, "cannot write", reason);
  }
  size_ += text.size();
}

void AppendedFile::sync() {
  if (retried([&] { return ::fsync(descriptor_); }) != 0) fail(place_.path, "cannot write", errno);
}

}  // namespace cnn
