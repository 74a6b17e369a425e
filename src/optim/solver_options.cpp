#include "optim/solver_options.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "config/config_visitor.hpp"
#include "config/option_printer.hpp"

namespace cnn {
namespace {

using Keys = std::vector<std::string>;

bool contains(const Keys& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

Keys keys_of(const SolverRule& rule) {
  SolverOptions defaults;
  OptionLister lister;
  rule.options(lister, defaults);
  return lister.keys();
}

// Those of all rules, each once, in the order of the table.
Keys keys_of_all() {
  Keys keys;
  for (const SolverRule& rule : solver_rules()) {
    for (const std::string& key : keys_of(rule)) {
      if (!contains(keys, key)) keys.push_back(key);
    }
  }
  return keys;
}

// "its beta1 has that part" where the rule has a hint of its own, else "it is one of adam's and
// adamw's".
std::string hint_without(const std::string& key, const SolverRule& rule) {
  for (const SolverRule::Hint& hint : rule.hints) {
    if (hint.key == key) return std::string(hint.hint);
  }
  std::vector<std::string> owners;
  for (const SolverRule& other : solver_rules()) {
    if (contains(keys_of(other), key)) owners.push_back(std::string(other.name) + "'s");
  }
  return "it is one of " + join(owners, ", ", " and ");
}

// Keys are visited in the order of the table, whatever the rule: so messages list them.
void visit_rule(ConfigVisitor& visitor, SolverOptions& options) {
  const SolverRule& rule = *options.rule;
  const Keys own = keys_of(rule);
  bool visited = false;
  for (const std::string& key : keys_of_all()) {
    if (!contains(own, key)) {
      visitor.rule_out(
          key, "solver",
          {"solver " + std::string(rule.name) + " has no " + key, hint_without(key, rule)});
    } else if (!visited) {
      rule.options(visitor, options);
      visited = true;
    }
  }
}

}  // namespace

void visit(ConfigVisitor& visitor, SolverOptions& options) {
  constexpr Bounds kSize{.low = 0, .high = kLargestReal};
  visitor.real("alpha", options.alpha, kSize);
  visitor.real("lambda", options.lambda, kSize);
  auto index = static_cast<std::size_t>(options.rule - solver_rules().data());
  visitor.one_of("solver", index, solver_names());
  options.rule = &solver_rules()[index];
  visit_rule(visitor, options);
  visitor.real("clip", options.clip, kSize);
  visitor.real("ema", options.ema, {.low = 0, .high = 1, .below_high = true});
}

}  // namespace cnn
