// What can be seen of one image of a data set, before anything is made of it.

#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "cnn/shape.hpp"

namespace cnn {

struct ImageLook {
  std::string file;   // its path; empty in an array of images
  std::string fault;  // why it cannot be used; what is below holds nothing then
  std::uint16_t label = 0;
  Shape shape;
  bool gray = true;  // every pixel has R = G = B
  // A hash of 128 bits: the same for the same pixels, however the file keeps them.
  std::array<std::uint64_t, 2> hash = {};
  // Means over the image, and over its middle quarter: of red - green, of red + green - 2 blue, and
  // of the largest less the smallest of the three. 0 where it has no colours.
  std::array<float, 6> tints = {};

  // 0x0 if it cannot be used.
  Size2 size() const { return fault.empty() ? Size2{shape.height, shape.width} : Size2{}; }
};

// Its shape, colour and hash. pixels: (C, H, W). Gray pixels in three channels have the hash of
// one.
ImageLook look_at(const Shape& shape, std::span<const std::uint8_t> pixels);

}  // namespace cnn
