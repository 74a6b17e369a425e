// What adam and adamw share: two moments of the gradient, corrected for their start at zero.

#pragma once

#include "optim/solver_options.hpp"
#include "optim/solver_rules.hpp"

namespace cnn::rules {

inline constexpr std::array<std::string_view, 2> kMoments = {"first_moment", "second_moment"};
inline constexpr std::array<SolverRule::Hint, 1> kMomentsHints = {
    {{"momentum", "its beta1 has that part"}}};

void visit_moments(OptionVisitor& visitor, SolverOptions& options);

// With the slope g + λ·W:
//   m ← β₁·m + (1 − β₁)·slope,   s ← β₂·s + (1 − β₂)·slope²,
//   W ← kept·W − α_t·m̂/(√ŝ + ε)  with m̂ = m/(1 − β₁^t), ŝ = s/(1 − β₂^t)
void step_moments(const SolverStep& step, double lambda, double kept);

}  // namespace cnn::rules
