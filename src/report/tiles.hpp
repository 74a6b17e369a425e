// Many small pictures of one size in one: kernels, feature maps, samples.

#pragma once

#include <array>
#include <cstddef>

#include "cnn/image.hpp"

#include "base/view.hpp"

namespace cnn::report {

// Row after row, with a line between them.
class Tiles {
 public:
  Tiles(std::size_t count, std::size_t columns, Size2 size);

  // The next one, of values from 0 to 255: (C, H, W), of 1 or 3 channels; of others the first.
  void add_levels(CView values, std::size_t channels);
  // The next one, of signed values (H, W): white is 0, blue −largest, amber +largest.
  void add_signed(CView values, Real largest);

  const Image& image() const { return image_; }

 private:
  void put(std::size_t y, std::size_t x, std::array<double, 3> colour);

  Size2 size_;
  std::size_t columns_;
  std::size_t done_ = 0;
  Image image_;
};

// The largest absolute value that is finite; 0 if there is none.
Real largest_of(CView values);

}  // namespace cnn::report
