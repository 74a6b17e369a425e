// RunDirectory: the files that a run leaves behind.
//
//   config.yaml         the resolved configuration
//   train.log           the log
//   metrics.csv         one row an epoch
//   model.safetensors   the final weights
//   best.safetensors    those of the best validation accuracy
//   last.safetensors    the newest checkpoint
//   step-N.safetensors  older checkpoints (output.keep)
//
// A checkpoint never replaces another before it is complete: the present last.safetensors is first
// linked to step-N.safetensors (renamed, on a file system without hard links), then the new one
// renamed over it.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cnn {

// Keeps other processes from writing into the same run directory; ends with its process, however
// that ends. Movable.
class DirectoryLock {
 public:
  // Throws FileError if another process holds it. A file system without locks is not locked.
  explicit DirectoryLock(const std::filesystem::path& directory);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;

 private:
  int descriptor_;
};

class RunDirectory {
 public:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config() const { return path_ / "config.yaml"; }
  std::filesystem::path log() const { return path_ / "train.log"; }
  std::filesystem::path metrics() const { return path_ / "metrics.csv"; }
  std::filesystem::path model() const { return path_ / "model.safetensors"; }
  std::filesystem::path best() const { return path_ / "best.safetensors"; }
  std::filesystem::path last() const { return path_ / "last.safetensors"; }

  // Does it hold a run's files already? A log alone is none: there was no step yet.
  bool occupied() const;
  // Has a run begun here, though it may have been killed before its first checkpoint?
  bool begun() const;
  // Makes the directory where it is missing and takes it for this process, for as long as the
  // result lives; removes what a killed process left half written, and proves that files can be
  // written. Throws FileError, also if another process has the directory.
  [[nodiscard]] DirectoryLock create() const;
  // Removes a run's files, and nothing else. Throws FileError.
  void clear() const;

  // All checkpoints, the newest first.
  std::vector<std::filesystem::path> checkpoints() const;
  // Keeps the present last.safetensors, which holds step `step`, under its own name, and removes
  // the oldest so that no more than `keep` checkpoints remain once a new last.safetensors is
  // written. Throws FileError.
  void retire_last(std::uint64_t step, std::int64_t keep) const;

 private:
  std::filesystem::path path_;
};

}  // namespace cnn
