#include "nn/layers/activation.hpp"

#include "base/vectors.hpp"
#include "kernels/exponential.hpp"

namespace cnn {
namespace {

// All three derivatives are functions of the output a alone: dz = da · slope(a).
struct Relu {
  CNN_INLINE static Real value(Real z) { return z < 0 ? 0 : z; }
  CNN_INLINE static Real slope(Real a) { return a > 0 ? Real{1} : Real{0}; }
  static std::optional<OutputRange> range() { return OutputRange{.low = 0}; }
};

struct Sigmoid {
  CNN_INLINE static Real value(Real z) { return fast_sigmoid(z); }
  CNN_INLINE static Real slope(Real a) { return a * (1 - a); }
  static std::optional<OutputRange> range() { return std::nullopt; }
};

struct Tanh {
  CNN_INLINE static Real value(Real z) { return fast_tanh(z); }
  CNN_INLINE static Real slope(Real a) { return 1 - a * a; }
  static std::optional<OutputRange> range() { return std::nullopt; }
};

template <typename Function>
CNN_INLINE void apply(const Real* z, std::size_t count, Real* a) {
  CNN_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) a[i] = Function::value(z[i]);
}

template <typename Function>
CNN_INLINE void apply_slope(const Real* a, const Real* da, std::size_t count, Real* dz) {
  CNN_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) dz[i] = da[i] * Function::slope(a[i]);
}

template <typename Function>
class Activation final : public LayerOf<Activation<Function>> {
 public:
  void options(OptionVisitor&) override {}

  LayerPlan plan(std::span<const Shape> inputs) override {
    LayerPlan plan;
    plan.output = only_input(inputs);
    plan.channel_cut = ChannelCut::own;
    plan.forward_in_place = true;
    plan.backward_in_place = true;
    plan.backward_reads_output = true;
    return plan;
  }

  // a = f(z)
  void forward(const ForwardArgs& args) const override {
    const CView z = args.inputs[0];
    vectorized<apply<Function>>(z.data(), z.size(), args.output.data());
  }

  std::optional<OutputRange> as_range() const override { return Function::range(); }

  // Forward was a = f(z), so dz = da · f'(z).
  void backward(const BackwardArgs& args) const override {
    const View dz = args.dinputs[0];
    vectorized<apply_slope<Function>>(args.output.data(), args.doutput.data(), dz.size(),
                                      dz.data());
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
