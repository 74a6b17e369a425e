// metrics.csv: one row per epoch, each appended and secured by itself, so that the ten millionth
// costs what the first does. Used by one thread.

#pragma once

#include <cstdint>
#include <optional>

#include "cnn/training_observer.hpp"

#include "base/file.hpp"

namespace cnn {

class MetricsFile {
 public:
  // The bytes of the header and of the rows up to `step`; 0 if the file is not there. Looks at one
  // block at a time: the file may be of any size. Throws FileError.
  static std::uint64_t bytes_until(const FilePlace& place, std::uint64_t step);

  // The first row appended comes behind so many bytes of the file; without this it begins anew.
  // Until then, or a cut, the file stays as it is.
  void keep(std::uint64_t bytes) { kept_ = bytes; }
  // Opens the file anew for each row: somebody may have replaced or removed it. Throws FileError;
  // the rows before are then still there.
  void append(const FilePlace& place, const EpochMetrics& row);
  // Removes now what is not kept. Throws FileError.
  void cut(const FilePlace& place);

 private:
  void keep_in(AppendedFile& file);

  std::optional<std::uint64_t> kept_ = 0;  // until the first row
};

}  // namespace cnn
