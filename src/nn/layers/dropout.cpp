#include "nn/layers/dropout.hpp"

#include <algorithm>

namespace cnn {
namespace {

class Dropout final : public LayerOf<Dropout> {
 public:
  void options(OptionVisitor& visitor) override;
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;

 private:
  double rate_ = 0.5;

  std::size_t size_ = 0;  // values of a sample
};

}  // namespace

void Dropout::options(OptionVisitor& visitor) {
  visitor.real("rate", rate_, {0.0, 0.99});
}

LayerPlan Dropout::plan(std::span<const Shape> inputs) {
  LayerPlan plan;
  plan.output = only_input(inputs);
  plan.channel_cut = ChannelCut::own;
  size_ = plan.output.size();
  plan.saved_bytes_per_sample = size_;  // 1 where a value was kept
  plan.forward_in_place = true;
  plan.backward_in_place = true;
  plan.is_linear = true;
  return plan;
}

// y = x · kept / (1 − rate)
void Dropout::forward(const ForwardArgs& args) const {
  const CView x = args.inputs[0];
  if (args.phase == Phase::evaluate) {
    std::copy(x.begin(), x.end(), args.output.begin());
    return;
  }
  const Real scale = static_cast<Real>(1.0 / (1.0 - rate_));
  // kept ⇔ u >= rate for u uniform on [0, 1) in steps of 2^-32
  const auto threshold = static_cast<std::uint32_t>(rate_ * 0x1p32);
  for (std::size_t i = 0; i < args.n; ++i) {
    const Random random = args.random.sample(Purpose::dropout, i);
    for (std::size_t j = 0; j < size_; j += 4) {
      const auto bits = random.block(j / 4);
      for (std::size_t lane = 0; lane < std::min<std::size_t>(4, size_ - j); ++lane) {
        const std::size_t at = i * size_ + j + lane;
        const bool kept = bits[lane] >= threshold;
        args.saved[at] = std::byte{kept};
        args.output[at] = kept ? x[at] * scale : 0;
      }
    }
  }
}

// Forward was y = x · kept / (1 − rate), so dx = dy · kept / (1 − rate).
void Dropout::backward(const BackwardArgs& args) const {
  const Real scale = static_cast<Real>(1.0 / (1.0 - rate_));
  const View dx = args.dinputs[0];
  for (std::size_t i = 0; i < dx.size(); ++i) {
    dx[i] = args.saved[i] == std::byte{1} ? args.doutput[i] * scale : 0;
  }
}

std::unique_ptr<Layer> make_dropout() {
  return std::make_unique<Dropout>();
}

}  // namespace cnn
