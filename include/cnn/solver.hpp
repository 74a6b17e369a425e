// Solver: turns gradients into an update of all parameters. It sees values, gradients and
// per-parameter constants, never layers.

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "cnn/network.hpp"
#include "cnn/workers.hpp"
#include "cnn/workspace.hpp"

namespace cnn {

struct SolverOptions {
  double alpha = 0.01;  // base learning rate α of parameters whose layer names none
  double lambda = 0;    // weight decay λ, likewise; biases are not decayed
  double momentum = 0;  // μ
};

// Stochastic gradient descent with momentum:
//   v ← μ·v − α_t·(∂/∂W of the data term + λ·W),   W ← W + v
// A statistic r follows s, its mean over the samples of the batch, by its own momentum β instead:
//   r ← (1 − β)·r + β·s
// Owns the velocities v, laid out like Network::values().
class Solver {
 public:
  Solver(const Network& network, const SolverOptions& options);

  // One step with α_t = schedule_factor · α. `gradients` are partial sums of the data term's
  // gradient, and of statistics over their samples; they are added up in their order, whatever the
  // number of workers, and set to zero for the next step.
  void step(Network& network, std::span<Gradients> gradients, double schedule_factor,
            Workers& workers);

  // v of one parameter, which a checkpoint saves and restores; statistics have none.
  View velocity(const Parameter& p) { return velocity_.values().subspan(p.offset, p.size); }
  CView velocity(const Parameter& p) const { return velocity_.values().subspan(p.offset, p.size); }

 private:
  // A piece of one parameter: small enough to share the work out, large enough to be worth it.
  struct Chunk {
    std::size_t offset;
    std::size_t size;
    double alpha;
    double lambda;
    bool learnt;
    double momentum;  // of a statistic
  };

  void descend(const Chunk& chunk, CView gradient, double schedule_factor, View w);

  double momentum_;
  std::vector<Chunk> chunks_;
  Gradients velocity_;
};

}  // namespace cnn
