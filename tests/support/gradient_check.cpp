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

Values numeric_gradient(View x, double step, const Objective& objective) {
  const std::vector<Real> one(x.size(), 1);
  Values gradient;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Difference d = central_difference(x, one, {{i}, {1.0}}, step, objective);
    // The step as it was taken, after rounding.
    gradient.push_back(d.numeric() / d.analytic());
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

}  // namespace cnn
