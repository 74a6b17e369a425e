// Schedules: how α changes over a run, as a pure function of the step, and for plateau of how often
// the validation loss has come to rest. Its keys are those of training.schedule.

#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

#include "config/interval.hpp"

namespace cnn {

// T is the run's number of steps, t = 0, 1, … T-1 the step. The factor of α is
//   constant  1
//   step      γ^⌊t/every⌋
//   exp       γ^t
//   inv       (1 + γt)^(−power)
//   poly      (1 − t/T)^power
//   cosine    final + (1 − final)·(1 + cos(πt/T))/2
//   onecycle  with p = peak_at·T: for t < p  start + (1 − start)·(1 − cos(πt/p))/2,
//             then final + (1 − final)·(1 + cos(π(t − p)/(T − p)))/2
//   plateau   factor^(falls so far): one after each `patience` epochs in a row in which the
//             validation loss has not become smaller than ever before
// and each of them is multiplied by min(1, (t + 1)/warmup). A policy reads its own numbers alone.
struct Schedule {
  enum class Policy { constant, step, exp, inv, poly, cosine, onecycle, plateau };
  static constexpr std::array<std::string_view, 8> kPolicyNames = {
      "constant", "step", "exp", "inv", "poly", "cosine", "onecycle", "plateau"};

  Policy policy = Policy::constant;
  double gamma = 0;
  double power = 0;
  double start = 0.04;
  double final = 0;
  double peak_at = 0.3;  // fraction of the run
  double factor = 0.1;
  std::int64_t patience = 3;                 // epochs
  Interval every{Interval::Unit::steps, 1};  // steps or epochs
  Interval warmup{};                         // steps or epochs

  bool operator==(const Schedule&) const = default;
};

// Exactly the keys of the policy, and warmup.
void visit(ConfigVisitor& visitor, Schedule& schedule);

// Does the factor depend on T?
bool depends_on_length(Schedule::Policy policy);

// What plateau has seen of a run.
struct Plateau {
  double best = std::numeric_limits<double>::max();  // validation loss
  std::int64_t waited = 0;                           // epochs since then, or since the last fall
  std::int64_t falls = 0;

  bool operator==(const Plateau&) const = default;
};
// After one more epoch.
Plateau after_epoch(const Schedule& schedule, const Plateau& before, double validation_loss);

struct RunLength {
  std::int64_t steps;            // T
  std::int64_t steps_per_epoch;  // by which `every` and `warmup` are counted where they are epochs
};

// α_t/α at step t of the run, after so many falls.
double schedule_factor(const Schedule& schedule, std::int64_t t, const RunLength& length,
                       std::int64_t falls = 0);

}  // namespace cnn
