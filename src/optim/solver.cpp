#include "optim/solver.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "cnn/error.hpp"

#include "base/vectors.hpp"

namespace cnn {
namespace {

constexpr std::size_t kChunk =
    16384;  // 64 KiB of floats: value, velocity and gradients together fit into L2

constexpr std::array<std::string_view, 1> kVelocity = {"velocity"};
constexpr std::array<std::string_view, 2> kMoments = {"first_moment", "second_moment"};

std::span<const std::string_view> state_names_of(SolverType type) {
  if (has_moments(type)) return kMoments;
  return kVelocity;
}

// The constants of one chunk's step.
struct Descent {
  Real alpha;
  Real lambda;
  Real momentum;
};

void step_sgd(const Descent& d, std::size_t size, const Real* __restrict g, Real* __restrict v,
              Real* __restrict w) {
  for (std::size_t i = 0; i < size; ++i) {
    v[i] = d.momentum * v[i] - d.alpha * (g[i] + d.lambda * w[i]);
    w[i] += v[i];
  }
}

void step_nesterov(const Descent& d, std::size_t size, const Real* __restrict g, Real* __restrict v,
                   Real* __restrict w) {
  for (std::size_t i = 0; i < size; ++i) {
    const Real down = d.alpha * (g[i] + d.lambda * w[i]);
    v[i] = d.momentum * v[i] - down;
    w[i] += d.momentum * v[i] - down;
  }
}

// W ← kept·W − rate·m/(√s·root + ε): the corrections of m̂ and ŝ are within rate and root.
struct Adam {
  Real beta1;
  Real rest1;  // 1 − β₁, of which a float would lose digits
  Real beta2;
  Real rest2;
  Real lambda;
  Real kept;
  Real rate;
  Real root;
  Real epsilon;
};

CNN_VECTORIZED
void step_adam(const Adam& a, std::size_t size, const Real* __restrict g, Real* __restrict m,
               Real* __restrict s, Real* __restrict w) {
  for (std::size_t i = 0; i < size; ++i) {
    const Real slope = g[i] + a.lambda * w[i];
    m[i] = a.beta1 * m[i] + a.rest1 * slope;
    s[i] = a.beta2 * s[i] + a.rest2 * slope * slope;
    w[i] = a.kept * w[i] - a.rate * m[i] / (std::sqrt(s[i]) * a.root + a.epsilon);
  }
}

// Moves the average a by the share 1 − d towards W: nowhere, to the last bit, where it is already.
void follow(Real share, std::size_t size, const Real* __restrict w, Real* __restrict a) {
  for (std::size_t i = 0; i < size; ++i) a[i] += share * (w[i] - a[i]);
}

// r ← (1 − β)·r + β·Σ/samples
void follow(double momentum, CView sum, std::size_t samples, View r) {
  const Real rest = static_cast<Real>(1 - momentum);
  const Real share = static_cast<Real>(momentum / static_cast<double>(samples));
  for (std::size_t i = 0; i < r.size(); ++i) r[i] = rest * r[i] + share * sum[i];
}

constexpr double kClipMargin = 1e-6;

// In a fixed order, and with as many sums side by side as vector code wants.
double sum_of_squares(CView g) {
  constexpr std::size_t kLanes = 8;
  std::array<double, kLanes> sums{};
  std::size_t i = 0;
  for (; i + kLanes <= g.size(); i += kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) {
      sums[k] += static_cast<double>(g[i + k]) * static_cast<double>(g[i + k]);
    }
  }
  for (; i < g.size(); ++i) sums[0] += static_cast<double>(g[i]) * static_cast<double>(g[i]);
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

// The sum of partial gradients, in their order; it takes the place of the first, the others become
// zero.
View add_up(std::span<Gradients> gradients, std::size_t offset, std::size_t size) {
  const View sum = gradients.front().values().subspan(offset, size);
  for (Gradients& other : gradients.subspan(1)) {
    const View part = other.values().subspan(offset, size);
    for (std::size_t i = 0; i < size; ++i) sum[i] += part[i];
    std::fill(part.begin(), part.end(), Real{0});
  }
  return sum;
}

Adam adam_of(const SolverOptions& o, double alpha, double lambda, std::uint64_t t) {
  const double steps = static_cast<double>(t) + 1;
  const bool decoupled = o.type == SolverType::adamw;
  return {static_cast<Real>(o.beta1),
          static_cast<Real>(1 - o.beta1),
          static_cast<Real>(o.beta2),
          static_cast<Real>(1 - o.beta2),
          static_cast<Real>(decoupled ? 0 : lambda),
          static_cast<Real>(decoupled ? 1 - alpha * lambda : 1),
          static_cast<Real>(alpha / (1 - std::pow(o.beta1, steps))),
          static_cast<Real>(1 / std::sqrt(1 - std::pow(o.beta2, steps))),
          static_cast<Real>(o.epsilon)};
}

}  // namespace

Solver::Solver(const Network& network, const SolverOptions& options, View average)
    : options_(options), average_(average) {
  if (!average.empty() && average.size() != network.values().size()) {
    throw ShapeError("solver: the average holds " + std::to_string(average.size()) +
                     " values, the network " + std::to_string(network.values().size()));
  }
  for (std::size_t i = 0; i < state_names().size(); ++i) states_.emplace_back(network);
  for (const Parameter& p : network.parameters()) {
    const LayerSpec& layer = network.nodes()[p.layer].spec;
    const double alpha = layer.alpha.value_or(options.alpha);
    const double lambda =
        p.kind == ParameterKind::weight ? layer.lambda.value_or(options.lambda) : 0.0;
    for (std::size_t at = 0; at < p.size; at += kChunk) {
      chunks_.push_back(
          {p.offset + at, std::min(kChunk, p.size - at), alpha, lambda, p.is_learnt(), p.momentum});
    }
  }
  squares_.resize(chunks_.size());
}

std::span<const std::string_view> Solver::state_names() const {
  return state_names_of(options_.type);
}

void Solver::require_state(std::size_t i, const Parameter& p) const {
  const std::size_t size = states_.front().values().size();
  if (i < states_.size() && p.offset <= size && p.size <= size - p.offset) return;
  throw ArgumentError("solver: keeps no state " + std::to_string(i) + " of '" + p.name + "'");
}

std::size_t Solver::bytes(const Network& network, SolverType type) {
  return state_names_of(type).size() * network.values().size_bytes();
}

// Adds the partial gradients up and returns what their sum is to be multiplied by. Its squares are
// added by chunks, and these in their order: the same norm for any number of threads.
Real Solver::add_up_and_measure(std::span<Gradients> gradients, Workers& workers) {
  workers.run(static_cast<int>(chunks_.size()), [&](int, int task) {
    const auto i = static_cast<std::size_t>(task);
    const View sum = add_up(gradients, chunks_[i].offset, chunks_[i].size);
    squares_[i] = chunks_[i].learnt ? sum_of_squares(sum) : 0;
  });
  const double norm = std::sqrt(std::accumulate(squares_.begin(), squares_.end(), 0.0));
  return static_cast<Real>(std::min(1.0, options_.clip / (norm + kClipMargin)));
}

void Solver::update(View w, CView g, const Chunk& chunk, std::uint64_t t, double schedule_factor) {
  const double alpha = schedule_factor * chunk.alpha;
  Real* const first = states_[0].values().data() + chunk.offset;
  if (has_moments(options_.type)) {
    Real* const second = states_[1].values().data() + chunk.offset;
    step_adam(adam_of(options_, alpha, chunk.lambda, t), chunk.size, g.data(), first, second,
              w.data());
  } else {
    const Descent descent{static_cast<Real>(alpha), static_cast<Real>(chunk.lambda),
                          static_cast<Real>(options_.momentum)};
    const auto step = options_.type == SolverType::nesterov ? step_nesterov : step_sgd;
    step(descent, chunk.size, g.data(), first, w.data());
  }
}

void Solver::average(CView w, const Chunk& chunk, std::uint64_t t) {
  const double steps = static_cast<double>(t);
  const double decay = std::min(options_.ema, (1 + steps) / (10 + steps));
  follow(static_cast<Real>(1 - decay), chunk.size, w.data(), average_.data() + chunk.offset);
}

void Solver::step(Network& network, std::span<Gradients> gradients, std::uint64_t t,
                  double schedule_factor, Workers& workers) {
  const std::size_t size = states_.front().values().size();
  const auto fits = [&](const Gradients& part) { return part.values().size() == size; };
  if (gradients.empty() || network.values().size() != size ||
      !std::all_of(gradients.begin(), gradients.end(), fits)) {
    throw ArgumentError(
        "solver: needs gradients, and both these and the network as it was made for");
  }
  std::size_t samples = 0;
  for (Gradients& part : gradients) samples += part.take_samples();
  const bool clips = options_.clip > 0;
  const Real scale = clips ? add_up_and_measure(gradients, workers) : 1;
  const std::span parts = clips ? gradients.first(1) : gradients;
  workers.run(static_cast<int>(chunks_.size()), [&](int, int task) {
    const Chunk& chunk = chunks_[static_cast<std::size_t>(task)];
    const View sum = add_up(parts, chunk.offset, chunk.size);
    const View w = network.values().subspan(chunk.offset, chunk.size);
    if (!chunk.learnt) {
      if (samples > 0) follow(chunk.momentum, sum, samples, w);
    } else {
      if (scale < 1) {
        for (Real& g : sum) g *= scale;
      }
      update(w, sum, chunk, t, schedule_factor);
    }
    if (!average_.empty()) average(w, chunk, t);
    std::fill(sum.begin(), sum.end(), Real{0});
  });
}

}  // namespace cnn
