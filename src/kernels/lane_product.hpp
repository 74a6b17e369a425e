// Products of matrices that are too small for BLAS to be worth its packing: sums stay in registers,
// the lanes of a vector are columns. An element of c is the same sum in the same order wherever its
// row stands and whatever stands beside it.

#pragma once

#include <cstddef>

#include "base/view.hpp"

namespace cnn {

// Rows of b and c are rounded up to whole kProductLanes; the columns behind the last are multiplied,
// too.
inline constexpr int kProductLanes = 8;

// c ← a·b, or c += a·b. a: (rows, inner), by any steps, so that it may be transposed; b: (inner,
// lanes); c: (rows, lanes).
struct LaneProduct {
  std::size_t rows;
  std::size_t inner;
  std::size_t lanes;  // a multiple of kProductLanes
  const Real* a;
  std::size_t a_row_step;
  std::size_t a_inner_step;
  const Real* b;
  std::size_t b_step;  // from row to row
  Real* c;
  std::size_t c_step;
  bool adds;
};

void multiply(const LaneProduct& product);

}  // namespace cnn
