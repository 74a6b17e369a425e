#include "support/gradient_check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cnn {

namespace {

// What a difference of two evaluations of J may be off by: roundings of some dozens of terms of
// order one.
constexpr double kRounding = 64 * std::numeric_limits<Real>::epsilon();

}  // namespace

Differences linear_differences() {
  return {1.0, kRounding};
}

Differences curved_differences() {
  constexpr double kStep = sizeof(Real) == sizeof(float) ? 0x1p-7 : 0x1p-13;
  static_assert(kStep < kGrid / 2);
  // Truncation, h²/6·|f'''|, is below h² as |f'''| <= 2 for tanh and less for the sigmoid.
  return {kStep, kStep * kStep + kRounding / kStep};
}

Values numeric_gradient(View x, double step, const std::function<double()>& objective) {
  Values gradient;
  for (Real& value : x) {
    const Real before = value;
    const auto above = static_cast<Real>(before + step);
    const auto below = static_cast<Real>(before - step);
    value = above;
    const double objective_above = objective();
    value = below;
    const double objective_below = objective();
    value = before;
    // The step as it was taken, after rounding.
    gradient.push_back((objective_above - objective_below) / (double{above} - double{below}));
  }
  return gradient;
}

double element_wise_error(const Values& numeric, const Values& analytic) {
  if (numeric.size() != analytic.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (std::size_t i = 0; i < numeric.size(); ++i) {
    const double scale = std::max({1.0, std::abs(numeric[i]), std::abs(analytic[i])});
    const double error = std::abs(numeric[i] - analytic[i]) / scale;
    if (std::isnan(error)) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, error);
  }
  return largest;
}

double norm_wise_error(const Values& numeric, const Values& analytic) {
  if (numeric.size() != analytic.size()) return std::numeric_limits<double>::infinity();
  double difference = 0;
  double sum = 0;
  for (std::size_t i = 0; i < numeric.size(); ++i) {
    difference += std::pow(numeric[i] - analytic[i], 2);
    sum += std::pow(numeric[i] + analytic[i], 2);
  }
  return std::sqrt(difference / sum);
}

}  // namespace cnn
