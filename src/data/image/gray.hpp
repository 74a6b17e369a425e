// One channel of a picture: what the search for a drawing works on.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cnn/image.hpp"
#include "cnn/shape.hpp"

namespace cnn {

struct Gray {
  Size2 size;
  std::vector<std::uint8_t> levels;  // (H, W), 0 … 255

  std::size_t height() const { return static_cast<std::size_t>(size.height); }
  std::size_t width() const { return static_cast<std::size_t>(size.width); }
  std::uint8_t at(std::size_t y, std::size_t x) const { return levels[y * width() + x]; }
  int longer_side() const { return size.height > size.width ? size.height : size.width; }
};

Gray inverse(Gray gray);

// Rows become columns.
Gray transpose(const Gray& gray);

// Requires that the box lies within the picture.
Gray cut_out(const Gray& gray, const Box& box);

// Each pixel is the mean of factor x factor; at the right and at the bottom of what there is.
Gray reduce(const Gray& gray, int factor);

// The factor of `reduce` that brings the longer side to `most` or below.
int reduction(const Gray& gray, int most);

// The mean of the 3x3 pixels around each; at the border of those that there are.
Gray smooth(const Gray& gray);

}  // namespace cnn
