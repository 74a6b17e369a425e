// Even and odd columns of a plane, put together.

#pragma once

#include <cstddef>

#include "base/view.hpp"

namespace cnn {

// Rows of two parts of a plane, of its even and its odd columns; each part has its rows one behind
// the other, the plane `to_row` apart.
struct Interleaving {
  int rows;
  const Real* even;
  int even_columns;
  const Real* odd;
  int odd_columns;
  Real* to;
  std::size_t to_row;
};

void interleave(const Interleaving& job);

}  // namespace cnn
