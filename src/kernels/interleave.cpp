#include "kernels/interleave.hpp"

#include "base/lanes.hpp"

namespace cnn {
namespace {

constexpr int kLanes = 8;

CNN_INLINE
void interleave_rows(const Interleaving& job) {
  const Real* even = job.even;
  const Real* odd = job.odd;
  Real* to = job.to;
  for (int row = 0; row < job.rows; ++row, to += job.to_row) {
    int column = 0;
    for (; column + kLanes <= job.odd_columns; column += kLanes) {
      const auto left = load<Lanes8>(even + column);
      const auto right = load<Lanes8>(odd + column);
      store(interleave_low(left, right), to + 2 * column);
      store(interleave_high(left, right), to + 2 * column + kLanes);
    }
    for (; column < job.even_columns; ++column) {
      to[2 * column] = even[column];
      if (column < job.odd_columns) to[2 * column + 1] = odd[column];
    }
    even += job.even_columns;
    odd += job.odd_columns;
  }
}

}  // namespace

void interleave(const Interleaving& job) {
  vectorized<interleave_rows>(job);
}

}  // namespace cnn
