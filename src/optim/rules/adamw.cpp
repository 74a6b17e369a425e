#include "optim/rules/moments.hpp"
#include "optim/rules/rules.hpp"

namespace cnn::rules {
namespace {

// W ← W − α_t·λ·W − α_t·m̂/(√ŝ + ε): decoupled weight decay (Loshchilov and Hutter, 2019).
void step(const SolverStep& s) {
  step_moments(s, 0, 1 - s.alpha * s.lambda);
}

}  // namespace

SolverRule adamw() {
  return {.name = "adamw",
          .states = kMoments,
          .options = visit_moments,
          .step = step,
          .example = "{beta1: 0.5, beta2: 0.75, epsilon: 0.001}",
          .hints = kMomentsHints};
}

}  // namespace cnn::rules
