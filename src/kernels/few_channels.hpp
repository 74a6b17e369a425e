// Convolution of images of one to four channels (a network's first layer) without a column matrix:
// with so few taps, building it takes as long as multiplying by it. For stride 1 and square kernels
// of 3 or 5 pixels.
//
// Legend: F kernels (`count`), C input channels, K kernel, OH·OW output.

#pragma once

#include <cstddef>

#include "base/view.hpp"
#include "kernels/im2col.hpp"
#include "kernels/output_range.hpp"

namespace cnn::few_channels {

bool applies(const Window& window);

// Reals of scratch that the functions below need.
std::size_t scratch(const Window& window);

// Kernels that are computed together, at most.
inline constexpr int kTogether = 8;

// packed ← Wᵀ
void pack(ConstMatrix weight, Real* packed);
// y ← W ⋆ x + b of one sample, held to a range, for `count` kernels. x: (C, H, W); packed: the
// elements of the first of them in a matrix (C·K·K, `step`) of all; bias: (count) or empty; y:
// (count, OH, OW).
void forward(const Window& window, int count, CView x, const Real* packed, int step, CView bias,
             View y, View scratch, const OutputRange& range = {});
// dweight += ∂J/∂W of one sample.
void add_dweight(const Window& window, CView x, CView dy, Matrix dweight, View scratch);

}  // namespace cnn::few_channels
