// The table of solver rules: one line per rule, whose keys and step stand in a file of their own in
// rules/. Immutable; any thread may read it.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/view.hpp"

namespace cnn {

class OptionVisitor;
struct SolverOptions;

// The most that any rule keeps of each value.
inline constexpr std::size_t kMostSolverStates = 4;

// One step of a piece of a parameter; all views have the size of the piece.
struct SolverStep {
  const SolverOptions& options;
  double alpha;                                // α_t of this parameter
  double lambda;                               // λ of this parameter; 0 for what is not decayed
  double t;                                    // 1, 2, …, the number of the step
  CView g;                                     // the gradient of the data term
  std::array<View, kMostSolverStates> states;  // in the rule's order; zeros before the first step
  View w;
};

struct SolverRule {
  std::string_view name;  // value of the key `solver`
  std::span<const std::string_view>
      states;  // names of what it keeps of each value, for checkpoints
  // Visits the keys that the rule reads.
  void (*options)(OptionVisitor& visitor, SolverOptions& options);
  // Assigns w and the states. Each value by itself: how a parameter is cut into pieces changes
  // nothing. Allocates nothing.
  void (*step)(const SolverStep& step);
  std::string_view example;  // of its keys, for the contract test: "{momentum: 0.9}"

  // What to do without a key that other rules have, where "it is one of adam's" says too little.
  struct Hint {
    std::string_view key;
    std::string_view hint;
  };
  std::span<const Hint> hints = {};
};

// The first is the default.
std::span<const SolverRule> solver_rules();
// In the order of the table.
std::span<const std::string_view> solver_names();

// nullptr if there is no such rule.
const SolverRule* find_solver_rule(std::string_view name);

}  // namespace cnn
