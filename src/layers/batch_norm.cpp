#include "cnn/layers/batch_norm.hpp"

#include <array>
#include <cmath>

#include "vectors.hpp"

namespace cnn {
namespace {

// The order of parameters in the plan.
enum : std::size_t { kWeight, kBias, kMean, kVariance };

// The values of one channel: n rows of P, `pitch` = C·P from sample to sample.
struct Rows {
  std::size_t n;
  std::size_t count;
  std::size_t pitch;

  double values() const { return static_cast<double>(n * count); }
};

// A row is added up in kLanes sums side by side, which fill a vector register, and rows in double:
// so little is lost to rounding, and in the same order on every processor.
constexpr std::size_t kLanes = 16;

// Σ term(i) for i = 0 … count-1
template <typename Term>
CNN_INLINE double sum_row(std::size_t count, const Term& term) {
  std::array<Real, kLanes> lanes{};
  const std::size_t whole = count / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) lanes[k] += term(i + k);
  }
  for (std::size_t i = whole; i < count; ++i) lanes[i - whole] += term(i);
  double sum = 0;
  for (const Real lane : lanes) sum += lane;
  return sum;
}

CNN_VECTORIZED
double sum(const Rows& rows, const Real* x) {
  double total = 0;
  for (std::size_t i = 0; i < rows.n; ++i, x += rows.pitch) {
    total += sum_row(rows.count, [=](std::size_t k) CNN_INLINE_LAMBDA { return x[k]; });
  }
  return total;
}

// Σ (x − mean)²
CNN_VECTORIZED
double sum_squares(const Rows& rows, const Real* x, Real mean) {
  double total = 0;
  for (std::size_t i = 0; i < rows.n; ++i, x += rows.pitch) {
    total += sum_row(
        rows.count, [=](std::size_t k) CNN_INLINE_LAMBDA { return (x[k] - mean) * (x[k] - mean); });
  }
  return total;
}

// Σ dy·(x − mean)
CNN_VECTORIZED
double sum_products(const Rows& rows, const Real* x, Real mean, const Real* dy) {
  double total = 0;
  for (std::size_t i = 0; i < rows.n; ++i, x += rows.pitch, dy += rows.pitch) {
    total +=
        sum_row(rows.count, [=](std::size_t k) CNN_INLINE_LAMBDA { return dy[k] * (x[k] - mean); });
  }
  return total;
}

// y = (x − mean)·scale + shift
CNN_VECTORIZED
void normalise(const Rows& rows, const Real* __restrict x, Real mean, Real scale, Real shift,
               Real* __restrict y) {
  for (std::size_t i = 0; i < rows.n; ++i, x += rows.pitch, y += rows.pitch) {
    for (std::size_t k = 0; k < rows.count; ++k) y[k] = (x[k] - mean) * scale + shift;
  }
}

// dx = scale·(dy − dmean − (x − mean)·dspread)
CNN_VECTORIZED
void send_back(const Rows& rows, const Real* __restrict x, Real mean, const Real* __restrict dy,
               Real scale, Real dmean, Real dspread, Real* __restrict dx) {
  for (std::size_t i = 0; i < rows.n; ++i, x += rows.pitch, dy += rows.pitch, dx += rows.pitch) {
    for (std::size_t k = 0; k < rows.count; ++k) {
      dx[k] = scale * (dy[k] - dmean - (x[k] - mean) * dspread);
    }
  }
}

// What a call keeps of a channel for backward, in the room of the first sample.
struct Moments {
  Real mean;
  Real variance;
};

Moments moments(const Rows& rows, const Real* x) {
  const Real mean = static_cast<Real>(sum(rows, x) / rows.values());
  return {mean, static_cast<Real>(sum_squares(rows, x, mean) / rows.values())};
}

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
      {.name = "running_mean",
       .dims = dims,
       .kind = ParameterKind::statistic,
       .momentum = momentum_},
      {.name = "running_var",
       .dims = dims,
       .kind = ParameterKind::statistic,
       .initial = 1,
       .momentum = momentum_},
  };
  plan.saved_bytes_per_sample = channels_ * sizeof(Moments);
  plan.wants_all_samples = true;
  return plan;
}

// y = weight·(x − μ)/√(σ² + ε) + bias
void BatchNorm::forward(const ForwardArgs& args) const {
  const Rows rows{args.n, positions_, channels_ * positions_};
  auto* const saved = reinterpret_cast<Moments*>(args.saved.data());
  for (std::size_t c = 0; c < channels_; ++c) {
    const Real* const x = &args.inputs[0][c * positions_];
    Moments of_channel{args.parameters[kMean][c], args.parameters[kVariance][c]};
    if (args.phase == Phase::train) saved[c] = of_channel = moments(rows, x);
    const double deviation = std::sqrt(double{of_channel.variance} + epsilon_);
    const Real scale = static_cast<Real>(args.parameters[kWeight][c] / deviation);
    normalise(rows, x, of_channel.mean, scale, args.parameters[kBias][c],
              &args.output[c * positions_]);
  }
}

// Forward was y = weight·x̂ + bias with x̂ = (x − μ)/s, s = √(σ² + ε), and both μ and σ² depend on
// every x of the channel, so
//   dbias += Σ dy,   dweight += Σ dy·x̂,   dx = weight/s·(dy − 1/m Σ dy − x̂·1/m Σ dy·x̂).
// The statistics' slots receive n times what the call has found.
void BatchNorm::backward(const BackwardArgs& args) const {
  const Rows rows{args.n, positions_, channels_ * positions_};
  const double m = rows.values();
  const double n = static_cast<double>(args.n);
  const auto* const saved = reinterpret_cast<const Moments*>(args.saved.data());
  const View dx = args.dinputs[0];
  for (std::size_t c = 0; c < channels_; ++c) {
    const Real* const x = &args.inputs[0][c * positions_];
    const Real* const dy = &args.doutput[c * positions_];
    const auto [mean, variance] = saved[c];
    const double deviation = std::sqrt(double{variance} + epsilon_);
    const double dbias = sum(rows, dy);
    const double dweight = sum_products(rows, x, mean, dy) / deviation;
    args.dparameters[kWeight][c] += static_cast<Real>(dweight);
    args.dparameters[kBias][c] += static_cast<Real>(dbias);
    args.dparameters[kMean][c] += static_cast<Real>(n * mean);
    args.dparameters[kVariance][c] += static_cast<Real>(
        n * (m > 1 ? variance * m / (m - 1) : double{args.parameters[kVariance][c]}));
    if (dx.empty()) continue;
    send_back(rows, x, mean, dy, static_cast<Real>(args.parameters[kWeight][c] / deviation),
              static_cast<Real>(dbias / m), static_cast<Real>(dweight / m / deviation),
              &dx[c * positions_]);
  }
}

}  // namespace cnn
