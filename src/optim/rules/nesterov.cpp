#include "config/options.hpp"
#include "optim/rules/rules.hpp"
#include "optim/solver_options.hpp"

namespace cnn::rules {
namespace {

constexpr std::array<std::string_view, 1> kStates = {"velocity"};

void options(OptionVisitor& visitor, SolverOptions& o) {
  visitor.real("momentum", o.momentum, {.low = 0, .high = 1, .above_low = true, .below_high = true},
               Presence::required);
}

// v ← μ·v − α_t·(g + λ·W),   W ← W + μ·v − α_t·(g + λ·W)
// Sutskever et al., 2013, as PyTorch rearranges it; α_t is part of v as for sgd.
void descend(std::size_t size, Real alpha, Real lambda, Real momentum, const Real* __restrict g,
             Real* __restrict v, Real* __restrict w) {
  for (std::size_t i = 0; i < size; ++i) {
    const Real down = alpha * (g[i] + lambda * w[i]);
    v[i] = momentum * v[i] - down;
    w[i] += momentum * v[i] - down;
  }
}

void step(const SolverStep& s) {
  descend(s.w.size(), static_cast<Real>(s.alpha), static_cast<Real>(s.lambda),
          static_cast<Real>(s.options.momentum), s.g.data(), s.states[0].data(), s.w.data());
}

}  // namespace

SolverRule nesterov() {
  return {.name = "nesterov",
          .states = kStates,
          .options = options,
          .step = step,
          .example = "{momentum: 0.5}"};
}

}  // namespace cnn::rules
