// How a test takes the library's difference quotients (cnn/gradient_check.hpp) value by value, and
// how far they may be off.

#pragma once

#include "nn/gradient_check.hpp"
#include "support/values.hpp"

namespace cnn {

// How to take a difference quotient and what it is worth.
struct Differences {
  double step;
  double tolerance;  // of |numeric − analytic| / max(1, |numeric|, |analytic|), where J's terms are
                     // of order one
};
// Where J is linear the quotient is exact for any step but for J's own roundings.
Differences linear_differences();
// Where it is not: a step small against the curvature, large against Real's rounding. Kinks must be
// kGrid/2 or more away from the arguments, as with Draw::grid(…, kGrid).
Differences curved_differences();
inline constexpr double kGrid = 0x1p-5;

// ∂J/∂x_i for every i; x is left as it was.
Values numeric_gradient(View x, double step, const Objective& objective);

// The largest |numeric − analytic| / max(1, |numeric|, |analytic|) (Caffe's gradient checker).
double element_wise_error(const Values& numeric, const Values& analytic);

}  // namespace cnn
