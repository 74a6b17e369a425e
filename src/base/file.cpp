#include "base/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cnn {
namespace {

namespace fs = std::filesystem;

// Repeats a system call that a signal interrupted.
template <typename Call>
auto retried(const Call& call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

// "<path>: error: <what>: <the system's reason>"
[[noreturn]] void fail(const fs::path& path, const std::string& what, int reason) {
  throw file_error(path, what + ": " + std::generic_category().message(reason));
}

std::string kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

fs::path directory_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// A file beside `target` that takes its place on commit, and disappears otherwise.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) : target_(target) {
    // Leftovers of killed processes keep their names, and process numbers come again.
    constexpr int kAttempts = 1000;
    const std::string stem =
        "." + target.filename().string() + "." + std::to_string(::getpid()) + "-";
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      path_ = directory_of(target) / (stem + std::to_string(attempt) + ".tmp");
      constexpr mode_t kMode = 0666;  // less the process's umask
      descriptor_ = retried(
          [&] { return ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode); });
      if (descriptor_ >= 0) return;
      if (errno != EEXIST) break;
    }
    fail(target, "cannot create a temporary file beside it", errno);
  }

  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!committed_) ::unlink(path_.c_str());
  }

  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::span<const std::byte> part) {
    while (!part.empty()) {
      const ssize_t written =
          retried([&] { return ::write(descriptor_, part.data(), part.size()); });
      if (written < 0) fail(target_, "cannot write", errno);
      part = part.subspan(static_cast<std::size_t>(written));
    }
  }

  void commit() {
    if (retried([&] { return ::fsync(descriptor_); }) != 0) fail(target_, "cannot write", errno);
    // A network file system may report a full disk only here. Linux closes even when interrupted.
    if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) {
      fail(target_, "cannot write", errno);
    }
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail(target_, "cannot replace it", errno);
    committed_ = true;
    sync_directory();
  }

 private:
  // Without this a power cut may undo the rename.
  void sync_directory() const {
    const fs::path directory = directory_of(target_);
    const int descriptor =
        retried([&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (descriptor < 0) fail(target_, "written, but cannot open its directory to secure it", errno);
    const int result = retried([&] { return ::fsync(descriptor); });
    const int reason = errno;
    ::close(descriptor);
    // EINVAL: a file system that has no fsync for directories.
    if (result != 0 && reason != EINVAL) fail(target_, "written, but cannot be secured", reason);
  }

  const fs::path& target_;
  fs::path path_;
  int descriptor_ = -1;
  bool committed_ = false;
};

// Keeps a rename from turning, say, /dev/null into a regular file.
void refuse_special(const fs::path& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    throw file_error(path, "cannot write: is " + kind_of(status.st_mode) + ", not a file");
  }
}

}  // namespace

FileError file_error(const fs::path& path, const std::string& what) {
  return FileError(path.string() + ": error: " + what);
}

std::string display_path(const fs::path& path) {
  std::error_code code;
  const fs::path relative = fs::proximate(path, code);
  const bool below = !code && !relative.empty() && *relative.begin() != "..";
  return (below ? relative : path).string();
}

std::string printable(std::string_view name) {
  constexpr std::size_t kLongest = 80;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(name[i]); };
  std::size_t length = std::min(name.size(), kLongest);
  while (length > 0 && length < name.size() && (byte(length) & 0xC0U) == 0x80U) --length;

  std::string text(name.substr(0, length));
  for (std::size_t i = 0; i < length; ++i) {
    const bool ascii_control = byte(i) < 0x20 || byte(i) == 0x7F;
    // U+0080 … U+009F: terminals obey them like escape sequences.
    const bool latin_control = byte(i) >= 0x80 && byte(i) < 0xA0 && i > 0 && byte(i - 1) == 0xC2;
    if (ascii_control || latin_control) text[i] = '?';
  }
  return length < name.size() ? text + "…" : text;
}

InputFile::InputFile(fs::path path) : path_(std::move(path)) {
  // Opening a pipe would wait for its other end without O_NONBLOCK.
  descriptor_ = retried([&] { return ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC); });
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

std::string read_file(const fs::path& path, std::size_t limit) {
  InputFile file(path);
  const auto too_large = [&](const std::string& size) {
    return file_error(path, "is too large: " + size + " bytes, at most " + std::to_string(limit) +
                                " are accepted");
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

bool is_there(const fs::path& path) {
  std::error_code code;
  const bool found = fs::exists(path, code);
  if (code && code != std::errc::no_such_file_or_directory) {
    fail(path, "cannot look there", code.value());
  }
  return found;
}

// Not by fs::directory_iterator: that of GCC 12 ends the process when memory runs out (its noexcept
// advance appends to a path).
std::vector<fs::path> list_directory(const fs::path& directory) {
  const auto close = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream(::opendir(directory.c_str()), close);
  if (stream == nullptr) fail(directory, "cannot list", errno);
  std::vector<fs::path> paths;
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") paths.push_back(directory / name);
  }
  if (errno != 0) fail(directory, "cannot list", errno);
  return paths;
}

void write_file(const fs::path& path, std::span<const std::span<const std::byte>> parts) {
  refuse_special(path);
  TemporaryFile file(path);
  for (const std::span<const std::byte> part : parts) file.write(part);
  file.commit();
}

void write_file(const fs::path& path, std::string_view text) {
  const std::array parts = {std::as_bytes(std::span(text))};
  write_file(path, parts);
}

}  // namespace cnn
