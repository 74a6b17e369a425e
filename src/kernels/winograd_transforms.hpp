// The transforms of Winograd's method (winograd.hpp has the formula), several channels at a time:
// between planes and pixels that hold all their channels, between those and the points of tiles,
// and between kernels and their points.
//
// Points of T tiles, or of a matrix of kernels, are kPoints matrices, `pitch` Reals from one to the
// next; their rows are rounded up to whole lanes.

#pragma once

#include <cstddef>

#include "cnn/shape.hpp"

#include "base/view.hpp"
#include "kernels/output_range.hpp"

namespace cnn::winograd {

inline constexpr int kTile = 6;                // pixels of a tile in each direction
inline constexpr int kPoints = kTile * kTile;  // values that stand for it
inline constexpr int kLanes = 8;               // channels that go through a transform side by side

constexpr int round_up(int n, int step) {
  return (n + step - 1) / step * step;
}

inline std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

// float(1/9) is so close to 1/9 that 9k·kUnscale rounds to exactly k. Store the product before
// adding to it: a fused multiply-add would skip that rounding.
inline constexpr Real kUnscale = Real{1} / 9;

// A pitch of an odd number of cache lines: the 36 values of a tile must not share a cache set.
std::size_t pitch_of(int rows, int lanes);

// (rows, columns, lanes): an image of which each pixel holds all channels, rounded up to whole
// Lanes.
struct Pixels {
  int rows;
  int columns;
  int lanes;

  std::size_t size() const { return product(rows, columns) * static_cast<std::size_t>(lanes); }
  std::size_t at(int row, int column) const {
    return (product(row, columns) + static_cast<std::size_t>(column)) *
           static_cast<std::size_t>(lanes);
  }
};

// Planes (C, H, W) → pixels, from (top, left) on; zeros in the lanes beyond C.
void gather(const Shape& shape, const Real* planes, const Pixels& pixels, int top, int left,
            Real* to);
// Pixels from (top, left) on, times `factor` → planes; plus one value per plane unless `bias` is
// null; held to a range.
void scatter(const Pixels& pixels, const Real* from, int top, int left, Real factor,
             const Real* bias, const Shape& shape, Real* planes, const OutputRange& range = {});

// The tiles of `rows` rows from `first_row` on; step: from tile to tile.
struct Tiles {
  int first_row;
  int rows;
  int columns;
  int step;
};

// Bᵀ x B of each tile.
void points_of_input(const Tiles& tiles, const Pixels& pixels, const Real* from, std::size_t pitch,
                     Real* points);
// Its adjoint, B p Bᵀ of each tile, added into the pixels.
void add_input_of_points(const Tiles& tiles, const Pixels& pixels, const Real* points,
                         std::size_t pitch, Real* to);
// Aᵀ p A of each tile: m x m outputs.
void output_of_points(const Tiles& tiles, const Pixels& pixels, const Real* points,
                      std::size_t pitch, Real* to);
// Its adjoint, A dy Aᵀ.
void points_of_doutput(const Tiles& tiles, const Pixels& pixels, const Real* from,
                       std::size_t pitch, Real* points);

// The kernels as a matrix: forward needs one row for each channel, backward one for each filter.
struct Kernels {
  int rows;
  int columns;  // side by side in lanes
  std::size_t row_step;
  std::size_t column_step;  // weights from kernel to kernel

  int lanes() const { return round_up(columns, kLanes); }
};

Kernels rows_of_channels(int kernel, int filters, int channels);
Kernels rows_of_filters(int kernel, int filters, int channels);

// G w Gᵀ of every kernel: 36 matrices of kernels.
void points_of_weight(int kernel, const Kernels& kernels, const Real* weight, std::size_t pitch,
                      Real* points);
// Its adjoint, Gᵀ p G, added into dweight.
void add_weight_of_points(int kernel, const Kernels& kernels, const Real* points, std::size_t pitch,
                          Real* dweight);

}  // namespace cnn::winograd
