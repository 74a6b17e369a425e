#include "cnn/winograd.hpp"

#include <algorithm>
#include <cassert>

#include "cnn/blas.hpp"

#include "lanes.hpp"

namespace cnn {
namespace {

constexpr int kTile = 6;                // pixels of a tile in each direction
constexpr int kPoints = kTile * kTile;  // values that stand for it
constexpr int kLanes = 8;               // channels that go through a transform side by side

using Lanes = Lanes8;
static_assert(sizeof(Lanes) == kLanes * sizeof(Real));

constexpr int round_up(int n, int step) {
  return (n + step - 1) / step * step;
}

std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

// ---- One direction of a transform ----

// Bᵀ: from six pixels to the six points.
CNN_INLINE void to_points(Lanes (&v)[kTile]) {
  const Lanes even1 = v[4] - 4 * v[2], odd1 = v[3] - 4 * v[1];
  const Lanes even2 = v[4] - v[2], odd2 = 2 * (v[3] - v[1]);
  v[0] = 4 * v[0] - 5 * v[2] + v[4];
  v[5] = 4 * v[1] - 5 * v[3] + v[5];
  v[1] = even1 + odd1;
  v[2] = even1 - odd1;
  v[3] = even2 + odd2;
  v[4] = even2 - odd2;
}

// B, its adjoint.
CNN_INLINE void from_points(Lanes (&v)[kTile]) {
  const Lanes sum1 = v[1] + v[2], difference1 = v[1] - v[2];
  const Lanes sum2 = v[3] + v[4], difference2 = v[3] - v[4];
  v[1] = 4 * (v[5] - difference1) - 2 * difference2;
  v[2] = -5 * v[0] - 4 * sum1 - sum2;
  v[3] = difference1 + 2 * difference2 - 5 * v[5];
  v[4] = v[0] + sum1 + sum2;
  v[0] = 4 * v[0];
}

// A, or G but for its scale: the values of the polynomial with coefficients v[0 … size-1] at the
// points.
template <int size>
CNN_INLINE void evaluate(Lanes (&v)[kTile]) {
  Lanes even1 = v[0], odd1 = v[1], even2 = v[0], odd2 = 2 * v[1];
  if constexpr (size > 2) even1 += v[2], even2 += 4 * v[2];
  if constexpr (size > 3) odd1 += v[3], odd2 += 8 * v[3];
  if constexpr (size > 4) even1 += v[4], even2 += 16 * v[4];
  v[5] = v[size - 1];
  v[1] = even1 + odd1;
  v[2] = even1 - odd1;
  v[3] = even2 + odd2;
  v[4] = even2 - odd2;
}

// Aᵀ, or Gᵀ but for its scale: the adjoint.
template <int size>
CNN_INLINE void evaluate_adjoint(Lanes (&v)[kTile]) {
  const Lanes sum1 = v[1] + v[2], difference1 = v[1] - v[2];
  const Lanes sum2 = v[3] + v[4], difference2 = v[3] - v[4];
  const Lanes last = v[5];
  v[0] += sum1 + sum2;
  v[1] = difference1 + 2 * difference2;
  if constexpr (size > 2) v[2] = sum1 + 4 * sum2;
  if constexpr (size > 3) v[3] = difference1 + 8 * difference2;
  if constexpr (size > 4) v[4] = sum1 + 16 * sum2;
  v[size - 1] += last;
}

// The rest of G: one over the product of a point's distances to the others, times 3, so that all
// that is done to small integers is exact. What leaves the points again is divided by 3 x 3.
CNN_INLINE void scale(Lanes (&v)[kTile]) {
  v[0] *= Real{3} / 4;
  v[1] *= Real{-1} / 2;
  v[2] *= Real{-1} / 2;
  v[3] *= Real{1} / 8;
  v[4] *= Real{1} / 8;
  v[5] *= 3;
}

// The float next to 1/9 is so near that 9k times it rounds to k, for whole k. To be stored before
// anything is added: a fused addition would not round.
constexpr Real kUnscale = Real{1} / 9;

// ---- Both directions, for a square of `from` x `from` pixels ----

// Applies `transform` to the first `columns` columns, then to all `rows` rows.
template <typename Transform>
CNN_INLINE void both_ways(Lanes (&tile)[kTile][kTile], int columns, int rows,
                          const Transform& transform) {
  for (int j = 0; j < columns; ++j) {
    Lanes v[kTile];
    for (int i = 0; i < kTile; ++i) v[i] = tile[i][j];
    transform(v);
    for (int i = 0; i < kTile; ++i) tile[i][j] = v[i];
  }
  for (int i = 0; i < rows; ++i) transform(tile[i]);
}

// ---- Images with their channels side by side ----

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

// The first column of each run of kLanes columns; the last run may overlap the one before.
template <typename Run>
CNN_INLINE void for_runs(int width, const Run& run) {
  for (int x = 0; x < width; x += kLanes) run(std::min(x, width - kLanes));
}

// Planes (C, H, W) → pixels, from (top, left) on; zeros in the lanes beyond C.
CNN_VECTORIZED
void gather(const Shape& shape, const Real* planes, const Pixels& pixels, int top, int left,
            Real* to) {
  const std::size_t plane = product(shape.height, shape.width);
  for (int c = 0; c < pixels.lanes; c += kLanes) {
    const int channels = std::min(kLanes, shape.channels - c);
    const Real* const from = planes + static_cast<std::size_t>(c) * plane;
    for (int y = 0; y < shape.height; ++y) {
      const Real* const row = from + product(y, shape.width);
      Real* const target = to + pixels.at(top + y, left) + c;
      if (shape.width < kLanes) {
        for (int x = 0; x < shape.width; ++x) {
          Lanes v{};
          for (int l = 0; l < channels; ++l) v[l] = (row + x)[static_cast<std::size_t>(l) * plane];
          store(v, target + product(x, pixels.lanes));
        }
        continue;
      }
      for_runs(shape.width, [&](int x) CNN_INLINE_LAMBDA {
        Lanes v[kLanes]{};
        if (channels == kLanes) {
          for (int l = 0; l < kLanes; ++l)
            v[l] = load<Lanes>(row + static_cast<std::size_t>(l) * plane + x);
        } else {
          for (int l = 0; l < channels; ++l)
            v[l] = load<Lanes>(row + static_cast<std::size_t>(l) * plane + x);
        }
        transpose(v);
        for (int k = 0; k < kLanes; ++k) store(v[k], target + product(x + k, pixels.lanes));
      });
    }
  }
}

// Pixels from (top, left) on, times `factor` → planes; plus a value for each plane unless `bias` is
// null.
CNN_VECTORIZED
void scatter(const Pixels& pixels, const Real* from, int top, int left, Real factor,
             const Real* bias, const Shape& shape, Real* planes) {
  const std::size_t plane = product(shape.height, shape.width);
  for (int c = 0; c < pixels.lanes; c += kLanes) {
    const int channels = std::min(kLanes, shape.channels - c);
    Real* const to = planes + static_cast<std::size_t>(c) * plane;
    Real add[kLanes] = {};
    if (bias != nullptr) std::copy_n(bias + c, channels, add);
    for (int y = 0; y < shape.height; ++y) {
      Real* const row = to + product(y, shape.width);
      const Real* const source = from + pixels.at(top + y, left) + c;
      if (shape.width < kLanes) {
        for (int x = 0; x < shape.width; ++x) {
          const Lanes v = load<Lanes>(source + product(x, pixels.lanes));
          for (int l = 0; l < channels; ++l) {
            (row + x)[static_cast<std::size_t>(l) * plane] = v[l] * factor + add[l];
          }
        }
        continue;
      }
      for_runs(shape.width, [&](int x) CNN_INLINE_LAMBDA {
        Lanes v[kLanes];
        for (int k = 0; k < kLanes; ++k) v[k] = load<Lanes>(source + product(x + k, pixels.lanes));
        transpose(v);
        if (channels == kLanes) {
          for (int l = 0; l < kLanes; ++l) {
            store<Lanes>(v[l] * factor + add[l], row + static_cast<std::size_t>(l) * plane + x);
          }
        } else {
          for (int l = 0; l < channels; ++l) {
            store<Lanes>(v[l] * factor + add[l], row + static_cast<std::size_t>(l) * plane + x);
          }
        }
      });
    }
  }
}

// ---- Between pixels or kernels and points ----

// Points of a block of T tiles: 36 matrices (T, lanes), `pitch` Reals from one to the next.
struct Points {
  int lanes;
  std::size_t pitch;
};

// A pitch of an odd number of cache lines: the 36 values of a tile must not share a cache set.
std::size_t pitch_of(int rows, int lanes) {
  constexpr std::size_t kLine = 64 / sizeof(Real);
  const std::size_t lines = (product(rows, lanes) + kLine - 1) / kLine;
  return (lines | 1) * kLine;
}

// The tiles of `rows` rows from `first_row` on; step: from tile to tile.
struct Tiles {
  int first_row;
  int rows;
  int columns;
  int step;
};

// Calls tile(pixel, point) for all tiles and all runs of channels.
template <typename Tile>
CNN_INLINE void for_tiles(const Tiles& tiles, const Pixels& pixels, const Tile& tile) {
  std::size_t point = 0;
  for (int y = 0; y < tiles.rows; ++y) {
    for (int x = 0; x < tiles.columns; ++x) {
      const std::size_t pixel = pixels.at((tiles.first_row + y) * tiles.step, x * tiles.step);
      for (int c = 0; c < pixels.lanes; c += kLanes, point += kLanes) {
        tile(pixel + static_cast<std::size_t>(c), point);
      }
    }
  }
}

CNN_INLINE void load_points(const Real* from, std::size_t pitch, Lanes (&tile)[kTile][kTile]) {
  for (int i = 0; i < kTile; ++i) {
    for (int j = 0; j < kTile; ++j) {
      tile[i][j] = load<Lanes>(from + static_cast<std::size_t>(i * kTile + j) * pitch);
    }
  }
}

CNN_INLINE void store_points(const Lanes (&tile)[kTile][kTile], std::size_t pitch, Real* to) {
  for (int i = 0; i < kTile; ++i) {
    for (int j = 0; j < kTile; ++j) {
      store(tile[i][j], to + static_cast<std::size_t>(i * kTile + j) * pitch);
    }
  }
}

// Bᵀ x B of each tile.
CNN_VECTORIZED
void points_of_input(const Tiles& tiles, const Pixels& pixels, const Real* from, std::size_t pitch,
                     Real* points) {
  for_tiles(tiles, pixels, [&](std::size_t pixel, std::size_t point) CNN_INLINE_LAMBDA {
    Lanes tile[kTile][kTile];
    for (int i = 0; i < kTile; ++i) {
      for (int j = 0; j < kTile; ++j) tile[i][j] = load<Lanes>(from + pixel + pixels.at(i, j));
    }
    both_ways(tile, kTile, kTile, [](Lanes(&v)[kTile]) CNN_INLINE_LAMBDA { to_points(v); });
    store_points(tile, pitch, points + point);
  });
}

// Its adjoint, B p Bᵀ of each tile, added into the pixels.
CNN_VECTORIZED
void add_input_of_points(const Tiles& tiles, const Pixels& pixels, const Real* points,
                         std::size_t pitch, Real* to) {
  for_tiles(tiles, pixels, [&](std::size_t pixel, std::size_t point) CNN_INLINE_LAMBDA {
    Lanes tile[kTile][kTile];
    load_points(points + point, pitch, tile);
    both_ways(tile, kTile, kTile, [](Lanes(&v)[kTile]) CNN_INLINE_LAMBDA { from_points(v); });
    for (int i = 0; i < kTile; ++i) {
      for (int j = 0; j < kTile; ++j) {
        Real* const target = to + pixel + pixels.at(i, j);
        store<Lanes>(load<Lanes>(target) + tile[i][j], target);
      }
    }
  });
}

// Aᵀ p A of each tile: m x m outputs.
template <int m>
CNN_INLINE void output_of_points_for(const Tiles& tiles, const Pixels& pixels, const Real* points,
                                     std::size_t pitch, Real* to) {
  for_tiles(tiles, pixels, [&](std::size_t pixel, std::size_t point) CNN_INLINE_LAMBDA {
    Lanes tile[kTile][kTile];
    load_points(points + point, pitch, tile);
    both_ways(tile, kTile, m, [](Lanes(&v)[kTile]) CNN_INLINE_LAMBDA { evaluate_adjoint<m>(v); });
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < m; ++j) {
        store<Lanes>(tile[i][j] * kUnscale, to + pixel + pixels.at(i, j));
      }
    }
  });
}

CNN_VECTORIZED
void output_of_points(const Tiles& tiles, const Pixels& pixels, const Real* points,
                      std::size_t pitch, Real* to) {
  if (tiles.step == 4) {
    output_of_points_for<4>(tiles, pixels, points, pitch, to);
  } else {
    output_of_points_for<2>(tiles, pixels, points, pitch, to);
  }
}

// Its adjoint, A dy Aᵀ.
template <int m>
CNN_INLINE void points_of_doutput_for(const Tiles& tiles, const Pixels& pixels, const Real* from,
                                      std::size_t pitch, Real* points) {
  for_tiles(tiles, pixels, [&](std::size_t pixel, std::size_t point) CNN_INLINE_LAMBDA {
    Lanes tile[kTile][kTile];
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < m; ++j) tile[i][j] = load<Lanes>(from + pixel + pixels.at(i, j));
    }
    both_ways(tile, m, kTile, [](Lanes(&v)[kTile]) CNN_INLINE_LAMBDA { evaluate<m>(v); });
    store_points(tile, pitch, points + point);
  });
}

CNN_VECTORIZED
void points_of_doutput(const Tiles& tiles, const Pixels& pixels, const Real* from,
                       std::size_t pitch, Real* points) {
  if (tiles.step == 4) {
    points_of_doutput_for<4>(tiles, pixels, from, pitch, points);
  } else {
    points_of_doutput_for<2>(tiles, pixels, from, pitch, points);
  }
}

// The kernels as a matrix: forward needs one row for each channel, backward one for each filter.
struct Kernels {
  int rows;
  int columns;  // side by side in lanes
  std::size_t row_step;
  std::size_t column_step;  // weights from kernel to kernel

  int lanes() const { return round_up(columns, kLanes); }
};

Kernels rows_of_channels(int kernel, int filters, int channels) {
  return {channels, filters, product(kernel, kernel), product(channels, kernel * kernel)};
}

Kernels rows_of_filters(int kernel, int filters, int channels) {
  return {filters, channels, product(channels, kernel * kernel), product(kernel, kernel)};
}

// Calls run(first weight, columns, place among the points) for all runs of columns.
template <typename Run>
CNN_INLINE void for_kernels(const Kernels& kernels, const Run& run) {
  for (int column = 0; column < kernels.columns; column += kLanes) {
    for (int row = 0; row < kernels.rows; ++row) {
      run(static_cast<std::size_t>(row) * kernels.row_step +
              static_cast<std::size_t>(column) * kernels.column_step,
          std::min(kLanes, kernels.columns - column),
          product(row, kernels.lanes()) + static_cast<std::size_t>(column));
    }
  }
}

// G w Gᵀ of every kernel: 36 matrices of kernels.
template <int k>
CNN_INLINE void points_of_weight_for(const Kernels& kernels, const Real* weight, std::size_t pitch,
                                     Real* points) {
  const auto transform = [](Lanes(&v)[kTile]) CNN_INLINE_LAMBDA {
    evaluate<k>(v);
    scale(v);
  };
  for_kernels(kernels, [&](std::size_t weights, int columns, std::size_t point) CNN_INLINE_LAMBDA {
    const Real* const from = weight + weights;
    Lanes tile[kTile][kTile]{};
    for (int l = 0; l < columns; ++l) {
      for (int i = 0; i < k; ++i) {
        for (int j = 0; j < k; ++j) {
          tile[i][j][l] = from[static_cast<std::size_t>(l) * kernels.column_step +
                               static_cast<std::size_t>(i * k + j)];
        }
      }
    }
    both_ways(tile, k, kTile, transform);
    store_points(tile, pitch, points + point);
  });
}

CNN_VECTORIZED
void points_of_weight(int kernel, const Kernels& kernels, const Real* weight, std::size_t pitch,
                      Real* points) {
  if (kernel == 3) {
    points_of_weight_for<3>(kernels, weight, pitch, points);
  } else {
    points_of_weight_for<5>(kernels, weight, pitch, points);
  }
}

// Its adjoint, Gᵀ p G, added into dweight.
template <int k>
CNN_INLINE void add_weight_of_points_for(const Kernels& kernels, const Real* points,
                                         std::size_t pitch, Real* dweight) {
  const auto transform = [](Lanes(&v)[kTile]) CNN_INLINE_LAMBDA {
    scale(v);
    evaluate_adjoint<k>(v);
  };
  for_kernels(kernels, [&](std::size_t weights, int columns, std::size_t point) CNN_INLINE_LAMBDA {
    Lanes tile[kTile][kTile];
    load_points(points + point, pitch, tile);
    both_ways(tile, kTile, k, transform);
    for (int i = 0; i < k; ++i) {
      for (int j = 0; j < k; ++j) tile[i][j] *= kUnscale;
    }
    Real* const to = dweight + weights;
    for (int l = 0; l < columns; ++l) {
      for (int i = 0; i < k; ++i) {
        for (int j = 0; j < k; ++j) {
          to[static_cast<std::size_t>(l) * kernels.column_step +
             static_cast<std::size_t>(i * k + j)] += tile[i][j][l];
        }
      }
    }
  });
}

CNN_VECTORIZED
void add_weight_of_points(int kernel, const Kernels& kernels, const Real* points, std::size_t pitch,
                          Real* dweight) {
  if (kernel == 3) {
    add_weight_of_points_for<3>(kernels, points, pitch, dweight);
  } else {
    add_weight_of_points_for<5>(kernels, points, pitch, dweight);
  }
}

}  // namespace

// What the scratch holds.
struct Winograd::Memory {
  Pixels input;              // one padded image
  Pixels output;             // one output, rounded up to whole tiles
  Kernels kernels;           // (C, F)
  Kernels backward_kernels;  // (F, C)
  std::size_t weight_pitch, input_pitch, output_pitch;

  Real* weight;         // (36, C, F), or (36, F, C) on the way back
  Real* dweight;        // (36, C, F)
  Real* input_points;   // (36, T, C)
  Real* output_points;  // (36, T, F)
  Real* input_pixels;
  Real* dinput_pixels;
  Real* output_pixels;
  std::size_t size;

  // The matrix of one point.
  static Matrix matrix(Real* points, std::size_t pitch, int point, int rows, int columns) {
    Matrix m(points + static_cast<std::size_t>(point) * pitch, rows, columns);
    m.stride = round_up(columns, kLanes);
    return m;
  }
};

bool Winograd::applies(const Window& window) {
  return window.stride == Size2{1, 1} && window.dilation == Size2{1, 1} &&
         window.kernel.height == window.kernel.width &&
         (window.kernel.height == 3 || window.kernel.height == 5);
}

bool Winograd::pays(const Window& window, int count) {
  if (!applies(window)) return false;
  const Winograd winograd(window, count);
  const double tiles = double(winograd.tile_rows_) * winograd.tile_columns_;
  const double channels = window.input.channels;
  const double plain = double(window.patch()) * window.positions() * count;
  // A transform costs about as much as kTransform multiplications for each value.
  constexpr double kTransform = 1;
  const double here = kPoints * tiles * (channels * count + kTransform * (channels + count));
  return channels >= 4 && count >= kLanes && plain > here;
}

Winograd::Winograd(const Window& window, int count)
    : window_(window), count_(count), outputs_(kTile + 1 - window.kernel.height) {
  assert(applies(window));
  tile_rows_ = (window.output.height + outputs_ - 1) / outputs_;
  tile_columns_ = (window.output.width + outputs_ - 1) / outputs_;
  // Enough tiles for matrix products to be efficient, few enough for the cache.
  constexpr int kTiles = 96;
  block_rows_ = std::clamp(kTiles / tile_columns_, 1, tile_rows_);
  if (block_rows_ == tile_rows_) {
    block_images_ = std::max(1, kTiles / (tile_rows_ * tile_columns_));
  }
}

Winograd::Memory Winograd::divide(View scratch) const {
  const int channels = round_up(window_.input.channels, kLanes);
  const int filters = round_up(count_, kLanes);
  const int tiles = block_images_ * block_rows_ * tile_columns_;
  Memory memory{};
  memory.input = {tile_rows_ * outputs_ + window_.kernel.height - 1,
                  tile_columns_ * outputs_ + window_.kernel.width - 1, channels};
  memory.output = {tile_rows_ * outputs_, tile_columns_ * outputs_, filters};
  memory.kernels = rows_of_channels(window_.kernel.height, count_, window_.input.channels);
  memory.backward_kernels = rows_of_filters(window_.kernel.height, count_, window_.input.channels);
  memory.weight_pitch =
      std::max(pitch_of(window_.input.channels, filters), pitch_of(count_, channels));
  memory.input_pitch = pitch_of(tiles, channels);
  memory.output_pitch = pitch_of(tiles, filters);
  const auto take = [&](std::size_t size) {
    Real* const begin = scratch.empty() ? nullptr : scratch.data() + memory.size;
    memory.size += size;
    return begin;
  };
  memory.weight = take(kPoints * memory.weight_pitch);
  memory.dweight = take(kPoints * memory.weight_pitch);
  memory.input_points = take(kPoints * memory.input_pitch);
  memory.output_points = take(kPoints * memory.output_pitch);
  memory.input_pixels = take(memory.input.size());
  memory.dinput_pixels = take(memory.input.size());
  memory.output_pixels = take(memory.output.size());
  assert(scratch.empty() || memory.size <= scratch.size());
  return memory;
}

std::size_t Winograd::scratch() const {
  return divide({}).size;
}

template <typename Block>
void Winograd::for_blocks(std::size_t n, const Block& block) const {
  const auto images = static_cast<std::size_t>(block_images_);
  for (std::size_t i = 0; i < n; i += images) {
    for (int row = 0; row < tile_rows_; row += block_rows_) {
      block(i, std::min(images, n - i), row, std::min(block_rows_, tile_rows_ - row));
    }
  }
}

void Winograd::forward(std::size_t n, CView x, CView weight, CView bias, View y, View scratch,
                       bool apart) const {
  const Memory m = divide(scratch);
  const Shape output{count_, window_.output.height, window_.output.width};
  const int channels = window_.input.channels;
  points_of_weight(window_.kernel.height, m.kernels, weight.data(), m.weight_pitch, m.weight);
  std::fill_n(m.input_pixels, m.input.size(), Real{0});
  for_blocks(n, [&](std::size_t first, std::size_t images, int row, int rows) {
    const Tiles tiles{row, rows, tile_columns_, outputs_};
    const int image_tiles = rows * tile_columns_;
    for (std::size_t i = 0; i < images; ++i) {
      if (row == 0) {
        gather(window_.input, &x[(first + i) * window_.input.size()], m.input, window_.pad.height,
               window_.pad.width, m.input_pixels);
      }
      points_of_input(tiles, m.input, m.input_pixels, m.input_pitch,
                      m.input_points + i * product(image_tiles, m.input.lanes));
    }
    const int all = static_cast<int>(images) * image_tiles;
    for (int p = 0; p < kPoints; ++p) {
      gemm_by_units(Memory::matrix(m.input_points, m.input_pitch, p, all, channels),
                    Memory::matrix(m.weight, m.weight_pitch, p, channels, count_), Transpose::no, 0,
                    Memory::matrix(m.output_points, m.output_pitch, p, all, count_),
                    apart ? image_tiles : all);
    }
    for (std::size_t i = 0; i < images; ++i) {
      output_of_points(tiles, m.output, m.output_points + i * product(image_tiles, m.output.lanes),
                       m.output_pitch, m.output_pixels);
      if (row + rows == tile_rows_) {
        scatter(m.output, m.output_pixels, 0, 0, 1, bias.empty() ? nullptr : bias.data(), output,
                &y[(first + i) * output.size()]);
      }
    }
  });
}

void Winograd::backward(std::size_t n, CView x, CView weight, CView dy, View dweight, View dx,
                        View scratch) const {
  const Memory m = divide(scratch);
  const Shape output{count_, window_.output.height, window_.output.width};
  const int channels = window_.input.channels;
  if (!dx.empty()) {
    points_of_weight(window_.kernel.height, m.backward_kernels, weight.data(), m.weight_pitch,
                     m.weight);
  }
  std::fill_n(m.dweight, kPoints * m.weight_pitch, Real{0});
  std::fill_n(m.input_pixels, m.input.size(), Real{0});
  std::fill_n(m.output_pixels, m.output.size(), Real{0});
  for_blocks(n, [&](std::size_t first, std::size_t images, int row, int rows) {
    const Tiles tiles{row, rows, tile_columns_, outputs_};
    const int image_tiles = rows * tile_columns_;
    const std::size_t input_step = product(image_tiles, m.input.lanes);
    for (std::size_t i = 0; i < images; ++i) {
      if (row == 0) {
        gather(window_.input, &x[(first + i) * window_.input.size()], m.input, window_.pad.height,
               window_.pad.width, m.input_pixels);
        gather(output, &dy[(first + i) * output.size()], m.output, 0, 0, m.output_pixels);
      }
      points_of_input(tiles, m.input, m.input_pixels, m.input_pitch,
                      m.input_points + i * input_step);
      points_of_doutput(tiles, m.output, m.output_pixels, m.output_pitch,
                        m.output_points + i * product(image_tiles, m.output.lanes));
    }
    const int all = static_cast<int>(images) * image_tiles;
    for (int p = 0; p < kPoints; ++p) {
      const Matrix input = Memory::matrix(m.input_points, m.input_pitch, p, all, channels);
      const Matrix doutput = Memory::matrix(m.output_points, m.output_pitch, p, all, count_);
      gemm(input, Transpose::yes, doutput, Transpose::no, 1,
           Memory::matrix(m.dweight, m.weight_pitch, p, channels, count_));
      if (dx.empty()) continue;
      // In place of the input's points, which have done their work.
      gemm(doutput, Transpose::no, Memory::matrix(m.weight, m.weight_pitch, p, count_, channels),
           Transpose::no, 0, input);
    }
    if (dx.empty()) return;
    for (std::size_t i = 0; i < images; ++i) {
      if (row == 0) std::fill_n(m.dinput_pixels, m.input.size(), Real{0});
      add_input_of_points(tiles, m.input, m.input_points + i * input_step, m.input_pitch,
                          m.dinput_pixels);
      if (row + rows == tile_rows_) {
        scatter(m.input, m.dinput_pixels, window_.pad.height, window_.pad.width, kUnscale, nullptr,
                window_.input, &dx[(first + i) * window_.input.size()]);
      }
    }
  });
  add_weight_of_points(window_.kernel.height, m.kernels, m.dweight, m.weight_pitch, dweight.data());
}

}  // namespace cnn
