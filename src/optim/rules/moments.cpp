#include "optim/rules/moments.hpp"

#include <cmath>

#include "base/vectors.hpp"
#include "config/options.hpp"

namespace cnn::rules {
namespace {

// W ← kept·W − rate·m/(√s·root + ε): the corrections of m̂ and ŝ are within rate and root.
struct Constants {
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

CNN_INLINE
void descend(const Constants& c, std::size_t size, const Real* __restrict g, Real* __restrict m,
             Real* __restrict s, Real* __restrict w) {
  for (std::size_t i = 0; i < size; ++i) {
    const Real slope = g[i] + c.lambda * w[i];
    m[i] = c.beta1 * m[i] + c.rest1 * slope;
    s[i] = c.beta2 * s[i] + c.rest2 * slope * slope;
    w[i] = c.kept * w[i] - c.rate * m[i] / (std::sqrt(s[i]) * c.root + c.epsilon);
  }
}

}  // namespace

void visit_moments(OptionVisitor& visitor, SolverOptions& options) {
  constexpr Bounds kShare{.low = 0, .high = 1, .below_high = true};
  // Below, a float could round √s + ε to 0.
  constexpr Bounds kEpsilon{.low = 1e-30, .high = 1};
  visitor.real("beta1", options.beta1, kShare);
  visitor.real("beta2", options.beta2, kShare);
  visitor.real("epsilon", options.epsilon, kEpsilon);
}

void step_moments(const SolverStep& step, double lambda, double kept) {
  const SolverOptions& o = step.options;
  const Constants constants{static_cast<Real>(o.beta1),
                            static_cast<Real>(1 - o.beta1),
                            static_cast<Real>(o.beta2),
                            static_cast<Real>(1 - o.beta2),
                            static_cast<Real>(lambda),
                            static_cast<Real>(kept),
                            static_cast<Real>(step.alpha / (1 - std::pow(o.beta1, step.t))),
                            static_cast<Real>(1 / std::sqrt(1 - std::pow(o.beta2, step.t))),
                            static_cast<Real>(o.epsilon)};
  vectorized<descend>(constants, step.w.size(), step.g.data(), step.states[0].data(),
                      step.states[1].data(), step.w.data());
}

}  // namespace cnn::rules
