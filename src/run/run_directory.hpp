// RunDirectory: the files that a run leaves behind.
//
//   config.yaml         the resolved configuration
//   train.log           the log
//   metrics.csv         one row per epoch
//   model.safetensors   the final weights
//   best.safetensors    those of the best validation accuracy
//   best-whole-epoch.safetensors  the best before, while the best is of an epoch that was cut short
//   last.safetensors    the newest checkpoint
//   step-N.safetensors  older checkpoints (output.keep)
//   layers.csv          how long each layer takes
//   report.html         the page of cnn-report
//
// One process at a time has the directory: it opens and locks it before it decides anything about
// it, and from then on reaches every file through that descriptor. Where the directory is moved
// meanwhile the run goes with it, and never touches another that takes its name.
//
// A checkpoint never replaces another before it is complete: the present last.safetensors is first
// linked to step-N.safetensors (renamed, on a file system without hard links), then the new one
// renamed over it.
//
// A run that begins here is prepared in .cnn-next, up to its first checkpoint. Renaming that to
// .cnn-whole is the moment at which it replaces what was there: before, the old run is whole,
// after, the new one is. What is left to do is done then or by the next process that takes the
// directory: the old run's other files are removed, the new ones renamed to their places,
// config.yaml first, because with it gone from .cnn-whole nothing more is removed. So
// last.safetensors can be read at every moment. (Exchanging two directories, the other way, would
// have to move what else a user keeps in this one, and cannot be done to a mount point.)

#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"

namespace cnn {

// What the log says of a training that diverged begins so.
inline constexpr std::string_view kDivergedInLog = "training diverged: ";
// And of what it runs on.
inline constexpr std::string_view kMachineInLog = "machine: ";

// Movable. Used by one thread.
class RunDirectory {
 public:
  explicit RunDirectory(std::filesystem::path path);
  // If the directory was made for a run that did not come to begin, it goes again.
  ~RunDirectory();
  RunDirectory(RunDirectory&&) noexcept;
  RunDirectory& operator=(RunDirectory&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config() const { return path_ / "config.yaml"; }
  std::filesystem::path log() const { return path_ / "train.log"; }
  std::filesystem::path metrics() const { return path_ / "metrics.csv"; }
  std::filesystem::path model() const { return path_ / "model.safetensors"; }
  std::filesystem::path best() const { return path_ / "best.safetensors"; }
  std::filesystem::path best_whole_epoch() const { return path_ / "best-whole-epoch.safetensors"; }
  std::filesystem::path last() const { return path_ / "last.safetensors"; }
  std::filesystem::path layers() const { return path_ / "layers.csv"; }
  std::filesystem::path report() const { return path_ / "report.html"; }
  // The file that one of these names, in the directory that was taken; while a run is prepared,
  // that of the new run.
  FilePlace at(const std::filesystem::path& file) const;
  // Does the file lie in this directory?
  bool is_home_of(const FilePlace& file) const;

  // Does it hold a run's files already, or others of their names? A run's log alone is none: there
  // was no step yet.
  bool occupied() const;
  // Where no run is: a file that a new one would replace, and that is none's.
  std::optional<std::filesystem::path> foreign_file() const;
  // Has a run begun here, though it may have been killed before its first checkpoint?
  bool begun() const;
  // All checkpoints, the newest first.
  std::vector<FilePlace> checkpoints() const;

  // Takes the directory for this process, for as long as this object lives, and ends what a killed
  // process had left to do; `make`: makes it where it is missing. False if it is still missing.
  // Throws ConfigError if it is no directory, FileError if it cannot be made, and if another
  // process has it and keeps it for 300 milliseconds.
  bool take(bool make);
  // Proves that files can be made in it, and removes what killed processes left half written; with
  // `begins` prepares for a new run. take comes before. Throws FileError.
  void prepare(bool begins);
  bool is_prepared() const;
  // The new run, which has its configuration, log and last.safetensors, replaces the old one.
  // Throws FileError.
  void begin();
  // Finds out where the directory has been moved to, for the names that people are shown.
  void follow();

  // Makes room for a last.safetensors of step `next`: keeps the present one, of step `step`, under
  // its own name, and removes the oldest so that then there are no more than `keep` checkpoints.
  // Newer ones than `next` are neither counted nor removed: somebody who goes on from an older one
  // may want them back. Throws FileError.
  void retire_last(std::uint64_t step, std::uint64_t next, std::int64_t keep) const;

 private:
  struct Taken;

  bool holds_run() const;

  // The checkpoints step-N.safetensors with N < `before`, the newest first.
  std::vector<std::filesystem::path> retired(
      std::uint64_t before = std::numeric_limits<std::uint64_t>::max()) const;

  std::filesystem::path path_;
  std::unique_ptr<Taken> taken_;
};

}  // namespace cnn
