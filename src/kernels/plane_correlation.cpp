#include "kernels/plane_correlation.hpp"

#include <algorithm>
#include <array>

#include "base/lanes.hpp"
#include "kernels/hold.hpp"

namespace cnn {
namespace {

template <typename V>
constexpr int kWidth = sizeof(V) / sizeof(Real);

std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

// Whether taps stand in three rows of three, next to one another, the rows from top to bottom or
// from bottom to top.
enum class Square { none, down, up };

Square square_of(const PlaneCorrelation& job) {
  const std::span<const Tap> taps = job.taps;
  if (taps.size() != 9) return Square::none;
  const bool is_down = taps[3].offset == taps[0].offset + job.pitch;
  const std::size_t top = is_down ? 0 : 6;
  for (std::size_t row = 0; row < 3; ++row) {
    const std::size_t away = (is_down ? row : 2 - row) * job.pitch;
    for (std::size_t column = 0; column < 3; ++column) {
      if (taps[3 * row + column].offset != taps[top + column].offset + away) return Square::none;
    }
  }
  return is_down ? Square::down : Square::up;
}

// `rows` rows of a vector each, at one column, of a square of taps: every vector of x is loaded
// once for all the rows that it counts in. The sums are over the taps in their order, as elsewhere.
template <typename V, Square square, int rows>
CNN_INLINE void outputs_of_square(const PlaneCorrelation& job, const std::array<V, 9>& weight,
                                  int row, int column, Real* y) {
  constexpr bool kIsDown = square == Square::down;
  const std::span<const Tap> top = job.taps.subspan(kIsDown ? 0 : 6, 3);
  V sums[rows];
  for (int r = 0; r < rows; ++r) sums[r] = V{} + job.start;
#pragma GCC unroll 8
  for (int i = 0; i < rows + 2; ++i) {
    const int below = kIsDown ? i : rows + 1 - i;
    const Real* const x = job.x + static_cast<std::size_t>(row + below) * job.pitch + column;
#pragma GCC unroll 3
    for (int k = 0; k < 3; ++k) {
      const auto pixels = load<V>(x + top[static_cast<std::size_t>(k)].offset);
#pragma GCC unroll 4
      for (int r = 0; r < rows; ++r) {
        const int tap_row = kIsDown ? below - r : r + 2 - below;
        if (tap_row < 0 || tap_row > 2) continue;
        sums[r] += weight[static_cast<std::size_t>(3 * tap_row + k)] * pixels;
      }
    }
  }
  for (int r = 0; r < rows; ++r) {
    store(held_to(job.range, sums[r]), y + product(row + r, job.columns) + column);
  }
}

template <typename V, Square square>
CNN_INLINE void correlate_square(const PlaneCorrelation& job, Real* y) {
  std::array<V, 9> weight;
  for (std::size_t t = 0; t < 9; ++t) weight[t] = V{} + job.weight[job.taps[t].element];
  for (int run = 0; run < job.columns; run += kWidth<V>) {
    const int column = std::min(run, job.columns - kWidth<V>);  // may overlap the one before
    int row = 0;
    for (; row + 4 <= job.rows; row += 4) {
      outputs_of_square<V, square, 4>(job, weight, row, column, y);
    }
    for (; row < job.rows; ++row) outputs_of_square<V, square, 1>(job, weight, row, column, y);
  }
}

// Outputs that are computed together are as many as hide the latency of a multiply-add.
constexpr int kTogether = 8;

// `rows` rows, `vectors` vectors of each, at the columns that are given. Rows of less than a vector
// are written in their order, each over what the one before wrote too much.
template <typename V, int vectors, int rows>
CNN_INLINE void outputs_of(const PlaneCorrelation& job, int first_row,
                           const int (&columns)[vectors], Real* y) {
  const Real* from[rows][vectors];
  V sums[rows][vectors];
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) {
      from[r][v] = job.x + static_cast<std::size_t>(first_row + r) * job.pitch + columns[v];
      sums[r][v] = V{} + job.start;
    }
  }
  for (const auto [element, offset] : job.taps) {
    const Real weight = job.weight[element];
    for (int r = 0; r < rows; ++r) {
      for (int v = 0; v < vectors; ++v) sums[r][v] += weight * load<V>(from[r][v] + offset);
    }
  }
  for (int r = 0; r < rows; ++r) {
    Real* const row = y + product(first_row + r, job.columns);
    for (int v = 0; v < vectors; ++v) {
      sums[r][v] = held_to(job.range, sums[r][v]);
      if (job.columns >= kWidth<V> ||
          product(job.rows - first_row - r, job.columns) >= std::size_t{kWidth<V>}) {
        store(sums[r][v], row + columns[v]);
      } else {
        for (int l = 0; l < job.columns; ++l) row[l] = sums[r][v][l];
      }
    }
  }
}

template <typename V, int vectors, int rows>
CNN_INLINE void rows_of(const PlaneCorrelation& job, const int (&columns)[vectors], int& row,
                        Real* y) {
  for (; row + rows <= job.rows; row += rows) outputs_of<V, vectors, rows>(job, row, columns, y);
  if constexpr (rows > 1) rows_of<V, vectors, rows / 2>(job, columns, row, y);
}

// The columns from `first` on, `vectors` vectors of them at a time, as far as they go. The last
// vector of a row overlaps the one before.
template <typename V, int vectors>
CNN_INLINE void columns_of(const PlaneCorrelation& job, int& first, Real* y) {
  constexpr int kRun = vectors * kWidth<V>;
  for (; first < job.columns && (vectors == 1 || job.columns - first > kRun - kWidth<V>);
       first += kRun) {
    int columns[vectors];
    for (int v = 0; v < vectors; ++v) {
      columns[v] = std::max(0, std::min(first + v * kWidth<V>, job.columns - kWidth<V>));
    }
    int row = 0;
    rows_of<V, vectors, kTogether / vectors>(job, columns, row, y);
  }
}

template <typename V>
CNN_INLINE void correlate_any(const PlaneCorrelation& job, Real* y) {
  int column = 0;
  columns_of<V, 8>(job, column, y);
  columns_of<V, 4>(job, column, y);
  columns_of<V, 2>(job, column, y);
  columns_of<V, 1>(job, column, y);
}

template <typename V>
CNN_INLINE void correlate_by(const PlaneCorrelation& job, Real* y) {
  const Square square = job.columns < kWidth<V> ? Square::none : square_of(job);
  if (square == Square::down) {
    correlate_square<V, Square::down>(job, y);
  } else if (square == Square::up) {
    correlate_square<V, Square::up>(job, y);
  } else {
    correlate_any<V>(job, y);
  }
}

}  // namespace

void correlate(const PlaneCorrelation& correlation, Real* y) {
  if (vector_level() == VectorLevel::x86_64_v4 && correlation.columns >= kWidth<Lanes16>) {
    on_v4<correlate_by<Lanes16>>(correlation, y);
  } else {
    vectorized<correlate_by<Lanes8>>(correlation, y);
  }
}

}  // namespace cnn
