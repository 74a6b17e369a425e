// What a training set looks like, as far as pictures from elsewhere must be made to look alike.
//
// Positions are counted as MNIST does, whose digits have their centre of mass at row 14.0 and
// column 14.0 of 28 on average (measured): the middle of W pixels numbered 0 … W−1 is W/2.

#pragma once

#include <cstdint>
#include <span>

#include "cnn/dataset.hpp"
#include "cnn/shape.hpp"

#include "data/selection.hpp"

namespace cnn {

// The drawings on the images of a centred set, light on dark. An image whose drawing is outside
// these ranges is not one of the set.
struct DrawingStatistics {
  double off_centre = 0;  // largest distance of a centre of mass from the middle, on either axis
  int shortest = 0;       // range of the longer sides of what is drawn, in pixels
  int longest = 0;
  int faintest = 0;     // smallest of the images' brightest levels
  double thinnest = 0;  // 1 of 100 drawings has thinner strokes (strokes.hpp), in pixels
  double thickest = 0;  // 1 of 100 has thicker ones

  bool operator==(const DrawingStatistics&) const = default;
};

// Kept with the model. The defaults stand for a set of which nothing is known: with them, no
// picture is ever inverted or centred.
struct ImageStatistics {
  // Smallest and largest mean of any image's outermost ring of pixels, 0 … 255.
  double border_low = 0;
  double border_high = 255;
  // One channel, empty borders, centre of mass in the middle: digits as MNIST's.
  bool centred = false;
  // If centred: the median of the longer side of the drawn part, in pixels (MNIST: 20), and more of
  // what is drawn.
  int box = 0;
  DrawingStatistics drawings = {};

  bool operator==(const ImageStatistics&) const = default;
};

// Which end of 0 … 255 the images of a set have behind what they show.
enum class Background { dark, light, unknown };

// Known only if no image's border comes near the middle.
Background background(const ImageStatistics& statistics);

// The least level, of 0 … 255 with the background at 0, at which a pixel counts as drawn.
inline constexpr int kDrawn = 32;

// Mean of the outermost ring of pixels, over all channels. `pixels` is (C, H, W).
double border_mean(std::span<const std::uint8_t> pixels, const Shape& shape);

// Whether the image, of one channel, could be one of the set: its drawing lies where theirs do, and
// is as large and as bright, within a quarter of a pixel, two pixels and 32 levels. (All of MNIST's
// test images are.) False for a set that is not centred, of which nothing is known.
bool is_like(const ImageStatistics& statistics, std::span<const std::uint8_t> pixels,
             const Shape& shape);

// Over the selected images; the defaults if there are none.
ImageStatistics measure_images(const Dataset& dataset, const Selection& selection);

}  // namespace cnn
