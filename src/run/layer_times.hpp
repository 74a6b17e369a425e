// layers.csv: how long each layer of a run took, measured at its end. A row per layer: its name,
// and the microseconds of one image on one thread, forward and backward.

#pragma once

#include <vector>

#include "base/file.hpp"
#include "nn/layer_clock.hpp"

namespace cnn {

// Throws FileError.
void write_layer_times(const FilePlace& place, const std::vector<LayerTime>& times);

// In the order of the file; none if it is not there. Throws FileError for what is no such file, and
// for one larger than 16 MiB.
std::vector<LayerTime> read_layer_times(const FilePlace& place);

}  // namespace cnn
