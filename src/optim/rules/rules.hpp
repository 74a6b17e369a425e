// The entries of the table of solver rules, each from the file of its name.

#pragma once

#include "optim/solver_rules.hpp"

namespace cnn::rules {

SolverRule sgd();
SolverRule nesterov();
SolverRule adam();
SolverRule adamw();

}  // namespace cnn::rules
