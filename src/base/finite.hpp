// Are numbers numbers?

#pragma once

#include <algorithm>
#include <cmath>

namespace cnn {

// Is none of the `values`, a span or vector of floats or doubles, infinite or NaN?
template <typename Values>
bool all_finite(const Values& values) {
  return std::all_of(values.begin(), values.end(), [](auto value) { return std::isfinite(value); });
}

}  // namespace cnn
