// add: the element-wise sum of two or more inputs of one shape, named by `from:`.

#pragma once

#include "nn/layer.hpp"

namespace cnn {

// y = Σ_k x_k. No options, no parameters.
class Add final : public LayerOf<Add> {
 public:
  void options(OptionVisitor&) override {}
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;
};

}  // namespace cnn
