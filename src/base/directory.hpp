// Directory: one that is open. What is done in it is done there wherever it is moved meanwhile,
// and whatever else has taken its name.

#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.hpp"

namespace cnn {

// Owns the descriptor, and with it the lock. Movable. Used by one thread at a time.
class Directory {
 public:
  // Throws FileError if it is not there or is no directory; if the place is in an open directory,
  // also for a link to one.
  explicit Directory(const FilePlace& place);
  ~Directory();
  Directory(Directory&& other) noexcept;
  Directory& operator=(Directory&&) = delete;

  // The file of that name in it; messages call it `shown`.
  FilePlace at(const std::string& name) const { return at(name, path_ / name); }
  FilePlace at(const std::string& name, const std::filesystem::path& shown) const;
  // In no order. Throws FileError.
  std::vector<std::string> names() const;

  // Keeps other processes from locking it until this object or the process ends, however that ends.
  // False if another one has, and keeps it for about as long as `patience`. A file system without
  // locks is not locked.
  bool lock(std::chrono::milliseconds patience = {});
  // Does the path still lead here?
  bool is_at(const std::filesystem::path& path) const;
  // Where it is now; empty if that cannot be known, or nowhere any more.
  std::filesystem::path present_path() const;

  // Makes or removes a directory in it. Throws FileError; nothing happens if the one to be removed
  // is not there.
  void make(const std::string& name) const;
  void remove_directory(const std::string& name) const;
  // Secures names against a power cut. Throws FileError.
  void sync() const;

 private:
  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace cnn
