// From bytes to the network's input.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cnn/dataset.hpp"

#include "base/view.hpp"
#include "data/selection.hpp"

namespace cnn {

// x = scale_c · (pixel − mean_c) for channel c. Kept with the model, so that training, evaluation
// and prediction agree.
struct Preprocessing {
  std::vector<double> mean;   // one value per channel
  std::vector<double> scale;  // one value per channel

  bool operator==(const Preprocessing&) const = default;
};

// `normalize: auto`: each channel's mean and 1/deviation (of the population) over the selected
// images; a channel that never varies gets the scale 1. Throws ArgumentError if nothing is
// selected, or an image that is not there.
Preprocessing measure_preprocessing(const Dataset& dataset, const Selection& selection);

// Preprocessing as a table of the 256 values a byte can take. Immutable; any thread may use it.
class PixelTable {
 public:
  // For images of `shape`. Throws ShapeError unless it has as many channels as `preprocessing`.
  PixelTable(const Preprocessing& preprocessing, const Shape& shape);

  const Shape& shape() const { return shape_; }

  // pixels: (C, H, W) of one image → x: the same shape. Assigns all of x. Throws ShapeError if
  // either has another size; prepare_image makes pixels of this shape of any picture.
  void apply(std::span<const std::uint8_t> pixels, View x) const;
  // The same in place. x holds pixel values at first, which may lie between those of bytes.
  void apply(View x) const;

 private:
  Preprocessing preprocessing_;
  Shape shape_;
  std::size_t plane_;        // H·W
  std::vector<Real> table_;  // (C, 256)
};

}  // namespace cnn
