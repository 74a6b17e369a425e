#include "nn/layers/elu.hpp"

#include "base/vectors.hpp"
#include "kernels/exponential.hpp"

namespace cnn {
namespace {

CNN_INLINE
void apply(Real scale, const Real* z, std::size_t count, Real* a) {
  CNN_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) a[i] = z[i] > 0 ? z[i] : scale * fast_expm1(z[i]);
}

CNN_INLINE
void apply_slope(Real scale, const Real* a, const Real* da, std::size_t count, Real* dz) {
  CNN_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) dz[i] = a[i] > 0 ? da[i] : da[i] * (a[i] + scale);
}

class Elu final : public LayerOf<Elu> {
 public:
  void options(OptionVisitor& visitor) override;
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;

 private:
  double scale_ = 1;
};

}  // namespace

void Elu::options(OptionVisitor& visitor) {
  visitor.real("scale", scale_, {0.0, 100.0});
}

LayerPlan Elu::plan(std::span<const Shape> inputs) {
  LayerPlan plan;
  plan.output = only_input(inputs);
  plan.channel_cut = ChannelCut::own;
  plan.forward_in_place = true;
  plan.backward_in_place = true;
  plan.backward_reads_output = true;
  return plan;
}

// a = z where z > 0, scale·(e^z − 1) elsewhere
void Elu::forward(const ForwardArgs& args) const {
  const CView z = args.inputs[0];
  vectorized<apply>(static_cast<Real>(scale_), z.data(), z.size(), args.output.data());
}

// Forward was a = scale·(e^z − 1) where a <= 0, so dz = da·scale·e^z = da·(a + scale) there, and
// da elsewhere.
void Elu::backward(const BackwardArgs& args) const {
  const View dz = args.dinputs[0];
  vectorized<apply_slope>(static_cast<Real>(scale_), args.output.data(), args.doutput.data(),
                          dz.size(), dz.data());
}

std::unique_ptr<Layer> make_elu() {
  return std::make_unique<Elu>();
}

}  // namespace cnn
