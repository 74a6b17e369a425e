// What a training set looks like, as far as pictures from elsewhere must be made to look alike.
//
// Places are counted as MNIST does, whose digits have their centre of mass at row 14.0 and
// column 14.0 of 28 on average (measured): the middle of W pixels numbered 0 … W−1 is W/2.

#pragma once

#include <cstdint>
#include <span>

#include "cnn/dataset.hpp"
#include "cnn/shape.hpp"

namespace cnn {

// Kept with the model. The defaults say nothing: no picture is ever inverted or centred on their
// account.
struct ImageStatistics {
  // Smallest and largest mean of any image's outermost ring of pixels, 0 … 255.
  double border_low = 0;
  double border_high = 255;
  // One channel, empty borders, centre of mass in the middle: digits as MNIST's.
  bool centred = false;
  // If centred: the median of the longer side of the drawn part, in pixels (MNIST: 20).
  int box = 0;

  bool operator==(const ImageStatistics&) const = default;
};

// Which end of 0 … 255 the images of a set have behind what they show.
enum class Background { dark, light, unknown };

// Known only if no image's border comes near the middle.
Background background(const ImageStatistics& statistics);

// From here on, of 0 … 255 with the background at 0, a pixel counts as drawn.
inline constexpr int kDrawn = 32;

// Mean of the outermost ring of pixels, over all channels. `pixels` is (C, H, W).
double border_mean(std::span<const std::uint8_t> pixels, const Shape& shape);

// Over the selected images; the defaults if there are none.
ImageStatistics measure_images(const Dataset& dataset, const Selection& selection);

}  // namespace cnn
