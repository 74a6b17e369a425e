#include "kernels/direct_loops.hpp"

#include <algorithm>
#include <type_traits>

#include "base/lanes.hpp"
#include "kernels/hold.hpp"

namespace cnn::direct {
namespace {

template <int lanes>
using Lanes = std::conditional_t<lanes == 16, Lanes16, Lanes8>;

// Walks over the pixels of a grid.
struct Walk {
  CNN_INLINE Walk(const Grid& over, const Real* first) : grid(over), row(first), pixel(first) {}

  CNN_INLINE const Real* next() {
    const Real* const here = pixel;
    pixel += grid.column_step;
    if (++column == grid.columns) {
      column = 0;
      row += grid.row_step;
      pixel = row;
    }
    return here;
  }

  const Grid grid;
  const Real* row;
  const Real* pixel;
  int column = 0;
};

template <int lanes, int vectors, int positions>
CNN_INLINE void outputs_of(const Correlation& job, Walk& walk, std::size_t& left, Real*& y) {
  for (; left >= positions; left -= positions) {
    const Real* from[positions];
    Lanes<lanes> sums[positions][vectors];
    for (int p = 0; p < positions; ++p) {
      from[p] = walk.next();
      for (int v = 0; v < vectors; ++v) sums[p][v] = load<Lanes<lanes>>(job.start + v * lanes);
    }
    const Real* weight = job.weight;
    for (std::size_t t = 0; t < job.tap_count; ++t, weight += job.weight_step) {
      const std::size_t offset = job.taps[t].offset;
      Lanes<lanes> weights[vectors];
      for (int v = 0; v < vectors; ++v) weights[v] = load<Lanes<lanes>>(weight + v * lanes);
      for (int p = 0; p < positions; ++p) {
        const Real pixel = from[p][offset];
        for (int v = 0; v < vectors; ++v) sums[p][v] += pixel * weights[v];
      }
    }
    for (int p = 0; p < positions; ++p) {
      for (int v = 0; v < vectors; ++v, y += lanes) store(held_to(job.range, sums[p][v]), y);
    }
  }
}

// Positions next to one another, which one register addresses.
template <int lanes, int vectors, int step, int positions>
CNN_INLINE void outputs_of_row(const Correlation& job, const Real*& x, int& left, Real*& y) {
  for (; left >= positions; left -= positions, x += positions * step) {
    Lanes<lanes> sums[positions][vectors];
    for (int p = 0; p < positions; ++p) {
      for (int v = 0; v < vectors; ++v) sums[p][v] = load<Lanes<lanes>>(job.start + v * lanes);
    }
    const Real* weight = job.weight;
    for (std::size_t t = 0; t < job.tap_count; ++t, weight += job.weight_step) {
      const Real* const pixels = x + job.taps[t].offset;
      Lanes<lanes> weights[vectors];
      for (int v = 0; v < vectors; ++v) weights[v] = load<Lanes<lanes>>(weight + v * lanes);
      for (int p = 0; p < positions; ++p) {
        for (int v = 0; v < vectors; ++v) sums[p][v] += pixels[p * step] * weights[v];
      }
    }
    for (int p = 0; p < positions; ++p) {
      for (int v = 0; v < vectors; ++v, y += lanes) store(held_to(job.range, sums[p][v]), y);
    }
  }
}

template <int lanes, int vectors, int step>
CNN_INLINE void correlate_rows(const Correlation& job) {
  Real* y = job.y;
  for (int row = 0; row < job.grid.rows; ++row) {
    const Real* x = job.x + static_cast<std::size_t>(row) * job.grid.row_step;
    int left = job.grid.columns;
    outputs_of_row<lanes, vectors, step, 16 / vectors>(job, x, left, y);
    if constexpr (vectors == 1) outputs_of_row<lanes, vectors, step, 8>(job, x, left, y);
  }
}

// As many sums at once as registers hold beside what is multiplied. AVX-512 multiplies by a pixel
// in memory: what counts then are the registers that addresses take.
template <int lanes, int vectors>
CNN_INLINE void correlate_on(const Correlation& job) {
  if constexpr (lanes == 16) {
    const bool are_whole = job.grid.columns % 8 == 0;
    if (are_whole && job.grid.column_step == 1) return correlate_rows<lanes, vectors, 1>(job);
    if (are_whole && job.grid.column_step == 2) return correlate_rows<lanes, vectors, 2>(job);
  }
  Walk walk(job.grid, job.x);
  std::size_t left = job.grid.size();
  Real* y = job.y;
  outputs_of<lanes, vectors, vectors == 2 ? 6 : 10>(job, walk, left, y);
  outputs_of<lanes, vectors, 4>(job, walk, left, y);
  outputs_of<lanes, vectors, 2>(job, walk, left, y);
  outputs_of<lanes, vectors, 1>(job, walk, left, y);
}

// `columns` columns of a row of x: to one vector of lanes of y.
template <int lanes, int kernel, int columns>
CNN_INLINE void spread_of(const Spread& job, std::size_t width, const Real* weight, const Real* x,
                          Real* y) {
  constexpr int kSums = columns + kernel - 1;
  Lanes<lanes> sums[kSums]{};
  const Real* taps = weight;
  for (std::size_t t = 0; t < job.tap_count; t += kernel, taps += kernel * width) {
    const Real* const pixels = x + job.taps[t].offset;
#pragma GCC unroll 16
    for (int column = 0; column < columns; ++column) {
      const Real pixel = pixels[column];
#pragma GCC unroll 8
      for (int k = 0; k < kernel; ++k) {
        sums[column + k] += pixel * load<Lanes<lanes>>(taps + static_cast<std::size_t>(k) * width);
      }
    }
  }
  for (int s = 0; s < kSums; ++s, y += width) store(load<Lanes<lanes>>(y) + sums[s], y);
}

// The columns from `column` on, so many at a time as far as they go, then half as many.
template <int lanes, int kernel, int columns>
CNN_INLINE void spread_row(const Spread& job, std::size_t width, const Real* weight, const Real* x,
                           int column, Real* y) {
  for (; column + columns <= job.grid.columns; column += columns) {
    spread_of<lanes, kernel, columns>(job, width, weight, x + column,
                                      y + static_cast<std::size_t>(column) * width);
  }
  if constexpr (columns > 1) {
    spread_row<lanes, kernel, columns / 2>(job, width, weight, x, column, y);
  }
}

// One vector of lanes after the other: sixteen registers hold the sums of as many columns as fit.
template <int lanes, int kernel>
CNN_INLINE void spread_on(const Panel& panel, const Spread& job) {
  constexpr int kColumns = 14 - (kernel - 1);
  const std::size_t width = panel.width();
  const std::size_t row_of_y = static_cast<std::size_t>(job.grid.columns + kernel - 1) * width;
  for (int v = 0; v < panel.vectors; ++v) {
    for (int r = 0; r < job.grid.rows; ++r) {
      const auto row = static_cast<std::size_t>(r);
      spread_row<lanes, kernel, kColumns>(job, width, job.weight + v * lanes,
                                          job.x + row * job.grid.row_step, 0,
                                          job.y + row * row_of_y + v * lanes);
    }
  }
}

// `rows` runs of `columns` taps next to one another, each of which one register addresses.
template <int lanes, int vectors, int rows, int columns>
CNN_INLINE void gradients_of(const Gradient& job, std::size_t& tap) {
  constexpr std::size_t kTaps = rows * columns;
  const auto are_runs = [&] {
    for (std::size_t t = 0; t < kTaps; ++t) {
      const std::size_t first = tap + t / columns * columns;
      if (job.taps[tap + t].offset != job.taps[first].offset + t % columns) return false;
    }
    return true;
  };
  while (tap + kTaps <= job.tap_count && are_runs()) {
    const Real* from[rows];
    Lanes<lanes> sums[rows][columns][vectors]{};
    for (int r = 0; r < rows; ++r) {
      from[r] = job.x + job.taps[tap + static_cast<std::size_t>(r * columns)].offset;
    }
    const Real* dy = job.dy;
    for (int row = 0; row < job.grid.rows; ++row) {
      std::size_t at = static_cast<std::size_t>(row) * job.grid.row_step;
      for (int column = 0; column < job.grid.columns; ++column, dy += vectors * lanes) {
        Lanes<lanes> share[vectors];
        for (int v = 0; v < vectors; ++v) share[v] = load<Lanes<lanes>>(dy + v * lanes);
        for (int r = 0; r < rows; ++r) {
          const Real* const pixels = from[r] + at;
          for (int c = 0; c < columns; ++c) {
            for (int v = 0; v < vectors; ++v) sums[r][c][v] += pixels[c] * share[v];
          }
        }
        at += job.grid.column_step;
      }
    }
    Real* to = job.dweight + tap * vectors * lanes;
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < columns; ++c) {
        for (int v = 0; v < vectors; ++v, to += lanes) {
          store(load<Lanes<lanes>>(to) + sums[r][c][v], to);
        }
      }
    }
    tap += kTaps;
  }
}

template <int lanes, int vectors>
CNN_INLINE void add_gradients_on(const Gradient& job) {
  std::size_t tap = 0;
  if constexpr (lanes == 16) {
    gradients_of<lanes, vectors, 3, 3>(job, tap);
    gradients_of<lanes, vectors, 2, 5>(job, tap);
  }
  gradients_of<lanes, vectors, vectors == 2 ? 6 : 10, 1>(job, tap);
  gradients_of<lanes, vectors, 4, 1>(job, tap);
  gradients_of<lanes, vectors, 2, 1>(job, tap);
  gradients_of<lanes, vectors, 1, 1>(job, tap);
}

}  // namespace

int lane_count() {
  return vector_level() == VectorLevel::x86_64_v4 ? 16 : 8;
}

void correlate(const Panel& panel, const Correlation& job) {
  if (lane_count() == 16) {
    panel.vectors == 2 ? on_v4<correlate_on<16, 2>>(job) : on_v4<correlate_on<16, 1>>(job);
  } else {
    panel.vectors == 2 ? vectorized<correlate_on<8, 2>>(job) : vectorized<correlate_on<8, 1>>(job);
  }
}

void spread(const Panel& panel, int kernel, const Spread& job) {
  if (lane_count() == 16) {
    kernel == 5 ? on_v4<spread_on<16, 5>>(panel, job) : on_v4<spread_on<16, 3>>(panel, job);
  } else {
    kernel == 5 ? vectorized<spread_on<8, 5>>(panel, job) : vectorized<spread_on<8, 3>>(panel, job);
  }
}

void add_gradients(const Panel& panel, const Gradient& job) {
  if (lane_count() == 16) {
    panel.vectors == 2 ? on_v4<add_gradients_on<16, 2>>(job) : on_v4<add_gradients_on<16, 1>>(job);
  } else {
    panel.vectors == 2 ? vectorized<add_gradients_on<8, 2>>(job)
                       : vectorized<add_gradients_on<8, 1>>(job);
  }
}

void rows_to_combs(const TurnedPlanes& turn, const Real* rows, const Comb& down, const Comb& across,
                   int pitch, Real* planes) {
  for (int k = 0; k < turn.count; ++k) {
    Real* const plane = planes + static_cast<std::size_t>(k) * turn.plane;
    const Real* from = rows + k;
    for (int i = 0; i < down.count; ++i) {
      Real* to =
          plane +
          static_cast<std::size_t>(down.first + i * down.step) * static_cast<std::size_t>(pitch) +
          across.first;
      for (int j = 0; j < across.count; ++j, to += across.step, from += turn.width) *to = *from;
    }
  }
}

}  // namespace cnn::direct
