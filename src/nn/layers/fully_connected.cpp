#include "nn/layers/fully_connected.hpp"

#include <algorithm>

#include "cnn/error.hpp"

#include "kernels/blas.hpp"
#include "nn/layers/limits.hpp"

namespace cnn {
namespace {

class FullyConnected final : public LayerOf<FullyConnected> {
 public:
  void options(OptionVisitor& visitor) override;
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;
  std::unique_ptr<Layer> with_bias() const override;

 private:
  std::int64_t count_ = 0;
  bool bias_ = true;

  int input_size_ = 0;
};

}  // namespace

void FullyConnected::options(OptionVisitor& visitor) {
  visitor.integer("count", count_, {1, kMostOutputs}, Presence::required);
  visitor.boolean("bias", bias_);
}

std::unique_ptr<Layer> FullyConnected::with_bias() const {
  auto copy = std::make_unique<FullyConnected>(*this);
  copy->bias_ = true;
  return copy;
}

LayerPlan FullyConnected::plan(std::span<const Shape> inputs) {
  const Shape& input = only_input(inputs);
  constexpr std::size_t kLargestMatrix = std::size_t{1} << 30;
  if (input.size() > kLargestMatrix / static_cast<std::size_t>(count_)) {
    throw ShapeError(std::to_string(count_) + " outputs of " + to_string(input) +
                     " inputs need a matrix of more than 2^30 elements");
  }
  input_size_ = static_cast<int>(input.size());

  LayerPlan plan;
  plan.output = {static_cast<int>(count_), 1, 1};
  plan.parameters.push_back({"weight",
                             {count_, input_size_},
                             ParameterKind::weight,
                             {static_cast<double>(input_size_), static_cast<double>(count_)}});
  if (bias_) plan.parameters.push_back({"bias", {count_}, ParameterKind::bias, {}});
  plan.multiply_adds = count_ * input_size_;
  plan.prefers_all_samples = true;
  plan.is_linear = true;
  return plan;
}

// y = x·Wᵀ + b
void FullyConnected::forward(const ForwardArgs& args) const {
  const int n = static_cast<int>(args.n);
  const int outputs = static_cast<int>(count_);
  const View y = args.output;
  if (bias_) {
    for (std::size_t i = 0; i < args.n; ++i) {
      std::copy(args.parameters[1].begin(), args.parameters[1].end(),
                y.begin() + static_cast<std::ptrdiff_t>(i) * outputs);
    }
  }
  gemm_by_units({args.inputs[0], n, input_size_}, {args.parameters[0], outputs, input_size_},
                Transpose::yes, bias_ ? 1 : 0, {y, n, outputs},
                args.phase == Phase::evaluate ? 1 : n);
}

// Forward was y = x·Wᵀ + b, so   dW += dyᵀ·x,   db += Σ_samples dy,   dx = dy·W
void FullyConnected::backward(const BackwardArgs& args) const {
  const int n = static_cast<int>(args.n);
  const int outputs = static_cast<int>(count_);
  const ConstMatrix dy(args.doutput, n, outputs);
  gemm(dy, Transpose::yes, {args.inputs[0], n, input_size_}, Transpose::no, 1,
       {args.dparameters[0], outputs, input_size_});
  if (bias_) {
    for (std::size_t i = 0; i < args.n; ++i) {
      add_into(args.doutput.subspan(i * static_cast<std::size_t>(outputs),
                                    static_cast<std::size_t>(outputs)),
               args.dparameters[1]);
    }
  }
  if (!args.dinputs[0].empty()) {
    gemm(dy, Transpose::no, {args.parameters[0], outputs, input_size_}, Transpose::no, 0,
         {args.dinputs[0], n, input_size_});
  }
}

std::unique_ptr<Layer> make_fully_connected() {
  return std::make_unique<FullyConnected>();
}

}  // namespace cnn
