// Convolution with kernels of one pixel: a product of matrices, whose columns are taken from the
// planes and given back to them a few at a time, whatever the stride and the size of the planes.
//
// Legend: n samples, C·H·W input, F kernels (`count`), OH·OW output.

#pragma once

#include <cstddef>

#include "base/view.hpp"
#include "kernels/im2col.hpp"
#include "kernels/output_range.hpp"

namespace cnn {

// The bits of an output depend on nothing but the pixels of its window. Immutable once made.
class Pointwise {
 public:
  // Is it a convolution with kernels of one pixel, without padding, of a size for which this is
  // faster than BLAS?
  static bool pays(const Window& window, int count);

  Pointwise() = default;
  Pointwise(const Window& window, int count);

  // Reals of scratch that the functions below need.
  std::size_t scratch() const;

  // y ← W·x + b, held to a range. x: (n, C, H, W); weight: (F, C); bias: (F) or empty; y: (n, F,
  // OH, OW).
  void forward(std::size_t n, CView x, CView weight, CView bias, View y, View scratch,
               const OutputRange& range = {}) const;
  // The same of one sample for some kernels: weight, bias and y are their parts.
  void forward_some(std::size_t filters, CView x, CView weight, CView bias, View y, View scratch,
                    const OutputRange& range) const;
  // Assigns dx = Wᵀ·dy.
  void dx(std::size_t n, CView dy, CView weight, View dx, View scratch) const;

  // Planes, and where the windows stand on them.
  struct Planes {
    std::size_t count;
    std::size_t size;
    std::size_t row_step;
    std::size_t column_step;
  };

 private:
  Planes x_{};
  Planes y_{};
  std::size_t columns_ = 0;    // windows side by side
  std::size_t positions_ = 0;  // windows of a sample
};

}  // namespace cnn
