#include "kernels/winograd_transforms.hpp"

#include <algorithm>

#include "base/lanes.hpp"
#include "kernels/hold.hpp"

namespace cnn::winograd {
namespace {

using Lanes = Lanes8;
static_assert(sizeof(Lanes) == kLanes * sizeof(Real));

// ---- One direction of a transform ----

// Bᵀ: from six pixels to the six points.
template <typename V>
CNN_INLINE void to_points(V (&v)[kTile]) {
  const V even1 = v[4] - 4 * v[2], odd1 = v[3] - 4 * v[1];
  const V even2 = v[4] - v[2], odd2 = 2 * (v[3] - v[1]);
  v[0] = 4 * v[0] - 5 * v[2] + v[4];
  v[5] = 4 * v[1] - 5 * v[3] + v[5];
  v[1] = even1 + odd1;
  v[2] = even1 - odd1;
  v[3] = even2 + odd2;
  v[4] = even2 - odd2;
}

// B, its adjoint.
template <typename V>
CNN_INLINE void from_points(V (&v)[kTile]) {
  const V sum1 = v[1] + v[2], difference1 = v[1] - v[2];
  const V sum2 = v[3] + v[4], difference2 = v[3] - v[4];
  v[1] = 4 * (v[5] - difference1) - 2 * difference2;
  v[2] = -5 * v[0] - 4 * sum1 - sum2;
  v[3] = difference1 + 2 * difference2 - 5 * v[5];
  v[4] = v[0] + sum1 + sum2;
  v[0] = 4 * v[0];
}

// A, or G but for its scale: the values of the polynomial with coefficients v[0 … size-1] at the
// points.
template <int size, typename V>
CNN_INLINE void evaluate(V (&v)[kTile]) {
  V even1 = v[0], odd1 = v[1], even2 = v[0], odd2 = 2 * v[1];
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
template <int size, typename V>
CNN_INLINE void evaluate_adjoint(V (&v)[kTile]) {
  const V sum1 = v[1] + v[2], difference1 = v[1] - v[2];
  const V sum2 = v[3] + v[4], difference2 = v[3] - v[4];
  const V last = v[5];
  v[0] += sum1 + sum2;
  v[1] = difference1 + 2 * difference2;
  if constexpr (size > 2) v[2] = sum1 + 4 * sum2;
  if constexpr (size > 3) v[3] = difference1 + 8 * difference2;
  if constexpr (size > 4) v[4] = sum1 + 16 * sum2;
  v[size - 1] += last;
}

// The rest of G: one over the product of a point's distances to the others, times 3, so that all
// arithmetic on small integers is exact. Values that leave the points again are divided by 3 x 3.
CNN_INLINE void scale(Lanes (&v)[kTile]) {
  v[0] *= Real{3} / 4;
  v[1] *= Real{-1} / 2;
  v[2] *= Real{-1} / 2;
  v[3] *= Real{1} / 8;
  v[4] *= Real{1} / 8;
  v[5] *= 3;
}

// ---- Both directions ----

// Applies `transform` to the first `columns` columns, then to all `rows` rows.
template <typename V, typename Transform>
CNN_INLINE void both_ways(V (&tile)[kTile][kTile], int columns, int rows,
                          const Transform& transform) {
  for (int j = 0; j < columns; ++j) {
    V v[kTile];
    for (int i = 0; i < kTile; ++i) v[i] = tile[i][j];
    transform(v);
    for (int i = 0; i < kTile; ++i) tile[i][j] = v[i];
  }
  for (int i = 0; i < rows; ++i) transform(tile[i]);
}

// ---- Between pixels or kernels and points ----

// The first column of each run of kLanes columns; the last run may overlap the one before.
template <typename Run>
CNN_INLINE void for_runs(int width, const Run& run) {
  for (int x = 0; x < width; x += kLanes) run(std::min(x, width - kLanes));
}

// Calls tile(pixel, point, vector of channels) for all tiles and all runs of channels, in vectors V
// while they fill them.
template <typename V, typename Tile>
CNN_INLINE void for_tiles(const Tiles& tiles, const Pixels& pixels, const Tile& tile) {
  constexpr std::size_t kWide = sizeof(V) / sizeof(Real);
  const auto lanes = static_cast<std::size_t>(pixels.lanes);
  std::size_t point = 0;
  for (int y = 0; y < tiles.rows; ++y) {
    for (int x = 0; x < tiles.columns; ++x, point += lanes) {
      const std::size_t pixel = pixels.at((tiles.first_row + y) * tiles.step, x * tiles.step);
      std::size_t c = 0;
      for (; c + kWide <= lanes; c += kWide) tile(pixel + c, point + c, V());
      for (; c < lanes; c += kLanes) tile(pixel + c, point + c, Lanes());
    }
  }
}

template <typename V>
CNN_INLINE void load_points(const Real* from, std::size_t pitch, V (&tile)[kTile][kTile]) {
  for (int i = 0; i < kTile; ++i) {
    for (int j = 0; j < kTile; ++j) {
      tile[i][j] = load<V>(from + static_cast<std::size_t>(i * kTile + j) * pitch);
    }
  }
}

template <typename V>
CNN_INLINE void store_points(const V (&tile)[kTile][kTile], std::size_t pitch, Real* to) {
  for (int i = 0; i < kTile; ++i) {
    for (int j = 0; j < kTile; ++j) {
      store(tile[i][j], to + static_cast<std::size_t>(i * kTile + j) * pitch);
    }
  }
}

// Aᵀ p A of each tile: m x m outputs.
template <int m, typename V>
CNN_INLINE void output_of_points_for(const Tiles& tiles, const Pixels& pixels, const Real* points,
                                     std::size_t pitch, Real* to) {
  for_tiles<V>(
      tiles, pixels, [&]<typename L>(std::size_t pixel, std::size_t point, L) CNN_INLINE_LAMBDA {
        L tile[kTile][kTile];
        load_points(points + point, pitch, tile);
        both_ways(tile, kTile, m, [](L(&v)[kTile]) CNN_INLINE_LAMBDA { evaluate_adjoint<m>(v); });
        for (int i = 0; i < m; ++i) {
          for (int j = 0; j < m; ++j) {
            store<L>(tile[i][j] * kUnscale, to + pixel + pixels.at(i, j));
          }
        }
      });
}

// Its adjoint, A dy Aᵀ.
template <int m, typename V>
CNN_INLINE void points_of_doutput_for(const Tiles& tiles, const Pixels& pixels, const Real* from,
                                      std::size_t pitch, Real* points) {
  for_tiles<V>(tiles, pixels,
               [&]<typename L>(std::size_t pixel, std::size_t point, L) CNN_INLINE_LAMBDA {
                 L tile[kTile][kTile];
                 for (int i = 0; i < m; ++i) {
                   for (int j = 0; j < m; ++j) tile[i][j] = load<L>(from + pixel + pixels.at(i, j));
                 }
                 both_ways(tile, m, kTile, [](L(&v)[kTile]) CNN_INLINE_LAMBDA { evaluate<m>(v); });
                 store_points(tile, pitch, points + point);
               });
}

// Calls run(first weight, columns, index among the points) for all runs of columns.
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

CNN_INLINE
void gather_body(const Shape& shape, const Real* planes, const Pixels& pixels, int top, int left,
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

CNN_INLINE
void scatter_body(const Pixels& pixels, const Real* from, int top, int left, Real factor,
                  const Real* bias, const Shape& shape, Real* planes, const OutputRange& range) {
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
            (row + x)[static_cast<std::size_t>(l) * plane] = held_to(range, v[l] * factor + add[l]);
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
            store<Lanes>(held_to<Lanes>(range, v[l] * factor + add[l]),
                         row + static_cast<std::size_t>(l) * plane + x);
          }
        } else {
          for (int l = 0; l < channels; ++l) {
            store<Lanes>(held_to<Lanes>(range, v[l] * factor + add[l]),
                         row + static_cast<std::size_t>(l) * plane + x);
          }
        }
      });
    }
  }
}

template <typename V>
CNN_INLINE void points_of_input_body(const Tiles& tiles, const Pixels& pixels, const Real* from,
                                     std::size_t pitch, Real* points) {
  for_tiles<V>(
      tiles, pixels, [&]<typename L>(std::size_t pixel, std::size_t point, L) CNN_INLINE_LAMBDA {
        L tile[kTile][kTile];
        for (int i = 0; i < kTile; ++i) {
          for (int j = 0; j < kTile; ++j) tile[i][j] = load<L>(from + pixel + pixels.at(i, j));
        }
        both_ways(tile, kTile, kTile, [](L(&v)[kTile]) CNN_INLINE_LAMBDA { to_points(v); });
        store_points(tile, pitch, points + point);
      });
}

template <typename V>
CNN_INLINE void add_input_of_points_body(const Tiles& tiles, const Pixels& pixels,
                                         const Real* points, std::size_t pitch, Real* to) {
  for_tiles<V>(
      tiles, pixels, [&]<typename L>(std::size_t pixel, std::size_t point, L) CNN_INLINE_LAMBDA {
        L tile[kTile][kTile];
        load_points(points + point, pitch, tile);
        both_ways(tile, kTile, kTile, [](L(&v)[kTile]) CNN_INLINE_LAMBDA { from_points(v); });
        for (int i = 0; i < kTile; ++i) {
          for (int j = 0; j < kTile; ++j) {
            Real* const target = to + pixel + pixels.at(i, j);
            store<L>(load<L>(target) + tile[i][j], target);
          }
        }
      });
}

template <typename V>
CNN_INLINE void output_of_points_body(const Tiles& tiles, const Pixels& pixels, const Real* points,
                                      std::size_t pitch, Real* to) {
  if (tiles.step == 4) {
    output_of_points_for<4, V>(tiles, pixels, points, pitch, to);
  } else {
    output_of_points_for<2, V>(tiles, pixels, points, pitch, to);
  }
}

template <typename V>
CNN_INLINE void points_of_doutput_body(const Tiles& tiles, const Pixels& pixels, const Real* from,
                                       std::size_t pitch, Real* points) {
  if (tiles.step == 4) {
    points_of_doutput_for<4, V>(tiles, pixels, from, pitch, points);
  } else {
    points_of_doutput_for<2, V>(tiles, pixels, from, pitch, points);
  }
}

CNN_INLINE
void points_of_weight_body(int kernel, const Kernels& kernels, const Real* weight,
                           std::size_t pitch, Real* points) {
  if (kernel == 3) {
    points_of_weight_for<3>(kernels, weight, pitch, points);
  } else {
    points_of_weight_for<5>(kernels, weight, pitch, points);
  }
}

CNN_INLINE
void add_weight_of_points_body(int kernel, const Kernels& kernels, const Real* points,
                               std::size_t pitch, Real* dweight) {
  if (kernel == 3) {
    add_weight_of_points_for<3>(kernels, points, pitch, dweight);
  } else {
    add_weight_of_points_for<5>(kernels, points, pitch, dweight);
  }
}

bool has_wide_lanes() {
  return vector_level() == VectorLevel::x86_64_v4;
}

}  // namespace

std::size_t pitch_of(int rows, int lanes) {
  constexpr std::size_t kLine = 64 / sizeof(Real);
  const std::size_t lines = (product(rows, lanes) + kLine - 1) / kLine;
  return (lines | 1) * kLine;
}

void gather(const Shape& shape, const Real* planes, const Pixels& pixels, int top, int left,
            Real* to) {
  vectorized<gather_body>(shape, planes, pixels, top, left, to);
}

void scatter(const Pixels& pixels, const Real* from, int top, int left, Real factor,
             const Real* bias, const Shape& shape, Real* planes, const OutputRange& range) {
  vectorized<scatter_body>(pixels, from, top, left, factor, bias, shape, planes, range);
}

void points_of_input(const Tiles& tiles, const Pixels& pixels, const Real* from, std::size_t pitch,
                     Real* points) {
  has_wide_lanes() ? on_v4<points_of_input_body<Lanes16>>(tiles, pixels, from, pitch, points)
                   : vectorized<points_of_input_body<Lanes>>(tiles, pixels, from, pitch, points);
}

void add_input_of_points(const Tiles& tiles, const Pixels& pixels, const Real* points,
                         std::size_t pitch, Real* to) {
  has_wide_lanes() ? on_v4<add_input_of_points_body<Lanes16>>(tiles, pixels, points, pitch, to)
                   : vectorized<add_input_of_points_body<Lanes>>(tiles, pixels, points, pitch, to);
}

void output_of_points(const Tiles& tiles, const Pixels& pixels, const Real* points,
                      std::size_t pitch, Real* to) {
  has_wide_lanes() ? on_v4<output_of_points_body<Lanes16>>(tiles, pixels, points, pitch, to)
                   : vectorized<output_of_points_body<Lanes>>(tiles, pixels, points, pitch, to);
}

void points_of_doutput(const Tiles& tiles, const Pixels& pixels, const Real* from,
                       std::size_t pitch, Real* points) {
  has_wide_lanes() ? on_v4<points_of_doutput_body<Lanes16>>(tiles, pixels, from, pitch, points)
                   : vectorized<points_of_doutput_body<Lanes>>(tiles, pixels, from, pitch, points);
}

Kernels rows_of_channels(int kernel, int filters, int channels) {
  return {channels, filters, product(kernel, kernel), product(channels, kernel * kernel)};
}

Kernels rows_of_filters(int kernel, int filters, int channels) {
  return {filters, channels, product(channels, kernel * kernel), product(kernel, kernel)};
}

void points_of_weight(int kernel, const Kernels& kernels, const Real* weight, std::size_t pitch,
                      Real* points) {
  vectorized<points_of_weight_body>(kernel, kernels, weight, pitch, points);
}

void add_weight_of_points(int kernel, const Kernels& kernels, const Real* points, std::size_t pitch,
                          Real* dweight) {
  vectorized<add_weight_of_points_body>(kernel, kernels, points, pitch, dweight);
}

}  // namespace cnn::winograd
