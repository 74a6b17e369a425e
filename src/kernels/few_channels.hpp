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
std::size_t scratch(const Window& window, int count);

// y ← W ⋆ x + b of one sample, held to a range. x: (C, H, W); weight: (F, C·K·K); bias: (F) or
// empty; y: (F, OH, OW).
void forward(const Window& window, CView x, ConstMatrix weight, CView bias, View y, View scratch,
             const OutputRange& range = {});
// dweight += ∂J/∂W of one sample.
void add_dweight(const Window& window, CView x, CView dy, Matrix dweight, View scratch);

}  // namespace cnn::few_channels
