#include "nn/layers/add.hpp"

#include <algorithm>

#include "cnn/error.hpp"

#include "kernels/blas.hpp"

namespace cnn {
namespace {

class Add final : public LayerOf<Add> {
 public:
  void options(OptionVisitor&) override {}
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;
};

}  // namespace

LayerPlan Add::plan(std::span<const Shape> inputs) {
  if (inputs.size() < 2) throw ShapeError("needs two or more inputs: from: [a, b]");
  for (const Shape& input : inputs) {
    if (input != inputs.front()) {
      throw ShapeError("inputs must have the same shape, got " + to_string(inputs.front()) +
                       " and " + to_string(input));
    }
  }
  LayerPlan plan;
  plan.output = inputs.front();
  plan.is_linear = true;
  return plan;
}

// y = Σ_k x_k
void Add::forward(const ForwardArgs& args) const {
  std::copy(args.inputs[0].begin(), args.inputs[0].end(), args.output.begin());
  for (const CView x : args.inputs.subspan(1)) add_into(x, args.output);
}

// Forward was y = Σ_k x_k, so every dx_k = dy.
void Add::backward(const BackwardArgs& args) const {
  for (const View dx : args.dinputs) {
    if (!dx.empty()) std::copy(args.doutput.begin(), args.doutput.end(), dx.begin());
  }
}

std::unique_ptr<Layer> make_add() {
  return std::make_unique<Add>();
}

}  // namespace cnn
