// conv: a bank of kernels slid over the image, with the same weights everywhere.
//
// Legend: F kernels (`count`), C input channels, KH·KW kernel, OH·OW output, P = OH·OW positions, G
// groups, each of C/G channels and F/G kernels.

#pragma once

#include "kernels/im2col.hpp"
#include "kernels/winograd.hpp"
#include "nn/layer.hpp"

namespace cnn {

// y_f = Σ_c x_c ⋆ W_fc + b_f, where ⋆ is correlation (what the field calls convolution), run as the
// matrix product
//   y (F, P) = W (F, C·KH·KW) · im2col(x) (C·KH·KW, P) + b.
// With G > 1 the sum goes over the channels of f's group alone: each group is a convolution by
// itself (with G = C a depthwise one). With a dilation of d the taps of a kernel lie d pixels
// apart. Parameters: weight (F, C/G, KH, KW), bias (F) unless bias: false. Output F x OH x OW.
class Convolution final : public LayerOf<Convolution> {
 public:
  void options(OptionVisitor& visitor) override;
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;

  // The same kernels, unplanned, beside a bias.
  Convolution with_bias() const;

 private:
  Shape group_of(const Shape& input) const;
  int filters() const { return static_cast<int>(count_ / groups_); }  // of a group
  // A group's part of the weights, (F/G, C/G·KH·KW), and of the biases, (F/G); of the gradients,
  // too.
  template <typename T>
  BasicMatrix<T> weight_of(std::size_t group, std::span<T> weight) const;
  template <typename T>
  std::span<T> bias_of(std::size_t group, std::span<T> bias) const;
  int rows_of_a_panel() const;
  template <typename Panel>
  void for_panels(const Panel& panel) const;
  // The columns of im2col(x) for these rows, in scratch; x itself where that is the same (1x1
  // kernels without stride and padding, which make one panel).
  ConstMatrix column(OutputRows rows, CView x, View scratch) const;
  // The same columns of a group's y or dy: (F/G, P).
  template <typename T>
  BasicMatrix<T> positions_of(OutputRows rows, std::span<T> y) const;

  std::int64_t count_ = 0;
  Size2 kernel_;
  Size2 stride_{1, 1};
  Size2 pad_{0, 0};
  std::int64_t groups_ = 1;
  Size2 dilation_{1, 1};
  bool bias_ = true;

  Window window_;  // over the channels of a group
  bool pointwise_ = false;
  bool by_winograd_ = false;
  bool of_few_channels_ = false;
  Winograd winograd_;
  int panel_rows_ = 0;
};

}  // namespace cnn
