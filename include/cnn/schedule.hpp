// Schedules: how α changes over a run, as a pure function of the step.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

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
// and each of them is multiplied by min(1, (t + 1)/warmup).
struct Schedule {
  enum class Policy { constant, step, exp, inv, poly, cosine, onecycle };
  static constexpr std::array<std::string_view, 7> kPolicyNames = {
      "constant", "step", "exp", "inv", "poly", "cosine", "onecycle"};

  Policy policy = Policy::constant;
  double gamma = 0;
  double power = 0;
  double start = 0;
  double final = 0;
  double peak_at = 0;       // fraction of the run
  std::int64_t every = 1;   // steps
  std::int64_t warmup = 0;  // steps
};

// Does the factor depend on T?
bool depends_on_length(Schedule::Policy policy);

// α_t/α at step t of a run of `steps` steps.
double schedule_factor(const Schedule& schedule, std::int64_t t, std::int64_t steps);

}  // namespace cnn
