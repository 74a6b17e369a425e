#include "cnn/solver.hpp"

#include <algorithm>

namespace cnn {
namespace {

constexpr std::size_t kChunk =
    16384;  // 64 KiB of floats: value, velocity and gradients together fit into L2

// r ← (1 − β)·r + β·Σ/samples
void follow(double momentum, CView sum, std::size_t samples, View r) {
  const Real rest = static_cast<Real>(1 - momentum);
  const Real share = static_cast<Real>(momentum / static_cast<double>(samples));
  for (std::size_t i = 0; i < r.size(); ++i) r[i] = rest * r[i] + share * sum[i];
}

}  // namespace

Solver::Solver(const Network& network, const SolverOptions& options)
    : momentum_(options.momentum), velocity_(network) {
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
}

void Solver::descend(const Chunk& chunk, CView gradient, double schedule_factor, View w) {
  const View v = velocity_.values().subspan(chunk.offset, chunk.size);
  const Real mu = static_cast<Real>(momentum_);
  const Real alpha = static_cast<Real>(schedule_factor * chunk.alpha);
  const Real lambda = static_cast<Real>(chunk.lambda);
  for (std::size_t i = 0; i < chunk.size; ++i) {
    v[i] = mu * v[i] - alpha * (gradient[i] + lambda * w[i]);
    w[i] += v[i];
  }
}

void Solver::step(Network& network, std::span<Gradients> gradients, double schedule_factor,
                  Workers& workers) {
  std::size_t samples = 0;
  for (Gradients& part : gradients) samples += part.take_samples();
  workers.run(static_cast<int>(chunks_.size()), [&](int, int task) {
    const Chunk& chunk = chunks_[static_cast<std::size_t>(task)];
    const View w = network.values().subspan(chunk.offset, chunk.size);
    const View sum = gradients.front().values().subspan(chunk.offset, chunk.size);
    for (Gradients& other : gradients.subspan(1)) {
      const View part = other.values().subspan(chunk.offset, chunk.size);
      for (std::size_t i = 0; i < chunk.size; ++i) sum[i] += part[i];
      std::fill(part.begin(), part.end(), Real{0});
    }
    if (chunk.learnt) {
      descend(chunk, sum, schedule_factor, w);
    } else if (samples > 0) {
      follow(chunk.momentum, sum, samples, w);
    }
    std::fill(sum.begin(), sum.end(), Real{0});
  });
}

}  // namespace cnn
