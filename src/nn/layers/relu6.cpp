#include "nn/layers/relu6.hpp"

#include "base/vectors.hpp"

namespace cnn {
namespace {

constexpr Real kMost = 6;

CNN_INLINE
void apply(const Real* z, std::size_t count, Real* a) {
  CNN_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) {
    const Real low = z[i] < 0 ? Real{0} : z[i];
    a[i] = low > kMost ? kMost : low;
  }
}

CNN_INLINE
void apply_slope(const Real* a, const Real* da, std::size_t count, Real* dz) {
  CNN_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) dz[i] = a[i] > 0 && a[i] < kMost ? da[i] : Real{0};
}

class Relu6 final : public LayerOf<Relu6> {
 public:
  void options(OptionVisitor& /*visitor*/) override {}
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;
  std::optional<OutputRange> as_range() const override { return OutputRange{0, kMost}; }
};

}  // namespace

LayerPlan Relu6::plan(std::span<const Shape> inputs) {
  LayerPlan plan;
  plan.output = only_input(inputs);
  plan.channel_cut = ChannelCut::own;
  plan.forward_in_place = true;
  plan.backward_in_place = true;
  plan.backward_reads_output = true;
  return plan;
}

// a = min(max(z, 0), 6)
void Relu6::forward(const ForwardArgs& args) const {
  const CView z = args.inputs[0];
  vectorized<apply>(z.data(), z.size(), args.output.data());
}

// Forward was a = min(max(z, 0), 6), so dz = da where 0 < a < 6, 0 elsewhere.
void Relu6::backward(const BackwardArgs& args) const {
  const View dz = args.dinputs[0];
  vectorized<apply_slope>(args.output.data(), args.doutput.data(), dz.size(), dz.data());
}

std::unique_ptr<Layer> make_relu6() {
  return std::make_unique<Relu6>();
}

}  // namespace cnn
