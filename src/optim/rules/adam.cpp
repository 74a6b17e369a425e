#include "optim/rules/moments.hpp"
#include "optim/rules/rules.hpp"

namespace cnn::rules {
namespace {

// W ← W − α_t·m̂/(√ŝ + ε), the decay being part of the gradient (Kingma and Ba, 2015).
void step(const SolverStep& s) {
  step_moments(s, s.lambda, 1);
}

}  // namespace

SolverRule adam() {
  return {.name = "adam",
          .states = kMoments,
          .options = visit_moments,
          .step = step,
          .example = "{beta1: 0.5, beta2: 0.75, epsilon: 0.001}",
          .hints = kMomentsHints};
}

}  // namespace cnn::rules
