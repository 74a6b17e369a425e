#include "run/run_directory.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "cnn/error.hpp"

#include "base/file.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStepPrefix = "step-";
constexpr std::string_view kSuffix = ".safetensors";

[[noreturn]] void fail(const fs::path& path, const std::string& what, const std::error_code& code) {
  throw FileError(path.string() + ": error: " + what + ": " + code.message());
}

void remove_file(const fs::path& path) {
  std::error_code code;
  fs::remove(path, code);
  if (code) fail(path, "cannot remove", code);
}

// N of "step-N.safetensors".
std::optional<std::uint64_t> checkpoint_step(const std::string& name) {
  if (!name.starts_with(kStepPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  const char* const first = name.data() + kStepPrefix.size();
  const char* const last = name.data() + name.size() - kSuffix.size();
  std::uint64_t step = 0;
  const auto result = std::from_chars(first, last, step);
  if (first >= last || result.ec != std::errc() || result.ptr != last) return std::nullopt;
  return step;
}

// step-N.safetensors of the directory, if there is one, the newest first.
std::vector<fs::path> retired(const fs::path& directory) {
  if (!is_there(directory)) return {};
  std::vector<std::pair<std::uint64_t, fs::path>> found;
  for (const fs::path& path : list_directory(directory)) {
    if (const auto step = checkpoint_step(path.filename().string())) {
      found.emplace_back(*step, path);
    }
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<fs::path> paths;
  for (auto& [step, path] : found) paths.push_back(std::move(path));
  return paths;
}

// What write_file left behind in a process that was killed: ".last.safetensors.123-0.tmp".
std::vector<fs::path> temporary_files(const fs::path& directory) {
  std::vector<fs::path> found;
  for (const fs::path& path : list_directory(directory)) {
    const std::string name = path.filename().string();
    if (name.starts_with(".") && name.ends_with(".tmp")) found.push_back(path);
  }
  return found;
}

}  // namespace

DirectoryLock::DirectoryLock(const fs::path& directory) {
  do {
    descriptor_ = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  } while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) fail(directory, "cannot open", {errno, std::generic_category()});
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(descriptor_);
    throw FileError(directory.string() +
                    ": error: another run is writing into this directory; wait for its end, or "
                    "choose another directory with --out DIR");
  }
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool RunDirectory::occupied() const {
  const std::array files = {config(), metrics(), model(), best(), last()};
  return std::any_of(files.begin(), files.end(), is_there) || !retired(path_).empty();
}

bool RunDirectory::begun() const {
  return occupied() || is_there(log());
}

DirectoryLock RunDirectory::create() const {
  std::error_code code;
  fs::create_directories(path_, code);
  if (code) fail(path_, "cannot make the run directory", code);
  DirectoryLock lock(path_);
  for (const fs::path& leftover : temporary_files(path_)) remove_file(leftover);
  const fs::path probe = path_ / ".probe";
  try {
    write_file(probe, "");
  } catch (...) {
    std::error_code ignored;
    fs::remove(probe, ignored);  // it may stand there, written but not secured
    throw;
  }
  remove_file(probe);
  return lock;
}

void RunDirectory::clear() const {
  for (const fs::path& file : {config(), log(), metrics(), model(), best(), last()}) {
    remove_file(file);
  }
  for (const fs::path& file : retired(path_)) remove_file(file);
}

std::vector<fs::path> RunDirectory::checkpoints() const {
  std::vector<fs::path> paths = retired(path_);
  if (is_there(last())) paths.insert(paths.begin(), last());
  return paths;
}

void RunDirectory::retire_last(std::uint64_t step, std::int64_t keep) const {
  if (!is_there(last())) return;
  if (keep > 1) {
    const fs::path name =
        path_ / (std::string(kStepPrefix) + std::to_string(step) + std::string(kSuffix));
    remove_file(name);
    std::error_code code;
    fs::create_hard_link(last(), name, code);
    // A file system without hard links. A copy would be half of one for a while.
    if (code) fs::rename(last(), name, code);
    if (code) fail(name, "cannot keep the older checkpoint", code);
  }
  const std::vector<fs::path> old = retired(path_);
  for (std::size_t i = static_cast<std::size_t>(keep - 1); i < old.size(); ++i) remove_file(old[i]);
}

}  // namespace cnn
