// concat: the channels of two or more inputs of one height and width, one after the other, named by
// `from:`.

#pragma once

#include <vector>

#include "nn/layer.hpp"

namespace cnn {

// Output (Σ_k C_k) x H x W. No options, no parameters.
class Concat final : public LayerOf<Concat> {
 public:
  void options(OptionVisitor&) override {}
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;

 private:
  std::size_t output_size_ = 0;           // values of a sample
  std::vector<std::size_t> input_sizes_;  // values of a sample
};

}  // namespace cnn
