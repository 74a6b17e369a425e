// leaky_relu: a relu that lets a part of what is negative through (Maas, Hannun, Ng 2013).

#pragma once

#include "nn/layer.hpp"

namespace cnn {

// f(z) = z where z > 0, slope·z elsewhere; f'(z) = 1 where z > 0, else slope. No parameters; the
// output has the input's shape. A NaN stays NaN.
class LeakyRelu final : public LayerOf<LeakyRelu> {
 public:
  void options(OptionVisitor& visitor) override;
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;

 private:
  double slope_ = 0.01;
};

}  // namespace cnn
