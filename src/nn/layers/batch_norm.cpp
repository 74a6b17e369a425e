#include "nn/layers/batch_norm.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

#include "base/lanes.hpp"
#include "kernels/hold.hpp"

namespace cnn {
namespace {

// The order of parameters in the plan.
enum : std::size_t { kWeight, kBias, kMean, kVariance };

// Channels that are dealt with at once, sample by sample, so that memory is read in its order.
constexpr std::size_t kLanes = 16;

struct Group {
  std::size_t n;         // samples
  std::size_t channels;  // 1 … kLanes
  std::size_t positions;
  std::size_t pitch;  // from sample to sample

  double values() const { return static_cast<double>(n * positions); }
};

// One value per channel of a group.
template <typename T>
using Each = std::array<T, kLanes>;

// Two sums over the values of each channel.
struct Sums {
  Each<double> first{};
  Each<double> second{};
};

CNN_INLINE double sum_of(const Lanes8& a, const Lanes8& b) {
  double sums[8];
  for (int l = 0; l < 8; ++l) sums[l] = double{a[l]} + double{b[l]};
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

// What is added up: two terms of a value of x and of dy, which are Reals or vectors of them.
template <typename T>
struct Terms {
  T first;
  T second;
};

// The sums of terms(x, dy, channel) over the values of each channel. A row is added up in sixteen
// sums side by side, which fill vector registers, and rows in double: so little is lost to
// rounding, and in the same order on every processor.
template <typename Function>
CNN_INLINE Sums add_up(const Group& group, const Real* x, const Real* dy, const Function& terms) {
  Sums sums;
  for (std::size_t i = 0; i < group.n; ++i, x += group.pitch, dy += group.pitch) {
    if (group.positions == 1) {
      for (std::size_t k = 0; k < group.channels; ++k) {
        const Terms<Real> of = terms(x[k], dy[k], k);
        sums.first[k] += of.first;
        sums.second[k] += of.second;
      }
      continue;
    }
    const Real* a = x;
    const Real* b = dy;
    for (std::size_t k = 0; k < group.channels; ++k) {
      Terms<Lanes8> even{};
      Terms<Lanes8> odd{};
      std::size_t p = 0;
      for (; p + 16 <= group.positions; p += 16) {
        const Terms<Lanes8> left = terms(load<Lanes8>(a + p), load<Lanes8>(b + p), k);
        const Terms<Lanes8> right = terms(load<Lanes8>(a + p + 8), load<Lanes8>(b + p + 8), k);
        even.first += left.first;
        even.second += left.second;
        odd.first += right.first;
        odd.second += right.second;
      }
      double first = sum_of(even.first, odd.first);
      double second = sum_of(even.second, odd.second);
      for (; p < group.positions; ++p) {
        const Terms<Real> of = terms(a[p], b[p], k);
        first += of.first;
        second += of.second;
      }
      sums.first[k] += first;
      sums.second[k] += second;
      a += group.positions;
      b += group.positions;
    }
  }
  return sums;
}

// Σ (x − pivot) and Σ (x − pivot)²
CNN_INLINE
Sums sum_deviations(const Group& group, const Real* x, const Each<Real>& pivot_of) {
  const Each<Real> pivot = pivot_of;  // a copy, which the compiler knows no store to change
  return add_up(group, x, x, [&](const auto& value, const auto&, std::size_t k) CNN_INLINE_LAMBDA {
    const auto deviation = value - pivot[k];
    using T = std::remove_cv_t<decltype(deviation)>;
    return Terms<T>{deviation, deviation * deviation};
  });
}

// y = (x − mean)·scale + shift, held to a range
struct Normalisation {
  Each<Real> mean, scale, shift;
  OutputRange range;
};

template <bool holds>
CNN_INLINE void normalise(const Group& group, const Real* __restrict x, const Normalisation& by,
                          Real* __restrict y) {
  const Normalisation to = by;
  const auto value = [&](Real of, Real mean, Real scale, Real shift) CNN_INLINE_LAMBDA {
    const Real plain = (of - mean) * scale + shift;
    return holds ? held_to(to.range, plain) : plain;
  };
  for (std::size_t i = 0, row = 0; i < group.n; ++i, row = i * group.pitch) {
    if (group.positions == 1) {
      for (std::size_t k = 0; k < group.channels; ++k) {
        y[row + k] = value(x[row + k], to.mean[k], to.scale[k], to.shift[k]);
      }
      continue;
    }
    for (std::size_t k = 0; k < group.channels; ++k, row += group.positions) {
      const Real mean = to.mean[k];
      const Real scale = to.scale[k];
      const Real shift = to.shift[k];
      for (std::size_t p = row; p < row + group.positions; ++p) {
        y[p] = value(x[p], mean, scale, shift);
      }
    }
  }
}

// ∂J/∂y before y was held to a range, of which dy is ∂J/∂y afterwards: dy where y lay within, 0
// elsewhere. Reals or vectors of them.
template <bool holds, typename T>
CNN_INLINE T gradient_before(const OutputRange& range, const T& dy, const T& x, Real mean,
                             Real scale, Real shift) {
  if constexpr (!holds) return dy;
  const T y = (x - mean) * scale + shift;
  const auto is_within = (y > T{} + range.low) & (y < T{} + range.high);
  return is_within ? dy : T{};
}

// Σ dy and Σ dy·(x − mean)
template <bool holds>
CNN_INLINE Sums sum_gradients(const Group& group, const Real* x, const Normalisation& by,
                              const Real* dy) {
  const Normalisation to = by;
  return add_up(
      group, x, dy, [&](const auto& value, const auto& dvalue, std::size_t k) CNN_INLINE_LAMBDA {
        using T = std::remove_cvref_t<decltype(dvalue)>;
        const T gradient =
            gradient_before<holds>(to.range, dvalue, value, to.mean[k], to.scale[k], to.shift[k]);
        return Terms<T>{gradient, gradient * (value - to.mean[k])};
      });
}

// dx = scale·(dy − dmean − (x − mean)·dspread); dx may be dy.
struct Return {
  Each<Real> dmean, dspread;
};

template <bool holds>
CNN_INLINE void send_back(const Group& group, const Real* x, const Real* dy,
                          const Normalisation& by, const Return& share, Real* dx) {
  const Normalisation to = by;
  const Return back = share;
  const auto value = [&](Real of, Real dof, Real mean, Real scale, Real shift, Real dmean,
                         Real dspread) CNN_INLINE_LAMBDA {
    const Real gradient = gradient_before<holds>(to.range, dof, of, mean, scale, shift);
    return scale * (gradient - dmean - (of - mean) * dspread);
  };
  for (std::size_t i = 0, row = 0; i < group.n; ++i, row = i * group.pitch) {
    if (group.positions == 1) {
      CNN_INDEPENDENT
      for (std::size_t k = 0, p = row; k < group.channels; ++k, ++p) {
        dx[p] = value(x[p], dy[p], to.mean[k], to.scale[k], to.shift[k], back.dmean[k],
                      back.dspread[k]);
      }
      continue;
    }
    for (std::size_t k = 0; k < group.channels; ++k, row += group.positions) {
      const Real mean = to.mean[k];
      const Real scale = to.scale[k];
      const Real shift = to.shift[k];
      const Real dmean = back.dmean[k];
      const Real dspread = back.dspread[k];
      CNN_INDEPENDENT
      for (std::size_t p = row; p < row + group.positions; ++p) {
        dx[p] = value(x[p], dy[p], mean, scale, shift, dmean, dspread);
      }
    }
  }
}

// The values of a channel that a call keeps for backward, in the memory of the first sample.
struct Moments {
  Real mean;
  Real variance;
};

// Assigns those of the group's channels, in one pass:
//   μ = p + Σ (x − p)/m,   σ² = Σ (x − p)²/m − (μ − p)²
// with the first sample's mean as p. Little cancels: that sample alone gives σ² at least (μ −
// p)²/n.
void find_moments(const Group& group, const Real* x, Moments* found) {
  Each<Real> pivot{};
  Group first = group;
  first.n = 1;
  const Sums of_first = vectorized<sum_deviations>(first, x, pivot);
  for (std::size_t k = 0; k < group.channels; ++k) {
    pivot[k] = static_cast<Real>(of_first.first[k] / first.values());
  }
  const Sums sums = vectorized<sum_deviations>(group, x, pivot);
  for (std::size_t k = 0; k < group.channels; ++k) {
    const double away = sums.first[k] / group.values();
    found[k] = {static_cast<Real>(pivot[k] + away),
                static_cast<Real>(std::max(0.0, sums.second[k] / group.values() - away * away))};
  }
}

// Channels of a piece: as few as are worth a thread's while.
std::size_t channels_of_a_piece(std::size_t positions) {
  constexpr std::size_t kWorth = 512;  // values of a sample
  return std::clamp<std::size_t>(kWorth / positions, 1, kLanes);
}

// Calls body(first channel, group) for the channels of a call's pieces.
template <typename Args, typename Body>
void for_groups(const Args& args, std::size_t channels, std::size_t positions, const Body& body) {
  const Pieces& pieces = args.pieces;
  const std::size_t piece = channels_of_a_piece(positions);
  const std::size_t last = pieces.last <= channels / piece ? pieces.last * piece : channels;
  for (std::size_t c = pieces.first * piece; c < last; c += kLanes) {
    body(c, Group{args.n, std::min(kLanes, last - c), positions, channels * positions});
  }
}

class BatchNorm final : public LayerOf<BatchNorm> {
 public:
  void options(OptionVisitor& visitor) override;
  void freeze() override { freeze_ = true; }
  bool hold_in_training(const OutputRange& range) override {
    range_ = range;
    return true;
  }
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;
  std::optional<ChannelAffine> as_affine(std::span<const CView> parameters,
                                         std::size_t channel) const override;

 private:
  // Normalises by the statistics of the call's samples, not by the running ones.
  bool measures(Phase phase) const { return phase == Phase::train && !freeze_; }
  bool holds() const { return range_ != OutputRange{}; }
  double deviation(Real variance) const { return std::sqrt(double{variance} + epsilon_); }
  // Of one call's channels: `moments(k)` are those of the kth.
  template <typename MomentsOf>
  Normalisation normalisation(std::size_t first, std::size_t channels,
                              std::span<const CView> parameters, const MomentsOf& moments) const;
  Sums sum_gradients_of(const Group& group, const Real* x, const Normalisation& by,
                        const Real* dy) const;
  void send_back_group(const Group& group, const Real* x, const Real* dy, const Normalisation& by,
                       const Return& back, Real* dx) const;
  void backward_frozen(const BackwardArgs& args) const;

  double momentum_ = 0.1;
  double epsilon_ = 1e-5;
  bool freeze_ = false;
  OutputRange range_ = {};  // in training

  std::size_t channels_ = 0;
  std::size_t positions_ = 0;
};

}  // namespace

void BatchNorm::options(OptionVisitor& visitor) {
  visitor.real("momentum", momentum_, {0.0, 1.0});
  visitor.real("epsilon", epsilon_, {1e-12, 1.0});
  visitor.boolean("freeze", freeze_);
}

LayerPlan BatchNorm::plan(std::span<const Shape> inputs) {
  LayerPlan plan;
  plan.output = only_input(inputs);
  channels_ = static_cast<std::size_t>(plan.output.channels);
  const double rate = freeze_ ? 0 : momentum_;
  positions_ = plan.output.size() / channels_;
  const Dims dims = {plan.output.channels};
  plan.parameters = {
      {.name = "weight", .dims = dims, .kind = ParameterKind::gain, .initial = 1},
      {.name = "bias", .dims = dims, .kind = ParameterKind::bias},
      {.name = "running_mean", .dims = dims, .kind = ParameterKind::statistic, .rate = rate},
      {.name = "running_var",
       .dims = dims,
       .kind = ParameterKind::statistic,
       .initial = 1,
       .rate = rate},
  };
  plan.saved_bytes_per_sample = freeze_ ? 0 : channels_ * sizeof(Moments);
  plan.couples_samples = !freeze_;
  plan.prefers_all_samples = true;  // sums over a channel are long ones
  plan.backward_in_place = true;
  plan.sharing = Sharing::pieces;
  const std::size_t piece = channels_of_a_piece(positions_);
  plan.pieces = (channels_ + piece - 1) / piece;
  return plan;
}

template <typename MomentsOf>
Normalisation BatchNorm::normalisation(std::size_t first, std::size_t channels,
                                       std::span<const CView> parameters,
                                       const MomentsOf& moments) const {
  Normalisation to{.mean = {}, .scale = {}, .shift = {}, .range = range_};
  for (std::size_t k = 0; k < channels; ++k) {
    const std::size_t c = first + k;
    const auto [mean, variance] = moments(c);
    to.mean[k] = mean;
    to.scale[k] = static_cast<Real>(parameters[kWeight][c] / deviation(variance));
    to.shift[k] = parameters[kBias][c];
  }
  return to;
}

void BatchNorm::send_back_group(const Group& group, const Real* x, const Real* dy,
                                const Normalisation& by, const Return& back, Real* dx) const {
  holds() ? vectorized<send_back<true>>(group, x, dy, by, back, dx)
          : vectorized<send_back<false>>(group, x, dy, by, back, dx);
}

Sums BatchNorm::sum_gradients_of(const Group& group, const Real* x, const Normalisation& by,
                                 const Real* dy) const {
  return holds() ? vectorized<sum_gradients<true>>(group, x, by, dy)
                 : vectorized<sum_gradients<false>>(group, x, by, dy);
}

// y = weight·(x − μ)/√(σ² + ε) + bias
void BatchNorm::forward(const ForwardArgs& args) const {
  auto* const saved = reinterpret_cast<Moments*>(args.saved.data());
  for_groups(args, channels_, positions_, [&](std::size_t first, const Group& group) {
    const Real* const x = &args.inputs[0][first * positions_];
    if (measures(args.phase)) find_moments(group, x, saved + first);
    const Normalisation to =
        normalisation(first, group.channels, args.parameters, [&](std::size_t c) {
          return measures(args.phase)
                     ? saved[c]
                     : Moments{args.parameters[kMean][c], args.parameters[kVariance][c]};
        });
    Real* const y = &args.output[first * positions_];
    holds() && args.phase == Phase::train ? vectorized<normalise<true>>(group, x, to, y)
                                          : vectorized<normalise<false>>(group, x, to, y);
  });
}

std::optional<ChannelAffine> BatchNorm::as_affine(std::span<const CView> parameters,
                                                  std::size_t channel) const {
  return ChannelAffine{
      .mean = parameters[kMean][channel],
      .scale = parameters[kWeight][channel] / deviation(parameters[kVariance][channel]),
      .shift = parameters[kBias][channel]};
}

// Forward was y = weight·x̂ + bias with x̂ = (x − μ)/s, s = √(σ² + ε), and both μ and σ² depend on
// every x of the channel, so
//   dbias += Σ dy,   dweight += Σ dy·x̂,   dx = weight/s·(dy − 1/m Σ dy − x̂·1/m Σ dy·x̂).
// The statistics' slots receive n times what the call has found.
void BatchNorm::backward(const BackwardArgs& args) const {
  if (freeze_) return backward_frozen(args);
  const double n = static_cast<double>(args.n);
  const auto* const saved = reinterpret_cast<const Moments*>(args.saved.data());
  const View dx = args.dinputs[0];
  for_groups(args, channels_, positions_, [&](std::size_t first, const Group& group) {
    const Real* const x = &args.inputs[0][first * positions_];
    const Real* const dy = &args.doutput[first * positions_];
    const double m = group.values();
    const Normalisation to = normalisation(first, group.channels, args.parameters,
                                           [&](std::size_t c) { return saved[c]; });
    const auto [dbias, products] = sum_gradients_of(group, x, to, dy);
    Return back{};
    for (std::size_t k = 0; k < group.channels; ++k) {
      const std::size_t c = first + k;
      const auto [mean, variance] = saved[c];
      const double dweight = products[k] / deviation(variance);
      args.dparameters[kWeight][c] += static_cast<Real>(dweight);
      args.dparameters[kBias][c] += static_cast<Real>(dbias[k]);
      args.dparameters[kMean][c] += static_cast<Real>(n * mean);
      args.dparameters[kVariance][c] += static_cast<Real>(
          n * (m > 1 ? variance * m / (m - 1) : double{args.parameters[kVariance][c]}));
      back.dmean[k] = static_cast<Real>(dbias[k] / m);
      back.dspread[k] = static_cast<Real>(dweight / m / deviation(variance));
    }
    if (!dx.empty()) send_back_group(group, x, dy, to, back, &dx[first * positions_]);
  });
}

// Forward was y = weight·(x − μ)/s + bias, and neither μ nor s depends on x, so
//   dbias += Σ dy,   dweight += Σ dy·(x − μ)/s,   dx = weight/s·dy.
void BatchNorm::backward_frozen(const BackwardArgs& args) const {
  const View dx = args.dinputs[0];
  for_groups(args, channels_, positions_, [&](std::size_t first, const Group& group) {
    const Real* const x = &args.inputs[0][first * positions_];
    const Real* const dy = &args.doutput[first * positions_];
    const Normalisation to =
        normalisation(first, group.channels, args.parameters, [&](std::size_t c) {
          return Moments{args.parameters[kMean][c], args.parameters[kVariance][c]};
        });
    const auto [dbias, products] = sum_gradients_of(group, x, to, dy);
    for (std::size_t k = 0; k < group.channels; ++k) {
      const std::size_t c = first + k;
      args.dparameters[kWeight][c] +=
          static_cast<Real>(products[k] / deviation(args.parameters[kVariance][c]));
      args.dparameters[kBias][c] += static_cast<Real>(dbias[k]);
    }
    if (!dx.empty()) send_back_group(group, x, dy, to, {}, &dx[first * positions_]);
  });
}

std::unique_ptr<Layer> make_batch_norm() {
  return std::make_unique<BatchNorm>();
}

}  // namespace cnn
