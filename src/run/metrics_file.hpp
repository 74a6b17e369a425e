// metrics.csv: held in memory, rewritten as a whole and atomically with each row. Used by one
// thread.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cnn/training_observer.hpp"

namespace cnn {

class MetricsFile {
 public:
  explicit MetricsFile(std::filesystem::path path) : path_(std::move(path)) {}

  // Takes over the rows of an existing file up to `step`, when a run is resumed.
  void keep_until(std::uint64_t step);
  // Throws FileError.
  void append(const EpochMetrics& row);

 private:
  std::filesystem::path path_;
  std::vector<std::string> rows_;
};

}  // namespace cnn
