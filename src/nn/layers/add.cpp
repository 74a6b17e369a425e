#include "nn/layers/add.hpp"

#include <algorithm>

#include "cnn/error.hpp"

#include "kernels/hold.hpp"

namespace cnn {
namespace {

// y = a + b, held to a range; y may be a.
CNN_INLINE
void add_held(const Real* a, const Real* b, const OutputRange& range, std::size_t count, Real* y) {
  for (std::size_t i = 0; i < count; ++i) y[i] = held_to(range, a[i] + b[i]);
}

class Add final : public LayerOf<Add> {
 public:
  void options(OptionVisitor&) override {}
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;
  std::unique_ptr<Layer> with_range(const OutputRange& range) const override;

 private:
  OutputRange range_;
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
  plan.channel_cut = ChannelCut::own;
  plan.forward_in_place = true;
  plan.backward_in_place = true;
  plan.is_linear = true;
  return plan;
}

// y = Σ_k x_k
void Add::forward(const ForwardArgs& args) const {
  const std::size_t last = args.inputs.size() - 1;
  const Real* sum = args.inputs[0].data();
  for (std::size_t k = 1; k <= last; ++k) {
    vectorized<add_held>(sum, args.inputs[k].data(), k == last ? range_ : OutputRange{},
                         args.output.size(), args.output.data());
    sum = args.output.data();
  }
}

std::unique_ptr<Layer> Add::with_range(const OutputRange& range) const {
  auto copy = std::make_unique<Add>(*this);
  copy->range_ = range;
  return copy;
}

// Forward was y = Σ_k x_k, so every dx_k = dy.
void Add::backward(const BackwardArgs& args) const {
  for (const View dx : args.dinputs) {
    const bool is_dy = dx.data() == args.doutput.data();
    if (!dx.empty() && !is_dy) std::copy(args.doutput.begin(), args.doutput.end(), dx.begin());
  }
}

std::unique_ptr<Layer> make_add() {
  return std::make_unique<Add>();
}

}  // namespace cnn
