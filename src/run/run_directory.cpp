#include "run/run_directory.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "cnn/error.hpp"

#include "base/directory.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStepPrefix = "step-";
constexpr std::string_view kSuffix = ".safetensors";
constexpr const char* kConfig = "config.yaml";
constexpr const char* kReport = "report.html";
constexpr std::array<std::string_view, 9> kRunFiles = {kConfig,
                                                       kReport,
                                                       "train.log",
                                                       "metrics.csv",
                                                       "model.safetensors",
                                                       "best.safetensors",
                                                       "best-whole-epoch.safetensors",
                                                       "last.safetensors",
                                                       "layers.csv"};
// A run that is being prepared, and one that only has to be moved to its place.
constexpr const char* kNext = ".cnn-next";
constexpr const char* kWhole = ".cnn-whole";

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

bool is_run_file(std::string_view name) {
  return std::find(kRunFiles.begin(), kRunFiles.end(), name) != kRunFiles.end() ||
         checkpoint_step(std::string(name)).has_value();
}

// Of what is none, prepare says why nothing can be written there.
bool is_file(const FilePlace& place) {
  struct stat status;
  return ::fstatat(place.directory, place.name.c_str(), &status, 0) == 0 && S_ISREG(status.st_mode);
}

// Does the file begin as the log does, with a time, as far as it goes?
bool is_log_of_run(const FilePlace& place) {
  constexpr std::string_view kTime = "0000-00-00 00:00:00 ";
  std::array<char, kTime.size()> bytes;
  InputFile file(place);
  const std::size_t count = file.read(std::as_writable_bytes(std::span(bytes)));
  return std::equal(bytes.begin(), bytes.begin() + count, kTime.begin(), [](char c, char of_time) {
    return of_time == '0' ? c >= '0' && c <= '9' : c == of_time;
  });
}

bool holds(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Removes what write_file left behind of a run's files in processes that were killed.
void remove_temporary_files(const Directory& directory) {
  for (const std::string& name : directory.names()) {
    if (is_run_file(target_of_temporary(name))) remove_if_abandoned(directory.at(name));
  }
}

void remove_run_files(const Directory& directory) {
  for (const std::string& name : directory.names()) {
    if (is_run_file(name)) remove_file(directory.at(name));
  }
}

// Removes a run that was prepared and did not come to begin.
void remove_next(const Directory& directory) {
  if (!is_there(directory.at(kNext))) return;
  {
    const Directory next(directory.at(kNext));
    remove_temporary_files(next);
    remove_run_files(next);
  }
  directory.remove_directory(kNext);
}

// Moves a run that is whole to its place, if there is one.
void finish_beginning(const Directory& directory) {
  if (!is_there(directory.at(kWhole))) return;
  {
    const Directory whole(directory.at(kWhole));
    const std::vector<std::string> names = whole.names();
    if (holds(names, kConfig)) {
      for (const std::string& name : directory.names()) {
        if (is_run_file(name) && !holds(names, name)) remove_file(directory.at(name));
      }
      rename_file(whole.at(kConfig), directory.at(kConfig));
      directory.sync();
    }
    for (const std::string& name : names) {
      if (is_run_file(name) && name != kConfig) rename_file(whole.at(name), directory.at(name));
    }
  }
  directory.remove_directory(kWhole);
  directory.sync();
}

// Makes the directory and those above it that are missing; adds those that it made.
void make_directories(const fs::path& path, std::vector<fs::path>& made) {
  constexpr mode_t kMode = 0777;  // less the process's umask
  if (::mkdir(path.c_str(), kMode) == 0) {
    made.push_back(path);
    return;
  }
  const fs::path above = path.parent_path();
  if (errno == ENOENT && !above.empty() && above != path) {
    make_directories(above, made);
    if (::mkdir(path.c_str(), kMode) == 0) {
      made.push_back(path);
      return;
    }
  }
  if (errno == EEXIST) return;
  throw file_error(path,
                   "cannot make the run directory: " + std::generic_category().message(errno) +
                       "; choose another place by --out DIR or output.dir");
}

void refuse_other_kinds(const fs::path& path) {
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  if (fs::exists(status) && !fs::is_directory(status)) {
    throw ConfigError("error: " + display_path(path) +
                      " is no directory, a run cannot be kept there; choose another name with "
                      "--out DIR");
  }
}

}  // namespace

struct RunDirectory::Taken {
  explicit Taken(Directory directory) : main(std::move(directory)) {}
  ~Taken() {
    if (used) return;
    try {
      next.reset();
      remove_next(main);
    } catch (const std::exception&) {
      return;  // what is left the next process removes that takes the directory
    }
    if (made.empty() || !main.is_at(made.back())) return;
    while (!made.empty() && ::rmdir(made.back().c_str()) == 0) made.pop_back();
  }
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;

  Directory main;
  std::optional<Directory> next;  // where a run is prepared
  std::vector<fs::path> made;     // the directories that were missing, the outermost first
  bool used = false;              // a run has begun or goes on here
};

RunDirectory::RunDirectory(fs::path path) : path_(std::move(path)) {}
RunDirectory::RunDirectory(RunDirectory&&) noexcept = default;
RunDirectory::~RunDirectory() = default;

FilePlace RunDirectory::at(const fs::path& file) const {
  if (taken_ == nullptr) return file;
  return (taken_->next ? *taken_->next : taken_->main).at(file.filename().string(), file);
}

bool RunDirectory::is_home_of(const FilePlace& file) const {
  if (file.directory != FilePlace::kByPath) return true;  // only this gives out such places
  const fs::path above = file.path.parent_path();
  const fs::path directory = above.empty() ? fs::path(".") : above;
  return taken_ != nullptr ? taken_->main.is_at(directory) : is_same_file(directory, path_);
}

bool RunDirectory::holds_run() const {
  const std::array files = {config(), metrics(), model(), best(), last()};
  return std::any_of(files.begin(), files.end(),
                     [&](const fs::path& file) { return is_there(at(file)); }) ||
         !retired().empty();
}

std::optional<fs::path> RunDirectory::foreign_file() const {
  if (holds_run()) return std::nullopt;
  for (const fs::path& file : {report(), layers()}) {
    if (is_file(at(file))) return file;
  }
  if (is_file(at(log())) && !is_log_of_run(at(log()))) return log();
  return std::nullopt;
}

bool RunDirectory::occupied() const {
  return holds_run() || foreign_file();
}

bool RunDirectory::begun() const {
  const std::array files = {log(), path_ / kNext, path_ / kWhole};
  return occupied() || std::any_of(files.begin(), files.end(),
                                   [&](const fs::path& file) { return is_there(at(file)); });
}

bool RunDirectory::take(bool make) {
  refuse_other_kinds(path_);
  std::vector<fs::path> made;
  // The directory may be removed or replaced by others between two calls, but not for ever.
  constexpr int kAttempts = 100;
  // Another process may have it only to find out that it must not write here, as with --resume
  // where nothing was begun. If both were refused, nobody would train.
  constexpr std::chrono::milliseconds kPatience(300);
  for (int attempt = 1;; ++attempt) {
    if (make) make_directories(path_, made);
    if (!is_there(path_)) {
      if (!make) return false;
      if (attempt < kAttempts) continue;
    }
    Directory main(path_);
    if (!main.lock(kPatience)) {
      throw file_error(path_,
                       "another run is writing into this directory; wait for its end, or choose "
                       "another directory with --out DIR");
    }
    if (!main.is_at(path_) && attempt < kAttempts) continue;
    taken_ = std::make_unique<Taken>(std::move(main));
    taken_->made = std::move(made);
    break;
  }
  finish_beginning(taken_->main);
  return true;
}

void RunDirectory::prepare(bool begins) {
  const Directory& main = taken_->main;
  remove_next(main);
  remove_temporary_files(main);
  for (const std::string_view name : kRunFiles) refuse_special(main.at(std::string(name)));
  main.make(kNext);
  if (begins) {
    taken_->next.emplace(main.at(kNext));
  } else {
    main.remove_directory(kNext);
    taken_->used = true;
  }
}

bool RunDirectory::is_prepared() const {
  return taken_ != nullptr && taken_->next.has_value();
}

void RunDirectory::begin() {
  const Directory& main = taken_->main;
  taken_->next->sync();
  rename_file(main.at(kNext), main.at(kWhole));
  taken_->used = true;
  taken_->next.reset();
  main.sync();
  finish_beginning(main);
}

void RunDirectory::follow() {
  if (taken_ == nullptr || taken_->main.is_at(path_)) return;
  if (fs::path present = taken_->main.present_path(); !present.empty()) path_ = std::move(present);
}

std::vector<fs::path> RunDirectory::retired(std::uint64_t before) const {
  if (taken_ == nullptr && !is_there(path_)) return {};
  std::vector<std::pair<std::uint64_t, fs::path>> found;
  for (const std::string& name : taken_ ? taken_->main.names() : Directory(path_).names()) {
    const auto step = checkpoint_step(name);
    if (step && *step < before) found.emplace_back(*step, path_ / name);
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<fs::path> paths;
  for (auto& [step, path] : found) paths.push_back(std::move(path));
  return paths;
}

std::vector<FilePlace> RunDirectory::checkpoints() const {
  std::vector<FilePlace> places;
  if (is_there(at(last()))) places.push_back(at(last()));
  for (const fs::path& path : retired()) places.push_back(at(path));
  return places;
}

void RunDirectory::retire_last(std::uint64_t step, std::uint64_t next, std::int64_t keep) const {
  if (!is_there(at(last()))) return;
  if (keep > 1 || step > next) {
    const FilePlace name =
        at(path_ / (std::string(kStepPrefix) + std::to_string(step) + std::string(kSuffix)));
    remove_file(name);
    // A file system without hard links. A copy would be half of one for a while.
    if (!link_file(at(last()), name)) rename_file(at(last()), name);
  }
  const std::vector<fs::path> old = retired(next);
  for (std::size_t i = static_cast<std::size_t>(keep - 1); i < old.size(); ++i) {
    remove_file(at(old[i]));
  }
}

}  // namespace cnn
