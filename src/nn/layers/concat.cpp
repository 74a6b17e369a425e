#include "nn/layers/concat.hpp"

#include <algorithm>
#include <vector>

#include "cnn/error.hpp"

#include "nn/layers/limits.hpp"

namespace cnn {
namespace {

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

}  // namespace

LayerPlan Concat::plan(std::span<const Shape> inputs) {
  if (inputs.size() < 2) throw ShapeError("needs two or more inputs: from: [a, b]");
  LayerPlan plan;
  plan.output = {0, inputs.front().height, inputs.front().width};
  input_sizes_.clear();
  for (const Shape& input : inputs) {
    if (input.height != plan.output.height || input.width != plan.output.width) {
      throw ShapeError("inputs must have the same height and width, got " +
                       to_string(inputs.front()) + " and " + to_string(input));
    }
    plan.output.channels += input.channels;
    if (plan.output.channels > kLargestOption) {
      throw ShapeError("gives more than " + std::to_string(kLargestOption) + " channels");
    }
    input_sizes_.push_back(input.size());
  }
  output_size_ = plan.output.size();
  plan.is_linear = true;
  return plan;
}

// y = [x_0; x_1; …] for each sample
void Concat::forward(const ForwardArgs& args) const {
  for (std::size_t i = 0; i < args.n; ++i) {
    auto y = args.output.begin() + static_cast<std::ptrdiff_t>(i * output_size_);
    for (std::size_t k = 0; k < args.inputs.size(); ++k) {
      const CView x = args.inputs[k].subspan(i * input_sizes_[k], input_sizes_[k]);
      y = std::copy(x.begin(), x.end(), y);
    }
  }
}

// Forward was y = [x_0; x_1; …], so dx_k is its part of dy.
void Concat::backward(const BackwardArgs& args) const {
  for (std::size_t i = 0; i < args.n; ++i) {
    std::size_t offset = i * output_size_;
    for (std::size_t k = 0; k < args.dinputs.size(); ++k) {
      const CView dy = args.doutput.subspan(offset, input_sizes_[k]);
      offset += input_sizes_[k];
      if (args.dinputs[k].empty()) continue;
      std::copy(dy.begin(), dy.end(),
                args.dinputs[k].begin() + static_cast<std::ptrdiff_t>(i * input_sizes_[k]));
    }
  }
}

std::unique_ptr<Layer> make_concat() {
  return std::make_unique<Concat>();
}

}  // namespace cnn
