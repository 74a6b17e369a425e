// The rows of a metrics.csv.

#pragma once

#include <vector>

#include "cnn/training_observer.hpp"

#include "base/file.hpp"

namespace cnn {

// In the order of the file; none if it is not there. A loss may be no finite number: that run
// diverged. Throws FileError for what is no such file, and for one larger than 256 MiB.
std::vector<EpochMetrics> read_metrics(const FilePlace& place);

}  // namespace cnn
