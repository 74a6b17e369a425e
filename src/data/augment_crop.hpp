// A part of a picture, scaled to the size of an image: torchvision's RandomResizedCrop.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cnn/shape.hpp"

#include "base/random.hpp"
#include "base/view.hpp"
#include "data/augment_options.hpp"

namespace cnn {

struct CropBox {
  std::size_t top = 0;
  std::size_t left = 0;
  std::size_t height = 0;
  std::size_t width = 0;
};

// Draws a share of the picture's area, uniformly, and an aspect whose logarithm is uniform; then a
// place. A box that does not fit into the picture is drawn anew; after ten of them it is the
// largest one in the middle whose aspect is in the range. `result` is the size that the box will be
// scaled to; at an aspect of 1 that keeps the proportions of what is seen. Takes the blocks
// first_block … first_block + 9 of `random`.
CropBox draw_crop(const CropOptions& options, Size2 picture, Size2 result, const Random& random,
                  std::uint64_t first_block);

// Scales boxes of pictures of one size to images of one size, as Pillow's crop(box) and resize(…,
// BILINEAR), but rounded once: each new pixel is the mean of the old ones within one new pixel's
// distance (at least one old pixel's), less the farther they are. Holds memory to work in: one for
// each thread. Allocates nothing after it is made.
class CropScaler {
 public:
  CropScaler(Size2 picture, Size2 result);

  // pixels: (C, picture), image: (C, result). Assigns image. The box lies within the picture.
  void scale(std::span<const std::uint8_t> pixels, const CropBox& box,
             std::span<std::uint8_t> image);

  // Bytes of one.
  static std::size_t bytes(Size2 picture, Size2 result);

 private:
  // New pixel i = Σ_k weights[k·count + i] · old pixel first[i] + k.
  struct Axis {
    std::size_t count;  // of new pixels
    std::size_t taps;   // the most that one takes
    std::vector<std::int32_t> first;
    std::vector<Real> weights;  // (taps, count)
  };
  static Axis axis_of(int from, int to);
  static std::size_t most_taps(int from, int to);
  // At `length` old pixels, of which there is nothing beyond.
  static void aim(std::size_t length, Axis& axis);

  std::size_t height_;  // of the picture
  std::size_t width_;
  Axis columns_;
  Axis rows_;
  std::vector<Real> line_;    // (width + taps), a row of the picture and zeros behind it
  std::vector<Real> narrow_;  // (height, columns), the box's rows
  std::vector<Real> sum_;     // (columns)
};

}  // namespace cnn
