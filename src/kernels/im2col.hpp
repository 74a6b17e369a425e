// The geometry of a sliding window, and the two copies that turn a convolution into a matrix
// product.
//
// Legend: C channels, KH·KW kernel, P = OH·OW output positions.

#pragma once

#include <string>

#include "cnn/shape.hpp"

#include "base/view.hpp"

namespace cnn {

// A kernel sliding over an image: conv and pool share it. Immutable once made.
struct Window {
  Shape input;
  Size2 kernel;
  Size2 stride;
  Size2 pad;
  Size2 dilation;  // from tap to tap of the kernel
  Size2 output;

  int positions() const { return output.height * output.width; }
  // C·KH·KW
  int patch() const { return input.channels * kernel.height * kernel.width; }
};

// When strides do not divide the image evenly: floor ignores the rest; ceil adds one window that
// overhangs the edge, unless it would start past the last pixel.
enum class Rounding { floor, ceil };

// output = floor((input + 2·pad − extent) / stride) + 1, in each direction, or with ceil instead,
// where extent = dilation·(kernel − 1) + 1. Throws ShapeError if that is larger than the padded
// input, or if a size passes 2^30.
Window make_window(const Shape& input, Size2 kernel, Size2 stride, Size2 pad,
                   Size2 dilation = {1, 1}, Rounding rounding = Rounding::floor);

// "drops the last row of its input …" if the stride leaves rows or columns that no window covers,
// else empty.
std::string dropped_notice(const Window& window);

// Rows first … last-1 of the output: a part of the column matrix small enough for a cache.
struct OutputRows {
  int first;
  int last;
};

// x: (C, H, W), one sample → column: (C·KH·KW, P) for the P positions of these output rows, zeros
// where the window lies on padding. Assigns all of column.
void im2col(const Window& window, OutputRows rows, CView x, View column);

// The adjoint: adds dcolumn: (C·KH·KW, P) into dx: (C, H, W); what lies on padding is dropped.
void add_col2im(const Window& window, OutputRows rows, CView dcolumn, View dx);

}  // namespace cnn
