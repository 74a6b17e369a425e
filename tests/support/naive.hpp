// References: the definitions as plain loops in double, one sample at a time, sharing no code with
// the library.
//
// Legend: C channels, H·W image, F kernels, KH·KW kernel, OH·OW output, G groups.

#pragma once

#include <cstddef>

#include "cnn/shape.hpp"

#include "support/values.hpp"

namespace cnn::naive {

// A kernel sliding over an image.
struct Slide {
  Shape input;
  Size2 kernel;
  Size2 stride{1, 1};
  Size2 pad{0, 0};
  bool ceil = false;     // may the last window overhang the padded image?
  Size2 dilation{1, 1};  // from tap to tap of the kernel
  int groups = 1;        // kernels of group g read the channels of group g alone
};

// From the first to the last tap of the kernel, and what lies between.
Size2 extent(const Slide& slide);

// How many places the kernel takes in each direction, counted by sliding it. One that overhangs
// does so to reach the last row or column, and begins within the image.
Size2 positions(const Slide& slide);

// x: (C, H, W), weight: (F, C/G, KH, KW), bias: (F) → (F, OH, OW):
//   y_f(oy, ox) = b_f + Σ_c Σ_ky Σ_kx W_fc(ky, kx) · x_c(oy·stride + ky·dilation − pad,
//   ox·stride + kx·dilation − pad),   c of f's group, x = 0 outside.
Values convolve(const Slide& slide, const Values& x, const Values& weight, const Values& bias);

// The derivatives of Σ dy·y by that definition: every product of the sum hands dy to both of its
// factors.
struct ConvolutionGradients {
  Values dx, dweight, dbias;
};
ConvolutionGradients convolve_backward(const Slide& slide, const Values& x, const Values& weight,
                                       const Values& dy);

// dx as the lecture has it: δ with stride − 1 zeros between its elements, zero-padded by kernel −
// 1, and the kernel, rotated by 180°, slid over it; what falls on padding is dropped. A dilated
// kernel is one with dilation − 1 zeros between its taps.
Values textbook_dx(const Slide& slide, const Values& weight, const Values& dy);

// x: (C, H, W) → (C, OH, OW). Padding holds no pixels.
Values max_pool(const Slide& slide, const Values& x);
Values mean_pool(const Slide& slide, const Values& x);
// dy → dx; a maximum hands it to the first of the largest in row order, a mean to all in equal
// shares.
Values max_pool_backward(const Slide& slide, const Values& x, const Values& dy);
Values mean_pool_backward(const Slide& slide, const Values& dy);

// x: (I), weight: (O, I), bias: (O) → (O)
Values fully_connected(const Values& x, const Values& weight, const Values& bias);

double relu(double z);
double sigmoid(double z);

// J of one sample: −log softmax(z)_label, and ½ ‖h − y‖² for the one-hot y.
double softmax_cross_entropy(const Values& z, std::size_t label);
double euclidean(const Values& h, std::size_t label);

}  // namespace cnn::naive
