#include "optim/solver_rules.hpp"

#include <algorithm>
#include <vector>

#include "optim/rules/rules.hpp"

namespace cnn {

std::span<const SolverRule> solver_rules() {
  static const auto table = std::to_array<SolverRule>({
      rules::sgd(),
      rules::nesterov(),
      rules::adam(),
      rules::adamw(),
  });
  return table;
}

std::span<const std::string_view> solver_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> result;
    for (const SolverRule& rule : solver_rules()) result.push_back(rule.name);
    return result;
  }();
  return names;
}

const SolverRule* find_solver_rule(std::string_view name) {
  const std::span rules = solver_rules();
  const auto found = std::find_if(rules.begin(), rules.end(),
                                  [&](const SolverRule& rule) { return rule.name == name; });
  return found == rules.end() ? nullptr : &*found;
}

}  // namespace cnn
