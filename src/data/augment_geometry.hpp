// Where the pixels of a distorted image come from.
//
// Legend: C channels, H rows, W columns. x counts columns to the right, y rows downwards, in
// pixels; the image's middle is ((W − 1)/2, (H − 1)/2).

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cnn/shape.hpp"

#include "base/view.hpp"
#include "data/augment_options.hpp"

namespace cnn {

// One sample's geometry, elastic apart: about the image's middle it is flipped, turned by quarters,
// scaled, sheared (x ← x + shear·y) and rotated, in this order, then shifted.
struct Distortion {
  int shift_x = 0;  // pixels
  int shift_y = 0;
  double angle = 0;  // radians, from the x to the y axis: clockwise to the eye
  double scale_x = 1;
  double scale_y = 1;
  double shear = 0;
  bool flip = false;           // left and right
  bool flip_vertical = false;  // top and bottom
  int quarters = 0;            // 0 … 3, clockwise to the eye
};

// Are pixels only copied to other places?
bool only_moves(const Distortion& distortion);

// Pixel (x, y) of a distorted copy comes from column u = ux·x + uy·y + u0 and row v = vx·x + vy·y +
// v0 of the image.
struct InverseMap {
  double ux = 1, uy = 0, u0 = 0;
  double vx = 0, vy = 1, v0 = 0;
};
InverseMap inverse_map(const Distortion& distortion, const Shape& shape);

// Copies each pixel from where the map of a distortion says that only moves pixels. pixels, image:
// (C, H, W). Assigns image.
void move_pixels(std::span<const std::uint8_t> pixels, const Shape& shape, const InverseMap& map,
                 Fill fill, View image);

// How far from (u, v) a pixel's source lies besides.
struct Displacements {
  const Real* dx;  // (H, pitch)
  const Real* dy;  // (H, pitch)
  std::size_t pitch;
};

// Elements of the memory in which warp_pixels works: (H + 3, W + 3). Zeros at first.
std::size_t warp_size(const Shape& shape);

// Each pixel is the bilinear interpolation of the four around its source. pixels, image: (C, H, W).
// Assigns image; `work` has warp_size(shape) elements and serves images of one shape and one fill.
void warp_pixels(std::span<const std::uint8_t> pixels, const Shape& shape, const InverseMap& map,
                 const Displacements& displacements, Fill fill, std::span<Real> work, View image);

}  // namespace cnn
