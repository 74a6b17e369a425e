#include "nn/layers/leaky_relu.hpp"

#include "base/vectors.hpp"

namespace cnn {
namespace {

CNN_INLINE
void apply(Real slope, const Real* z, std::size_t count, Real* a) {
  CNN_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) a[i] = z[i] < 0 ? slope * z[i] : z[i];
}

CNN_INLINE
void apply_slope(Real slope, const Real* a, const Real* da, std::size_t count, Real* dz) {
  CNN_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) dz[i] = a[i] > 0 ? da[i] : slope * da[i];
}

class LeakyRelu final : public LayerOf<LeakyRelu> {
 public:
  void options(OptionVisitor& visitor) override;
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;

 private:
  double slope_ = 0.01;
};

}  // namespace

void LeakyRelu::options(OptionVisitor& visitor) {
  visitor.real("slope", slope_, {0.0, 1.0});
}

LayerPlan LeakyRelu::plan(std::span<const Shape> inputs) {
  LayerPlan plan;
  plan.output = only_input(inputs);
  plan.channel_cut = ChannelCut::own;
  plan.forward_in_place = true;
  plan.backward_in_place = true;
  plan.backward_reads_output = true;
  return plan;
}

// a = max(z, slope·z)
void LeakyRelu::forward(const ForwardArgs& args) const {
  const CView z = args.inputs[0];
  vectorized<apply>(static_cast<Real>(slope_), z.data(), z.size(), args.output.data());
}

// Forward was a = max(z, slope·z), so dz = da where a > 0, slope·da elsewhere.
void LeakyRelu::backward(const BackwardArgs& args) const {
  const View dz = args.dinputs[0];
  vectorized<apply_slope>(static_cast<Real>(slope_), args.output.data(), args.doutput.data(),
                          dz.size(), dz.data());
}

std::unique_ptr<Layer> make_leaky_relu() {
  return std::make_unique<LeakyRelu>();
}

}  // namespace cnn
