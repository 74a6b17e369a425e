// Scaling of one channel, with antialiasing.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cnn/shape.hpp"

namespace cnn {

// Each axis on its own: where it shrinks, a new pixel is the mean of the area it covers (a box
// filter, so that the mean of the whole is kept); where it grows, it is interpolated linearly
// between the old pixels' centres. `pixels` is (from.height, from.width), the result (to.height,
// to.width), 0 … 255, not yet rounded.
std::vector<double> resample(std::span<const std::uint8_t> pixels, Size2 from, Size2 to);

}  // namespace cnn
