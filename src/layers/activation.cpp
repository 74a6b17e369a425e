#include "cnn/layers/activation.hpp"

#include <cmath>

namespace cnn {
namespace {

// All three derivatives are functions of the output a alone: dz = da · slope(a).
struct Relu {
  static Real value(Real z) { return z < 0 ? 0 : z; }
  static Real slope(Real a) { return a > 0 ? 1 : 0; }
};

struct Sigmoid {
  static Real value(Real z) { return 1 / (1 + std::exp(-z)); }
  static Real slope(Real a) { return a * (1 - a); }
};

struct Tanh {
  static Real value(Real z) { return std::tanh(z); }
  static Real slope(Real a) { return 1 - a * a; }
};

template <typename Function>
class Activation final : public Layer {
 public:
  void options(OptionVisitor&) override {}

  LayerPlan plan(std::span<const Shape> inputs) override {
    LayerPlan plan;
    plan.output = only_input(inputs);
    return plan;
  }

  // a = f(z)
  void forward(const ForwardArgs& args) const override {
    const CView z = args.inputs[0];
    for (std::size_t i = 0; i < z.size(); ++i) args.output[i] = Function::value(z[i]);
  }

  // Forward was a = f(z), so dz = da · f'(z).
  void backward(const BackwardArgs& args) const override {
    const View dz = args.dinputs[0];
    for (std::size_t i = 0; i < dz.size(); ++i) {
      dz[i] = args.doutput[i] * Function::slope(args.output[i]);
    }
  }
};

}  // namespace

std::unique_ptr<Layer> make_relu() {
  return std::make_unique<Activation<Relu>>();
}
std::unique_ptr<Layer> make_sigmoid() {
  return std::make_unique<Activation<Sigmoid>>();
}
std::unique_ptr<Layer> make_tanh() {
  return std::make_unique<Activation<Tanh>>();
}

}  // namespace cnn
