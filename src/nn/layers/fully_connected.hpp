// fc: every output is a weighted sum of all inputs.
//
// Legend: n samples, I = C·H·W inputs of a sample in channel-row-column order, O outputs (`count`).

#pragma once

#include "nn/layer.hpp"

namespace cnn {

// y (n, O) = x (n, I) · Wᵀ + b, the lecture's z = W·a + b for each sample.
// Parameters: weight (O, I), bias (O) unless bias: false. Output O x 1 x 1.
class FullyConnected final : public LayerOf<FullyConnected> {
 public:
  void options(OptionVisitor& visitor) override;
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;

  // The same sums, unplanned, beside a bias.
  FullyConnected with_bias() const;

 private:
  std::int64_t count_ = 0;
  bool bias_ = true;

  int input_size_ = 0;
};

}  // namespace cnn
