// conv: a bank of kernels slid over the image, with the same weights everywhere.
//
// Legend: F kernels (`count`), C input channels, KH·KW kernel, OH·OW output, P = OH·OW positions, G
// groups, each of C/G channels and F/G kernels.

#pragma once

#include <memory>

#include "nn/layer.hpp"

namespace cnn {

// y_f = Σ_c x_c ⋆ W_fc + b_f, where ⋆ is correlation (what the field calls convolution), run as the
// matrix product
//   y (F, P) = W (F, C·KH·KW) · im2col(x) (C·KH·KW, P) + b.
// With G > 1 the sum goes over the channels of f's group alone: each group is a convolution by
// itself (with G = C a depthwise one). With a dilation of d the taps of a kernel lie d pixels
// apart. Parameters: weight (F, C/G, KH, KW), bias (F) unless bias: false. Output F x OH x OW.
std::unique_ptr<Layer> make_convolution();

}  // namespace cnn
