// The correlation of a plane with a small kernel, whose elements may lie anywhere.

#pragma once

#include <cstddef>
#include <span>

#include "base/view.hpp"
#include "kernels/output_range.hpp"

namespace cnn {

// An element of a kernel, and where the pixel under it stands when the kernel is at the first
// position.
struct Tap {
  std::size_t element;
  std::size_t offset;
};

// y[row, column] = start + Σ weight[tap.element]·x[tap.offset + row·pitch + column], the taps in
// their order, held to a range
struct PlaneCorrelation {
  const Real* x;
  std::size_t pitch;
  std::span<const Tap> taps;
  const Real* weight;
  Real start;
  int rows;
  int columns;
  OutputRange range = {};
};

// Assigns y: (rows, columns), one behind the other. Of each row of x, what lies under 8 columns is
// read even if there are fewer.
void correlate(const PlaneCorrelation& correlation, Real* y);

}  // namespace cnn
