// What several measurements of one thing come to.

#pragma once

#include <span>

namespace cnn {

struct Statistics {
  double mean = 0;
  double deviation = 0;  // n − 1 in the denominator; 0 of a single value
};

// Zeros for no values.
Statistics statistics(std::span<const double> values);

}  // namespace cnn
