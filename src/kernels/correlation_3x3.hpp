// The correlation of a plane with a kernel of 3x3 pixels and a pad of one, at every pixel or at
// every second: what most depthwise convolutions are. It reads the plane itself; the zeros beside
// its edges are made in registers.

#pragma once

#include <cstddef>

#include "base/view.hpp"
#include "kernels/im2col.hpp"
#include "kernels/output_range.hpp"

namespace cnn {

// y[i, j] = bias + Σ weight[k, l]·x[stride·i + k − 1, stride·j + l − 1], the elements of the kernel
// in their order, held to a range. Turned: by the kernel rotated by 180 degrees,
// weight[2 − k, 2 − l], whose elements are still taken in the order of `weight`.
struct Correlation3x3 {
  int height;  // of x
  int width;
  int stride;  // 1 or 2
  bool turned;
  int rows;  // of y
  int columns;
  const Real* zeros;  // a row of them, as wide as x
  OutputRange range = {};

  // For windows over one channel: does it apply, and is it faster than what needs copies?
  static bool pays(const Window& window);

  // Planes one behind the other, plane p by kernel p mod `kernels`. x: (planes, height, width);
  // weight: (kernels, 3, 3); bias: (kernels) or null; assigns y: (planes, rows, columns).
  void run(std::size_t planes, std::size_t kernels, const Real* x, const Real* weight,
           const Real* bias, Real* y) const;
};

}  // namespace cnn
