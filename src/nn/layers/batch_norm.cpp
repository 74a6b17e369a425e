#include "nn/layers/batch_norm.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/vectors.hpp"

namespace cnn {
namespace {

// The order of parameters in the plan.
enum : std::size_t { kWeight, kBias, kMean, kVariance };

// Channels that are dealt with at once: one of a map, whose P values lie side by side, or kLanes of
// a vector, whose channels do (fewer at its end).
constexpr std::size_t kLanes = 16;

struct Group {
  std::size_t n;         // samples
  std::size_t channels;  // 1 … kLanes; more than one only where P is 1
  std::size_t positions;
  std::size_t pitch;  // from sample to sample

  double values() const { return static_cast<double>(n * positions); }
};

// One value per channel of a group.
template <typename T>
using Each = std::array<T, kLanes>;

// A row is added up in kLanes sums side by side, which fill a vector register, and rows in double:
// so little is lost to rounding, and in the same order on every processor.
// Σ term(i) for i = 0 … count-1
template <typename Term>
CNN_INLINE double sum_row(std::size_t count, const Term& term) {
  Each<Real> lanes{};
  const std::size_t whole = count / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) lanes[k] += term(i + k);
  }
  for (std::size_t i = whole; i < count; ++i) lanes[i - whole] += term(i);
  double sum = 0;
  for (const Real lane : lanes) sum += lane;
  return sum;
}

// Calls body(index, channel) for every value of a sample that begins at `at`.
template <typename Body>
CNN_INLINE void for_sample(const Group& group, std::size_t at, const Body& body) {
  if (group.channels == kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) body(at + k, k);
  } else if (group.channels > 1) {
    for (std::size_t k = 0; k < group.channels; ++k) body(at + k, k);
  } else {
    for (std::size_t i = 0; i < group.positions; ++i) body(at + i, std::size_t{0});
  }
}

// Σ term(index, channel) over the values of each channel.
template <typename Term>
CNN_INLINE Each<double> add_up(const Group& group, const Term& term) {
  Each<double> sums{};
  for (std::size_t i = 0, at = 0; i < group.n; ++i, at += group.pitch) {
    if (group.channels > 1) {
      for_sample(group, at, [&](std::size_t index, std::size_t k) CNN_INLINE_LAMBDA {
        sums[k] += term(index, k);
      });
    } else {
      sums[0] += sum_row(group.positions, [&](std::size_t index) CNN_INLINE_LAMBDA {
        return term(at + index, std::size_t{0});
      });
    }
  }
  return sums;
}

CNN_INLINE
Each<double> sum(const Group& group, const Real* x) {
  return add_up(group, [=](std::size_t i, std::size_t) CNN_INLINE_LAMBDA { return x[i]; });
}

// Σ (x − mean)²
CNN_INLINE
Each<double> sum_squares(const Group& group, const Real* x, const Each<Real>& mean_of) {
  const Each<Real> mean = mean_of;  // a copy, which the compiler knows no store to change
  return add_up(group, [&](std::size_t i, std::size_t k)
                           CNN_INLINE_LAMBDA { return (x[i] - mean[k]) * (x[i] - mean[k]); });
}

// Σ dy·(x − mean)
CNN_INLINE
Each<double> sum_products(const Group& group, const Real* x, const Each<Real>& mean_of,
                          const Real* dy) {
  const Each<Real> mean = mean_of;
  return add_up(group, [&](std::size_t i, std::size_t k)
                           CNN_INLINE_LAMBDA { return dy[i] * (x[i] - mean[k]); });
}

// y = (x − mean)·scale + shift
struct Normalisation {
  Each<Real> mean, scale, shift;
};

CNN_INLINE
void normalise(const Group& group, const Real* __restrict x, const Normalisation& by,
               Real* __restrict y) {
  const Normalisation to = by;
  for (std::size_t i = 0, at = 0; i < group.n; ++i, at += group.pitch) {
    for_sample(group, at, [&](std::size_t index, std::size_t k) CNN_INLINE_LAMBDA {
      y[index] = (x[index] - to.mean[k]) * to.scale[k] + to.shift[k];
    });
  }
}

// dx = scale·(dy − dmean − (x − mean)·dspread)
struct Return {
  Each<Real> mean, scale, dmean, dspread;
};

CNN_INLINE
void send_back(const Group& group, const Real* __restrict x, const Real* __restrict dy,
               const Return& by, Real* __restrict dx) {
  const Return back = by;
  for (std::size_t i = 0, at = 0; i < group.n; ++i, at += group.pitch) {
    for_sample(group, at, [&](std::size_t index, std::size_t k) CNN_INLINE_LAMBDA {
      dx[index] =
          back.scale[k] * (dy[index] - back.dmean[k] - (x[index] - back.mean[k]) * back.dspread[k]);
    });
  }
}

// The values of a channel that a call keeps for backward, in the memory of the first sample.
struct Moments {
  Real mean;
  Real variance;
};

// Assigns those of the group's channels.
void find_moments(const Group& group, const Real* x, Moments* found) {
  const Each<double> sums = vectorized<sum>(group, x);
  Each<Real> mean{};
  for (std::size_t k = 0; k < group.channels; ++k) {
    mean[k] = static_cast<Real>(sums[k] / group.values());
  }
  const Each<double> squares = vectorized<sum_squares>(group, x, mean);
  for (std::size_t k = 0; k < group.channels; ++k) {
    found[k] = {mean[k], static_cast<Real>(squares[k] / group.values())};
  }
}

// Channels of a piece.
constexpr std::size_t kPiece = kLanes;

// Calls body(first channel, group) for the channels of a call's pieces.
template <typename Args, typename Body>
void for_groups(const Args& args, std::size_t channels, std::size_t positions, const Body& body) {
  const std::size_t most = positions == 1 ? kLanes : 1;
  const Pieces& pieces = args.pieces;
  const std::size_t last = pieces.last <= channels / kPiece ? pieces.last * kPiece : channels;
  for (std::size_t c = pieces.first * kPiece; c < last; c += most) {
    body(c, Group{args.n, std::min(most, channels - c), positions, channels * positions});
  }
}

class BatchNorm final : public LayerOf<BatchNorm> {
 public:
  void options(OptionVisitor& visitor) override;
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;
  std::optional<ChannelAffine> as_affine(std::span<const CView> parameters,
                                         std::size_t channel) const override;

 private:
  double momentum_ = 0.1;
  double epsilon_ = 1e-5;

  std::size_t channels_ = 0;
  std::size_t positions_ = 0;
};

}  // namespace

void BatchNorm::options(OptionVisitor& visitor) {
  visitor.real("momentum", momentum_, {0.0, 1.0});
  visitor.real("epsilon", epsilon_, {1e-12, 1.0});
}

LayerPlan BatchNorm::plan(std::span<const Shape> inputs) {
  LayerPlan plan;
  plan.output = only_input(inputs);
  channels_ = static_cast<std::size_t>(plan.output.channels);
  positions_ = plan.output.size() / channels_;
  const Dims dims = {plan.output.channels};
  plan.parameters = {
      {.name = "weight", .dims = dims, .kind = ParameterKind::gain, .initial = 1},
      {.name = "bias", .dims = dims, .kind = ParameterKind::bias},
      {.name = "running_mean", .dims = dims, .kind = ParameterKind::statistic, .rate = momentum_},
      {.name = "running_var",
       .dims = dims,
       .kind = ParameterKind::statistic,
       .initial = 1,
       .rate = momentum_},
  };
  plan.saved_bytes_per_sample = channels_ * sizeof(Moments);
  plan.couples_samples = true;
  plan.sharing = Sharing::pieces;
  plan.pieces = (channels_ + kPiece - 1) / kPiece;
  return plan;
}

// y = weight·(x − μ)/√(σ² + ε) + bias
void BatchNorm::forward(const ForwardArgs& args) const {
  auto* const saved = reinterpret_cast<Moments*>(args.saved.data());
  for_groups(args, channels_, positions_, [&](std::size_t first, const Group& group) {
    const Real* const x = &args.inputs[0][first * positions_];
    if (args.phase == Phase::train) find_moments(group, x, saved + first);
    Normalisation to{};
    for (std::size_t k = 0; k < group.channels; ++k) {
      const std::size_t c = first + k;
      const auto [mean, variance] =
          args.phase == Phase::train
              ? saved[c]
              : Moments{args.parameters[kMean][c], args.parameters[kVariance][c]};
      const double deviation = std::sqrt(double{variance} + epsilon_);
      to.mean[k] = mean;
      to.scale[k] = static_cast<Real>(args.parameters[kWeight][c] / deviation);
      to.shift[k] = args.parameters[kBias][c];
    }
    vectorized<normalise>(group, x, to, &args.output[first * positions_]);
  });
}

std::optional<ChannelAffine> BatchNorm::as_affine(std::span<const CView> parameters,
                                                  std::size_t channel) const {
  const double deviation = std::sqrt(double{parameters[kVariance][channel]} + epsilon_);
  return ChannelAffine{.mean = parameters[kMean][channel],
                       .scale = parameters[kWeight][channel] / deviation,
                       .shift = parameters[kBias][channel]};
}

// Forward was y = weight·x̂ + bias with x̂ = (x − μ)/s, s = √(σ² + ε), and both μ and σ² depend on
// every x of the channel, so
//   dbias += Σ dy,   dweight += Σ dy·x̂,   dx = weight/s·(dy − 1/m Σ dy − x̂·1/m Σ dy·x̂).
// The statistics' slots receive n times what the call has found.
void BatchNorm::backward(const BackwardArgs& args) const {
  const double n = static_cast<double>(args.n);
  const auto* const saved = reinterpret_cast<const Moments*>(args.saved.data());
  const View dx = args.dinputs[0];
  for_groups(args, channels_, positions_, [&](std::size_t first, const Group& group) {
    const Real* const x = &args.inputs[0][first * positions_];
    const Real* const dy = &args.doutput[first * positions_];
    const double m = group.values();
    Return back{};
    for (std::size_t k = 0; k < group.channels; ++k) back.mean[k] = saved[first + k].mean;
    const Each<double> dbias = vectorized<sum>(group, dy);
    const Each<double> products = vectorized<sum_products>(group, x, back.mean, dy);
    for (std::size_t k = 0; k < group.channels; ++k) {
      const std::size_t c = first + k;
      const auto [mean, variance] = saved[c];
      const double deviation = std::sqrt(double{variance} + epsilon_);
      const double dweight = products[k] / deviation;
      args.dparameters[kWeight][c] += static_cast<Real>(dweight);
      args.dparameters[kBias][c] += static_cast<Real>(dbias[k]);
      args.dparameters[kMean][c] += static_cast<Real>(n * mean);
      args.dparameters[kVariance][c] += static_cast<Real>(
          n * (m > 1 ? variance * m / (m - 1) : double{args.parameters[kVariance][c]}));
      back.scale[k] = static_cast<Real>(args.parameters[kWeight][c] / deviation);
      back.dmean[k] = static_cast<Real>(dbias[k] / m);
      back.dspread[k] = static_cast<Real>(dweight / m / deviation);
    }
    if (!dx.empty()) vectorized<send_back>(group, x, dy, back, &dx[first * positions_]);
  });
}

std::unique_ptr<Layer> make_batch_norm() {
  return std::make_unique<BatchNorm>();
}

}  // namespace cnn
