#include "cnn/solver.hpp"

#include <algorithm>

namespace cnn {
namespace {

constexpr std::size_t kChunk =
    16384;  // 64 KiB of floats: value, velocity and gradients together fit into L2

}  // namespace

Solver::Solver(const Network& network, const SolverOptions& options)
    : momentum_(options.momentum), velocity_(network) {
  for (const Parameter& p : network.parameters()) {
    const LayerSpec& layer = network.nodes()[p.layer].spec;
    const double alpha = layer.alpha.value_or(options.alpha);
    const double lambda =
        p.kind == ParameterKind::weight ? layer.lambda.value_or(options.lambda) : 0.0;
    for (std::size_t at = 0; at < p.size; at += kChunk) {
      chunks_.push_back({p.offset + at, std::min(kChunk, p.size - at), alpha, lambda});
    }
  }
}

void Solver::step(Network& network, std::span<Gradients> gradients, double schedule_factor,
                  Workers& workers) {
  workers.run(static_cast<int>(chunks_.size()), [&](int, int task) {
    const Chunk& chunk = chunks_[static_cast<std::size_t>(task)];
    const View w = network.values().subspan(chunk.offset, chunk.size);
    const View v = velocity_.values().subspan(chunk.offset, chunk.size);
    const View sum = gradients.front().values().subspan(chunk.offset, chunk.size);
    for (Gradients& other : gradients.subspan(1)) {
      const View part = other.values().subspan(chunk.offset, chunk.size);
      for (std::size_t i = 0; i < chunk.size; ++i) sum[i] += part[i];
      std::fill(part.begin(), part.end(), Real{0});
    }
    const Real mu = static_cast<Real>(momentum_);
    const Real alpha = static_cast<Real>(schedule_factor * chunk.alpha);
    const Real lambda = static_cast<Real>(chunk.lambda);
    for (std::size_t i = 0; i < chunk.size; ++i) {
      v[i] = mu * v[i] - alpha * (sum[i] + lambda * w[i]);
      w[i] += v[i];
    }
    std::fill(sum.begin(), sum.end(), Real{0});
  });
}

}  // namespace cnn
