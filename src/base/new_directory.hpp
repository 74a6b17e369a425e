// A directory that appears under its name when it is complete, or not at all.

#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/directory.hpp"
#include "base/file.hpp"

namespace cnn {

// Made as .NAME.PID-N.tmp beside its place, removed again unless it takes that place. Its process
// holds a lock (flock) on it, so that others can tell whether it lives. Used by one thread.
class NewDirectory {
 public:
  // Removes first what dead processes left of the same place. Throws FileError.
  explicit NewDirectory(std::filesystem::path target);
  ~NewDirectory();
  NewDirectory(const NewDirectory&) = delete;
  NewDirectory& operator=(const NewDirectory&) = delete;

  // A file in it; messages call it by the path that it will have.
  FilePlace at(const std::string& name) const;
  // Its files, which must be synced, appear at once. A directory that has the name is exchanged for
  // this one and removed with its files: it must hold nothing else. Throws FileError.
  void take_place();

 private:
  void remove() const noexcept;
  void remove_abandoned() const noexcept;

  std::filesystem::path target_;
  std::filesystem::path temporary_;
  std::optional<Directory> directory_;
};

}  // namespace cnn
