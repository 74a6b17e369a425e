#include "optim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "config/config_visitor.hpp"

namespace cnn {
namespace {

// From `from` to `to` along half a cosine wave as x goes from 0 to 1.
double cosine(double from, double to, double x) {
  return to + (from - to) * (1.0 + std::cos(std::numbers::pi * x)) / 2.0;
}

double policy_factor(const Schedule& s, double t, double steps, double every, double falls) {
  switch (s.policy) {
    case Schedule::Policy::constant:
      return 1.0;
    case Schedule::Policy::step:
      return std::pow(s.gamma, std::floor(t / every));
    case Schedule::Policy::exp:
      return std::pow(s.gamma, t);
    case Schedule::Policy::inv:
      return std::pow(1.0 + s.gamma * t, -s.power);
    case Schedule::Policy::poly:
      return std::pow(1.0 - t / steps, s.power);
    case Schedule::Policy::cosine:
      return cosine(1.0, s.final, t / steps);
    case Schedule::Policy::onecycle: {
      const double peak = s.peak_at * steps;
      return t < peak ? cosine(s.start, 1.0, t / peak)
                      : cosine(1.0, s.final, (t - peak) / (steps - peak));
    }
    case Schedule::Policy::plateau:
      return std::pow(s.factor, falls);
  }
  return 1.0;
}

}  // namespace

void visit(ConfigVisitor& visitor, Schedule& s) {
  using Policy = Schedule::Policy;
  constexpr Bounds kPositive{.low = 0, .above_low = true};
  constexpr Bounds kFraction{.low = 0, .high = 1};
  constexpr Bounds kInnerFraction{.low = 0, .high = 1, .above_low = true, .below_high = true};
  constexpr Presence kRequired = Presence::required;
  visitor.choice("policy", s.policy, Schedule::kPolicyNames, kRequired);
  switch (s.policy) {
    case Policy::constant:
      break;
    case Policy::step:
      visitor.real("gamma", s.gamma, kPositive, kRequired);
      visit_period(visitor, "every", s.every, 1, kRequired);
      break;
    case Policy::exp:
      visitor.real("gamma", s.gamma, kPositive, kRequired);
      break;
    case Policy::inv:
      visitor.real("gamma", s.gamma, {.low = 0}, kRequired);
      visitor.real("power", s.power, {.low = 0}, kRequired);
      break;
    case Policy::poly:
      visitor.real("power", s.power, {.low = 0}, kRequired);
      break;
    case Policy::cosine:
      visitor.real("final", s.final, kFraction);
      break;
    case Policy::onecycle:
      visitor.real("peak_at", s.peak_at, kInnerFraction);
      visitor.real("start", s.start, kFraction);
      visitor.real("final", s.final, kFraction);
      break;
    case Policy::plateau:
      visitor.real("factor", s.factor, kInnerFraction);
      visitor.integer("patience", s.patience, {.low = 1, .high = kLargestCount});
      break;
  }
  visit_period(visitor, "warmup", s.warmup, 0, Presence::optional);
}

bool depends_on_length(Schedule::Policy policy) {
  return policy == Schedule::Policy::poly || policy == Schedule::Policy::cosine ||
         policy == Schedule::Policy::onecycle;
}

Plateau after_epoch(const Schedule& schedule, const Plateau& before, double validation_loss) {
  Plateau now = before;
  if (validation_loss < now.best) {
    now.best = validation_loss;
    now.waited = 0;
  } else if (++now.waited >= schedule.patience) {
    now.waited = 0;
    ++now.falls;
  }
  return now;
}

double schedule_factor(const Schedule& schedule, std::int64_t t, const RunLength& length,
                       std::int64_t falls) {
  const std::int64_t warmup = schedule.warmup.in_steps(length.steps_per_epoch);
  const std::int64_t every = schedule.every.in_steps(length.steps_per_epoch);
  const double warm =
      warmup > 0 ? std::min(1.0, static_cast<double>(t + 1) / static_cast<double>(warmup)) : 1.0;
  return warm * policy_factor(schedule, static_cast<double>(t), static_cast<double>(length.steps),
                              static_cast<double>(every), static_cast<double>(falls));
}

}  // namespace cnn
