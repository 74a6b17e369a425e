// Distances within a picture of two kinds of pixels.

#pragma once

#include <cstdint>
#include <vector>

#include "cnn/shape.hpp"

namespace cnn {

// For each pixel of (H, W) the distance, in pixels, from its centre to that of the nearest pixel
// whose mask is not 0 (Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions",
// 2012: exact, in time proportional to the pixels). Far more than the picture's size if there is
// none.
std::vector<float> distances_to(const std::vector<std::uint8_t>& mask, Size2 size);

}  // namespace cnn
