// Holding outputs to their range, as they are written or afterwards.

#pragma once

#include <cstddef>

#include "base/lanes.hpp"
#include "kernels/output_range.hpp"

namespace cnn {

// min(max(v, low), high) for a Real or a vector of them; a NaN stays NaN.
template <typename V>
CNN_INLINE V held_to(const OutputRange& range, const V& v) {
  const V low = V{} + range.low;
  const V high = V{} + range.high;
  const V raised = v < low ? low : v;
  return raised > high ? high : raised;
}

// The same for all values, where that is not done as they are written.
CNN_INLINE
void hold_values(const OutputRange& range, Real* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) values[i] = held_to(range, values[i]);
}

inline void hold(const OutputRange& range, View values) {
  if (range != OutputRange{}) vectorized<hold_values>(range, values.data(), values.size());
}

}  // namespace cnn
