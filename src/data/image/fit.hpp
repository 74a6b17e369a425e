// Pictures of any size to one size.

#pragma once

#include <array>
#include <cstdint>

#include "cnn/image.hpp"
#include "cnn/shape.hpp"

#include "data/image/reduced_image.hpp"

namespace cnn {

enum class Fit {
  crop,     // scaled to cover the size, its proportions kept, the middle of what is too long
  pad,      // scaled to fit into the size, its proportions kept, in the middle of the background
  stretch,  // scaled on each axis alone
};

// What Pillow's ImageOps.fit, ImageOps.pad and Image.resize give with BILINEAR: each new pixel is
// the mean of the old ones within one new pixel's distance, less the farther they are, so that
// nothing is skipped where the picture shrinks. A picture that has the size stays as it is.
// `background` is red, green, blue; a grey picture takes the first. Requires a size of at least
// 1x1.
Image fitted(const Image& image, Size2 size, Fit fit,
             const std::array<std::uint8_t, 3>& background = {});

// The same of a picture decoded at a smaller scale.
Image fitted(const ReducedImage& picture, Size2 size, Fit fit,
             const std::array<std::uint8_t, 3>& background = {});

}  // namespace cnn
