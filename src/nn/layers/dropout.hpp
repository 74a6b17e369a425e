// dropout: in training, each value is set to zero with probability `rate` and the others are
// divided by 1 − rate, so that the expectation stays (Srivastava et al. 2014, "inverted"). In
// evaluation it passes everything through.

#pragma once

#include "nn/layer.hpp"

namespace cnn {

// No parameters; the output has the input's shape. Which values go is a function of (seed, step,
// layer, sample).
class Dropout final : public LayerOf<Dropout> {
 public:
  void options(OptionVisitor& visitor) override;
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;

 private:
  double rate_ = 0.5;

  std::size_t size_ = 0;  // values of a sample
};

}  // namespace cnn
