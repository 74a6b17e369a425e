#include "kernels/max_pooling.hpp"

#include <algorithm>

#include "base/lanes.hpp"
#include "kernels/turn_planes.hpp"

namespace cnn::max_pooling {
namespace {

constexpr int kLanes = 8;  // planes side by side
// Indices are computed as Reals, which fill vectors of the pixels' width.
constexpr std::int64_t kMostPixels = std::int64_t{1} << 24;

// Reals of a strip, which stay in the cache while windows overlap.
constexpr std::int64_t kStrip = std::int64_t{1} << 15;

// The pixels that windows first … last-1 of one direction see.
struct Range {
  int first;
  int last;
};
Range pixels_of(Range windows, int stride, int pad, int kernel, int pixels) {
  return {std::max(windows.first * stride - pad, 0),
          std::min((windows.last - 1) * stride - pad + kernel, pixels)};
}
Range rows_of(const Window& window, Range outputs) {
  return pixels_of(outputs, window.stride.height, window.pad.height, window.kernel.height,
                   window.input.height);
}
Range columns_of(const Window& window, int ox) {
  return pixels_of({ox, ox + 1}, window.stride.width, window.pad.width, window.kernel.width,
                   window.input.width);
}

std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

// Rows of pixels that so many rows of windows see.
std::int64_t reach(const Window& window, int outputs) {
  return std::min<std::int64_t>(
      std::int64_t{outputs - 1} * window.stride.height + window.kernel.height, window.input.height);
}

// Rows of windows of a strip.
int strip_outputs(const Window& window) {
  const std::int64_t row = std::int64_t{window.input.width} * kLanes;
  const std::int64_t rows = kStrip / row - window.kernel.height;
  return static_cast<int>(
      std::clamp<std::int64_t>(rows / window.stride.height + 1, 1, window.output.height));
}

std::size_t pixels_of_strip(const Window& window) {
  return kLanes * static_cast<std::size_t>(reach(window, strip_outputs(window))) *
         static_cast<std::size_t>(window.input.width);
}

// A strip: the windows of some rows of outputs on pixels that begin with row `top`.
struct Strip {
  const Window* window;
  Range outputs;
  int top;
  const Real* pixels;  // (rows, columns, kLanes)
  Real* largest;       // (outputs, columns of outputs, kLanes)
  Real* winners;       // likewise: indices within the plane
};

// The largest pixel of each lane's window so far, and its index.
struct Best {
  Lanes8 value;
  Lanes8 index;
};

template <bool indexed, bool any_nan>
CNN_INLINE void keep_larger(const Lanes8& value, const Lanes8& index, Best& best) {
  const auto wins = any_nan ? (value > best.value) | (value != value) : value > best.value;
  best.value = wins ? value : best.value;
  if (indexed) best.index = wins ? index : best.index;
}

CNN_INLINE bool has_nan(const Real* pixels, std::size_t count) {
  auto found = Lanes8{} != Lanes8{};
  for (std::size_t i = 0; i < count; i += kLanes) {
    const Lanes8 value = load<Lanes8>(pixels + i);
    found |= value != value;
  }
  bool any = false;
  for (int lane = 0; lane < kLanes; ++lane) any |= found[lane] != 0;
  return any;
}

// The windows of `outputs` neighbours, which are alike: their sums of comparisons take turns.
template <bool indexed, bool any_nan, int outputs>
CNN_INLINE void find_largest_of(const Strip& strip, Range rows, Range columns, std::size_t at) {
  const int width = strip.window->input.width;
  const int step = strip.window->stride.width;
  const Real* const corner =
      strip.pixels + product((rows.first - strip.top) * width + columns.first, kLanes);
  Best best[outputs];
  for (int o = 0; o < outputs; ++o) {
    best[o].value = load<Lanes8>(corner + product(o * step, kLanes));
    best[o].index = Lanes8{} + static_cast<Real>(rows.first * width + columns.first);
  }
  for (int row = rows.first; row < rows.last; ++row) {
    const Real* from = corner + product((row - rows.first) * width, kLanes);
    Lanes8 index = Lanes8{} + static_cast<Real>(row * width + columns.first);
    for (int column = columns.first; column < columns.last; ++column, from += kLanes, index += 1) {
      for (int o = 0; o < outputs; ++o) {
        keep_larger<indexed, any_nan>(load<Lanes8>(from + product(o * step, kLanes)), index,
                                      best[o]);
      }
    }
  }
  for (std::size_t o = 0; o < outputs; ++o) {
    store(best[o].value, strip.largest + at + o * kLanes);
    if (indexed) {
      store(best[o].index + static_cast<Real>(static_cast<int>(o) * step),
            strip.winners + at + o * kLanes);
    }
  }
}

template <bool indexed, bool any_nan>
CNN_INLINE void find_all_largest(const Strip& strip) {
  const Window& window = *strip.window;
  constexpr int kTogether = 4;
  const auto is_whole = [&](int ox) {
    const Range columns = columns_of(window, ox);
    return columns.last - columns.first == window.kernel.width;
  };
  std::size_t at = 0;
  for (int oy = strip.outputs.first; oy < strip.outputs.last; ++oy) {
    const Range rows = rows_of(window, {oy, oy + 1});
    for (int ox = 0; ox < window.output.width;) {
      const Range columns = columns_of(window, ox);
      if (ox + kTogether <= window.output.width && is_whole(ox) && is_whole(ox + kTogether - 1)) {
        find_largest_of<indexed, any_nan, kTogether>(strip, rows, columns, at);
        at += kTogether * kLanes;
        ox += kTogether;
      } else {
        find_largest_of<indexed, any_nan, 1>(strip, rows, columns, at);
        at += kLanes;
        ++ox;
      }
    }
  }
}

// NaNs are rare, and looking for them in each comparison takes as long as the comparison.
template <bool indexed>
CNN_INLINE void find_largest(const Strip& strip) {
  const Range rows = rows_of(*strip.window, strip.outputs);
  const std::size_t pixels = product(rows.last - rows.first, strip.window->input.width);
  has_nan(strip.pixels, pixels * kLanes) ? find_all_largest<indexed, true>(strip)
                                         : find_all_largest<indexed, false>(strip);
}

}  // namespace

bool applies(const Window& window) {
  return reach(window, 1) * window.input.width * kLanes <= 2 * kStrip &&
         std::int64_t{window.input.height} * window.input.width <= kMostPixels;
}

std::size_t scratch(const Window& window) {
  const int outputs = strip_outputs(window);
  return pixels_of_strip(window) + 2 * kLanes * product(outputs, window.output.width);
}

void forward(const Window& window, std::size_t planes, const Real* x, Real* y,
             std::uint32_t* winners, View scratch) {
  const std::size_t x_plane = product(window.input.height, window.input.width);
  const std::size_t y_plane = product(window.output.height, window.output.width);
  const int step = strip_outputs(window);
  Real* const pixels = scratch.data();
  Real* const largest = pixels + pixels_of_strip(window);
  Real* const indices = largest + kLanes * product(step, window.output.width);
  for (std::size_t p = 0; p < planes; p += kLanes) {
    const int count = static_cast<int>(std::min<std::size_t>(planes - p, kLanes));
    for (int oy = 0; oy < window.output.height; oy += step) {
      const Range outputs{oy, std::min(oy + step, window.output.height)};
      const Range rows = rows_of(window, outputs);
      planes_to_rows({product(rows.last - rows.first, window.input.width), count, kLanes, x_plane},
                     x + p * x_plane + product(rows.first, window.input.width), pixels);
      const Strip strip{&window, outputs, rows.first, pixels, largest, indices};
      winners == nullptr ? vectorized<find_largest<false>>(strip)
                         : vectorized<find_largest<true>>(strip);
      const std::size_t first = p * y_plane + product(oy, window.output.width);
      const std::size_t positions = product(outputs.last - oy, window.output.width);
      rows_to_planes({positions, count, kLanes, y_plane}, largest, y + first);
      if (winners == nullptr) continue;
      // Over pixels and largest, which have done their work.
      rows_to_planes({positions, count, kLanes, positions}, indices, pixels);
      for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k) {
        const Real* const from = pixels + k * positions;
        std::uint32_t* const to = winners + first + k * y_plane;
        for (std::size_t i = 0; i < positions; ++i) {
          to[i] = static_cast<std::uint32_t>(static_cast<std::int32_t>(from[i]));
        }
      }
    }
  }
}

}  // namespace cnn::max_pooling
