// The loops of direct convolution (kernels/direct.hpp), compiled for the vectors in use.

#pragma once

#include <cstddef>

#include "kernels/direct.hpp"
#include "kernels/turn_planes.hpp"

namespace cnn::direct {

// Lanes of the vectors in use.
int lane_count();

// Kernels (or, on the way back, channels) are dealt with in panels of two vectors; the last has one
// if that is enough.
inline constexpr int kVectors = 2;

struct Panel {
  int first;
  int count;    // real ones; the lanes behind them are zero
  int vectors;  // 1 or 2
  std::size_t width() const {
    return static_cast<std::size_t>(vectors) * static_cast<std::size_t>(lane_count());
  }
};

// A grid of pixels: where a tap at the first position goes with the kernel.
struct Grid {
  int rows;
  int columns;
  std::size_t row_step;
  std::size_t column_step;

  std::size_t size() const {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  }
};

// y[position, lane] = start[lane] + Σ_tap weight[tap, lane]·x[tap + position], held to a range
struct Correlation {
  const Real* x;
  Grid grid;
  const Direct::Tap* taps;
  std::size_t tap_count;
  const Real* weight;
  std::size_t weight_step;  // from tap to tap
  const Real* start;
  Real* y;
  OutputRange range = {};
};

void correlate(const Panel& panel, const Correlation& job);

// y[row, column + k, lane] += Σ_run weight[run, k, lane]·x[run + row, column], a run being the
// `kernel` taps of one row of a kernel, the first of which says where its pixels are: the rows of a
// grid add to rows of y that are wider by kernel − 1 columns.
struct Spread {
  const Real* x;
  Grid grid;
  const Direct::Tap* taps;
  std::size_t tap_count;
  const Real* weight;  // panel.width() from tap to tap
  Real* y;
};

// Kernels of 3 or 5 columns only.
void spread(const Panel& panel, int kernel, const Spread& job);

// dweight[tap, lane] += Σ_position dy[position, lane]·x[tap + position]
struct Gradient {
  const Real* x;
  Grid grid;
  const Direct::Tap* taps;
  std::size_t tap_count;
  const Real* dy;
  Real* dweight;
};

void add_gradients(const Panel& panel, const Gradient& job);

// What rows_to_planes does, to every other row and column of planes.
void rows_to_combs(const TurnedPlanes& turn, const Real* rows, const Comb& down, const Comb& across,
                   int pitch, Real* planes);

}  // namespace cnn::direct
