#include "kernels/pool_rows.hpp"

#include <algorithm>
#include <limits>

#include "base/lanes.hpp"

namespace cnn::pool_rows {
namespace {

constexpr int kLanes = 8;
constexpr int kMostColumns = 512;
// Indices are computed as Reals, which fill vectors of the pixels' width.
constexpr std::int64_t kMostPixels = std::int64_t{1} << 24;
constexpr Real kNone = std::numeric_limits<Real>::infinity();

// From the first column that a row of windows sees to the last that the vectors of outputs read.
int columns_read(const Window& window) {
  const int outputs = (window.output.width + kLanes - 1) / kLanes * kLanes;
  return outputs * window.stride.width + window.kernel.width + 2 * kLanes;
}

struct Best {
  Lanes8 value;
  Lanes8 index;
};

// A larger value wins, and a NaN; among equals the first in row order.
template <bool indexed>
CNN_INLINE void keep_larger(const Best& other, Best& best) {
  const auto wins = indexed ? (other.value > best.value) | (other.value != other.value) |
                                  ((other.value == best.value) & (other.index < best.index))
                            : (other.value > best.value) | (other.value != other.value);
  best.value = wins ? other.value : best.value;
  if (indexed) best.index = wins ? other.index : best.index;
}

template <int stride>
CNN_INLINE Lanes8 every(const Real* from) {
  if constexpr (stride == 1) return load<Lanes8>(from);
  return even(load<Lanes8>(from), load<Lanes8>(from + kLanes));
}

CNN_INLINE Lanes8 pixels_of(const Real* row, int count) {
  if (count >= kLanes) return load<Lanes8>(row);
  Lanes8 pixels = Lanes8{} - kNone;
  for (int i = 0; i < count; ++i) pixels[i] = row[i];
  return pixels;
}

// The columns of one row of windows, as they stand within their padding.
struct Columns {
  Real value[kMostColumns];
  Real index[kMostColumns];
};

template <bool indexed>
CNN_INLINE void find_columns(const Window& window, int oy, const Real* x, Columns& best) {
  const int width = window.input.width;
  const int top = oy * window.stride.height - window.pad.height;
  const int bottom = std::min(top + window.kernel.height, window.input.height);
  const Lanes8 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
  for (int run = 0; run < width; run += kLanes) {
    const int column =
        std::clamp(run, 0, std::max(width - kLanes, 0));  // may overlap the one before
    const auto of_row = [&](int row) CNN_INLINE_LAMBDA {
      const int first = row * width + column;
      return Best{pixels_of(x + first, width), lanes + static_cast<Real>(first)};
    };
    Best found = of_row(std::max(top, 0));
    for (int row = std::max(top, 0) + 1; row < bottom; ++row) {
      keep_larger<indexed>(of_row(row), found);
    }
    store(found.value, best.value + window.pad.width + column);
    if (indexed) store(found.index, best.index + window.pad.width + column);
  }
}

template <bool indexed, int stride>
CNN_INLINE void max_of_windows(const Window& window, std::size_t planes, const Real* x, Real* y,
                               std::uint32_t* winners) {
  Columns best;
  std::fill_n(best.value, columns_read(window), -kNone);
  std::fill_n(best.index, columns_read(window), kNone);
  const std::size_t plane = window.input.size() / static_cast<std::size_t>(window.input.channels);
  const int outputs = window.output.width;
  for (std::size_t p = 0; p < planes; ++p, x += plane) {
    for (int oy = 0; oy < window.output.height; ++oy) {
      find_columns<indexed>(window, oy, x, best);
      for (int ox = 0; ox < outputs; ox += kLanes) {
        const auto column = [&](int kx) CNN_INLINE_LAMBDA {
          const int at = ox * stride + kx;
          return Best{every<stride>(best.value + at),
                      indexed ? every<stride>(best.index + at) : Lanes8{}};
        };
        Best found = column(0);
        for (int kx = 1; kx < window.kernel.width; ++kx) keep_larger<indexed>(column(kx), found);
        const int count = std::min(outputs - ox, kLanes);
        if (count == kLanes) {
          store(found.value, y);
        } else {
          for (int i = 0; i < count; ++i) y[i] = found.value[i];
        }
        y += count;
        if (!indexed) continue;
        for (int i = 0; i < count; ++i) winners[i] = static_cast<std::uint32_t>(found.index[i]);
        winners += count;
      }
    }
  }
}

template <bool indexed>
CNN_INLINE void max_by_stride(const Window& window, std::size_t planes, const Real* x, Real* y,
                              std::uint32_t* winners) {
  window.stride.width == 1 ? max_of_windows<indexed, 1>(window, planes, x, y, winners)
                           : max_of_windows<indexed, 2>(window, planes, x, y, winners);
}

}  // namespace

bool applies(const Window& window) {
  return window.stride.width <= 2 && window.dilation == Size2{1, 1} &&
         columns_read(window) <= kMostColumns &&
         window.pad.width + window.input.width + kLanes <= kMostColumns &&
         std::int64_t{window.input.height} * window.input.width <= kMostPixels;
}

void forward_max(const Window& window, std::size_t planes, const Real* x, Real* y,
                 std::uint32_t* winners) {
  if (winners == nullptr) {
    vectorized<max_by_stride<false>>(window, planes, x, y, winners);
  } else {
    vectorized<max_by_stride<true>>(window, planes, x, y, winners);
  }
}

}  // namespace cnn::pool_rows
