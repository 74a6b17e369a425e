// One layer with all the memory it is given, watched: every view stands between canaries, and
// whatever a call may not rely on (outputs, saved bytes, scratch) is poisoned before the call.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "nn/layer.hpp"
#include "support/values.hpp"

namespace cnn {

// `count` values between two canaries. All bits of canaries and of poison are ones: read as a Real
// that is NaN, as an index it is far out of range.
template <typename T>
class Guarded {
 public:
  explicit Guarded(std::size_t count = 0) : block_(count + 2 * kCanary) {
    std::memset(block_.data(), kOnes, block_.size() * sizeof(T));
    std::fill(view().begin(), view().end(), T{});
  }

  std::span<T> view() { return std::span(block_).subspan(kCanary, block_.size() - 2 * kCanary); }
  void poison() { std::memset(view().data(), kOnes, view().size_bytes()); }
  bool intact() const {
    return is_canary(block_.data()) && is_canary(&block_[block_.size() - kCanary]);
  }

 private:
  static constexpr int kOnes = 0xFF;
  static constexpr std::size_t kCanary = 64 / sizeof(T);

  static bool is_canary(const T* from) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(from);
    return std::all_of(bytes, bytes + kCanary * sizeof(T),
                       [](unsigned char b) { return b == kOnes; });
  }

  std::vector<T> block_;
};

// The gradient's seed, doutput, is what the test assigns; objective Σ doutput·output then has
// exactly the gradients that backward should give.
class LayerHarness {
 public:
  // Plans the layer for `n` samples of each input. All values are zero.
  LayerHarness(std::unique_ptr<Layer> layer, std::vector<Shape> inputs, std::size_t n);

  const Layer& layer() const { return *layer_; }
  const LayerPlan& plan() const { return plan_; }

  // To be assigned by the test …
  std::size_t input_count() const { return inputs_.size(); }
  View input(std::size_t k = 0) { return inputs_[k].view(); }
  View doutput() { return doutput_.view(); }
  View parameter(std::size_t k) { return parameters_[k].view(); }
  // … and read by it.
  View output() { return forward_in_place_ ? input() : output_.view(); }
  View dinput(std::size_t k = 0) {
    return backward_in_place_ && k == 0 ? doutput() : dinputs_[k].view();
  }
  View dparameter(std::size_t k) { return dparameters_[k].view(); }
  std::span<std::byte> saved() { return saved_.view(); }

  // From now on backward is not asked for the gradient of input k.
  void leave_out(std::size_t k) { dinput_views_[k] = View(); }

  // From now on the output stands where the first input does, and that one's gradient where doutput
  // is, if the plan says so.
  void work_in_place();
  void poison_output() { output_.poison(); }

  void forward(Phase phase = Phase::train, const SampleRandom& random = {});
  void backward();

  // Is everything around all views as it was?
  bool canaries_intact() const;
  // All that a pass assigned or added into: output, dinputs, dparameters, one after the other.
  Values results();

 private:
  std::unique_ptr<Layer> layer_;
  LayerPlan plan_;
  std::size_t n_;
  bool forward_in_place_ = false;
  bool backward_in_place_ = false;
  std::vector<Guarded<Real>> inputs_, dinputs_, parameters_, dparameters_;
  Guarded<Real> output_, doutput_, scratch_;
  Guarded<std::byte> saved_;
  // The arguments of the calls, kept so that these allocate nothing.
  std::vector<CView> input_views_, parameter_views_;
  std::vector<View> dinput_views_, dparameter_views_;
};

}  // namespace cnn
