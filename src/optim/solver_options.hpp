// SolverOptions: what the section `training` says of the solver.

#pragma once

#include "optim/solver_rules.hpp"

namespace cnn {

class ConfigVisitor;

// What a rule does not read is ignored.
struct SolverOptions {
  double alpha = 0.01;  // base learning rate α of parameters whose layer names none
  double lambda = 0;    // weight decay λ, likewise; biases are not decayed
  double momentum = 0;  // μ
  const SolverRule* rule = &solver_rules().front();  // of the table
  double beta1 = 0.9;                                // β₁
  double beta2 = 0.999;                              // β₂
  double epsilon = 1e-8;                             // ε
  double clip = 0;                                   // largest norm of the gradient; 0 = any
  double ema = 0;                                    // decay of the average; 0 = none

  bool operator==(const SolverOptions&) const = default;
};

// The keys from alpha to ema, among them `solver` and exactly those of its rule.
void visit(ConfigVisitor& visitor, SolverOptions& options);

}  // namespace cnn
