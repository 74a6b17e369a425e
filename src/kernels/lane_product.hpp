// Products of matrices that are too small for BLAS to be worth its packing: sums stay in registers,
// the lanes of a vector are columns. An element of c is the same sum in the same order wherever its
// row stands and whatever stands beside it.

#pragma once

#include <cstddef>

#include "base/view.hpp"
#include "kernels/output_range.hpp"

namespace cnn {

// Rows of b and c are rounded up to whole kProductLanes; the columns behind the last are
// multiplied, too.
inline constexpr int kProductLanes = 8;

// c ← start + a·b, held to a range. a: (rows, inner), by any steps, so that it may be transposed;
// b: (inner, lanes); c: (rows, lanes).
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
  // What a row starts with: zeros, what c holds, or one value for each row.
  bool adds = false;
  const Real* row_start = nullptr;
  OutputRange range = {};
};

void multiply(const LaneProduct& product);

}  // namespace cnn
