#include "optim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cnn {
namespace {

// From `from` to `to` along half a cosine wave as x goes from 0 to 1.
double cosine(double from, double to, double x) {
  return to + (from - to) * (1.0 + std::cos(std::numbers::pi * x)) / 2.0;
}

double policy_factor(const Schedule& s, double t, double steps, double falls) {
  switch (s.policy) {
    case Schedule::Policy::constant:
      return 1.0;
    case Schedule::Policy::step:
      return std::pow(s.gamma, std::floor(t / static_cast<double>(s.every)));
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

double schedule_factor(const Schedule& schedule, std::int64_t t, std::int64_t steps,
                       std::int64_t falls) {
  const double warm =
      schedule.warmup > 0
          ? std::min(1.0, static_cast<double>(t + 1) / static_cast<double>(schedule.warmup))
          : 1.0;
  return warm * policy_factor(schedule, static_cast<double>(t), static_cast<double>(steps),
                              static_cast<double>(falls));
}

}  // namespace cnn
