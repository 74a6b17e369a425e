// Pooling with 2x2 windows side by side (kernel 2, stride 2, no pad), by far the most frequent
// kind: every pixel belongs to one window, so that nothing is looked up and nothing is added up.

#pragma once

#include <cstddef>
#include <cstdint>

#include "base/view.hpp"

namespace cnn::pool_2x2 {

// Planes of height x width pixels, one after the other, become planes of ⌊height/2⌋ x ⌊width/2⌋;
// the last row or column of an odd extent is left out.
struct Planes {
  std::size_t count;
  std::size_t height;
  std::size_t width;
};

// y = max over the window, the first in row order among equals; a NaN wins. winners: which of the
// four it was, 0 … 3 in row order; nullptr if nobody wants to know.
void forward_max(const Planes& planes, const Real* x, Real* y, std::uint8_t* winners);
// Assigns dx: dy for the winner, 0 for the others.
void backward_max(const Planes& planes, const Real* dy, const std::uint8_t* winners, Real* dx);

// y = mean over the window
void forward_mean(const Planes& planes, const Real* x, Real* y);
// Assigns dx: dy/4 each.
void backward_mean(const Planes& planes, const Real* dy, Real* dx);

}  // namespace cnn::pool_2x2
