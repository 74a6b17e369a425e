#include "kernels/few_channels.hpp"

#include <algorithm>
#include <type_traits>

#include "base/lanes.hpp"
#include "kernels/hold.hpp"
#include "kernels/padding.hpp"

namespace cnn::few_channels {
namespace {

constexpr int kMostChannels = 4;
constexpr int kLanes = 8;

template <typename V>
constexpr int kWidth = sizeof(V) / sizeof(Real);

std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

// The image within its padding.
CNN_INLINE Frame frame_of(const Window& window) {
  const auto [channels, height, width] = window.input;
  const auto [top, left] = window.pad;
  return {channels, height, width, top, left, height + 2 * top, width + 2 * left};
}

// Outputs of `filters` kernels at `vectors` runs of neighbouring columns of a row; weight: tap by
// tap in the order of the kernels' elements, `step` apart.
template <typename V, int K, int filters, int vectors>
CNN_INLINE void outputs_of(const Frame& image, const Real* x, const int (&columns)[vectors],
                           const Real* weight, int step, const Real* bias, const OutputRange& range,
                           Real* y, std::size_t positions) {
  V sums[filters][vectors];
  for (int f = 0; f < filters; ++f) {
    for (int v = 0; v < vectors; ++v) sums[f][v] = V{} + (bias == nullptr ? Real{0} : bias[f]);
  }
  for (int c = 0; c < image.planes; ++c) {
    for (int ky = 0; ky < K; ++ky) {
      const Real* const row = x + product(c * image.padded_height + ky, image.padded_width);
      for (int kx = 0; kx < K; ++kx, weight += step) {
        V pixels[vectors];
        for (int v = 0; v < vectors; ++v) pixels[v] = load<V>(row + columns[v] + kx);
        for (int f = 0; f < filters; ++f) {
          for (int v = 0; v < vectors; ++v) sums[f][v] += weight[f] * pixels[v];
        }
      }
    }
  }
  for (int f = 0; f < filters; ++f) {
    for (int v = 0; v < vectors; ++v) {
      store(held_to(range, sums[f][v]), y + static_cast<std::size_t>(f) * positions + columns[v]);
    }
  }
}

// Runs that are computed together: so many that no sum waits for its own last multiply-add, as far
// as there are registers.
template <typename V>
constexpr int runs_together(int filters) {
  return filters == 8 && kWidth<V> == kLanes ? 1 : 2;
}

template <typename V, int K, int filters>
CNN_INLINE void planes_of(const Window& window, const Real* x, const Real* weight, int step,
                          const Real* bias, const OutputRange& range, Real* y) {
  const Frame image = frame_of(window);
  const auto [rows, width] = window.output;
  const int last = width - kWidth<V>;  // the last run may overlap the one before
  const std::size_t positions = product(rows, width);
  for (int row = 0; row < rows; ++row) {
    const Real* const pixels = x + product(row, image.padded_width);
    Real* const outputs = y + product(row, width);
    int run = 0;
    constexpr int kRuns = runs_together<V>(filters);
    for (; kRuns == 2 && run < last; run += 2 * kWidth<V>) {
      outputs_of<V, K, filters, 2>(image, pixels, {run, std::min(run + kWidth<V>, last)}, weight,
                                   step, bias, range, outputs, positions);
    }
    for (; run < width; run += kWidth<V>) {
      outputs_of<V, K, filters, 1>(image, pixels, {std::min(run, last)}, weight, step, bias, range,
                                   outputs, positions);
    }
  }
}

template <typename V, int K>
CNN_INLINE void forward_for(const Window& window, int count, const Real* x, const Real* weight,
                            int step, const Real* bias, const OutputRange& range, Real* y) {
  const std::size_t positions = product(window.output.height, window.output.width);
  int f = 0;
  const auto take = [&]<int filters>(std::integral_constant<int, filters>) CNN_INLINE_LAMBDA {
    for (; f + filters <= count; f += filters) {
      planes_of<V, K, filters>(window, x, weight + f, step, bias == nullptr ? nullptr : bias + f,
                               range, y + static_cast<std::size_t>(f) * positions);
    }
  };
  take(std::integral_constant<int, kTogether>());
  take(std::integral_constant<int, 6>());
  take(std::integral_constant<int, 4>());
  take(std::integral_constant<int, 2>());
  take(std::integral_constant<int, 1>());
}

template <typename V>
CNN_INLINE void forward_by(const Window& window, int count, const Real* x, const Real* weight,
                           int step, const Real* bias, const OutputRange& range, Real* y) {
  if (window.kernel.width == 3) {
    forward_for<V, 3>(window, count, x, weight, step, bias, range, y);
  } else {
    forward_for<V, 5>(window, count, x, weight, step, bias, range, y);
  }
}

CNN_INLINE Real sum_of(const Lanes8& v) {
  return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

CNN_INLINE Real sum_of(const Lanes16& v) {
  Lanes8 halves[2];
  __builtin_memcpy(halves, &v, sizeof v);
  return sum_of(halves[0] + halves[1]);
}

// One row of taps of `filters` kernels, of one channel: x is the row of pixels under the first of
// them.
template <typename V, int K, int filters>
CNN_INLINE void add_row_of_taps(const Window& window, const Real* x, const Real* dy,
                                std::size_t filter_size, Real* dweight) {
  const Frame image = frame_of(window);
  const auto [rows, columns] = window.output;
  const std::size_t positions = product(rows, columns);
  // The last run may overlap the one before, whose outputs do not count again.
  constexpr int kRun = kWidth<V>;
  const int overlap = (kRun - columns % kRun) % kRun;
  V fresh;
  for (int l = 0; l < kRun; ++l) fresh[l] = l < overlap ? Real{0} : Real{1};
  V sums[filters][K]{};
  for (int oy = 0; oy < rows; ++oy) {
    for (int run = 0; run < columns; run += kRun) {
      const int ox = std::min(run, columns - kRun);
      V pixels[K];
      for (int kx = 0; kx < K; ++kx) {
        pixels[kx] = load<V>(x + product(oy, image.padded_width) + ox + kx);
      }
      for (int f = 0; f < filters; ++f) {
        V share = load<V>(dy + static_cast<std::size_t>(f) * positions + product(oy, columns) + ox);
        if (ox < run) share *= fresh;
        for (int kx = 0; kx < K; ++kx) sums[f][kx] += share * pixels[kx];
      }
    }
  }
  for (int f = 0; f < filters; ++f) {
    for (int kx = 0; kx < K; ++kx) {
      dweight[static_cast<std::size_t>(f) * filter_size + static_cast<std::size_t>(kx)] +=
          sum_of(sums[f][kx]);
    }
  }
}

template <typename V, int K, int registers>
CNN_INLINE void add_dweight_for(const Window& window, int count, const Real* x, const Real* dy,
                                Real* dweight) {
  const Frame image = frame_of(window);
  const std::size_t positions = product(window.output.height, window.output.width);
  const std::size_t filter_size = product(image.planes, K * K);
  for (int c = 0; c < image.planes; ++c) {
    for (int ky = 0; ky < K; ++ky) {
      const Real* const row = x + product(c * image.padded_height + ky, image.padded_width);
      Real* const taps = dweight + product(c * K + ky, K);
      int f = 0;
      const auto take = [&]<int filters>(std::integral_constant<int, filters>) CNN_INLINE_LAMBDA {
        for (; f + filters <= count; f += filters) {
          add_row_of_taps<V, K, filters>(window, row, dy + static_cast<std::size_t>(f) * positions,
                                         filter_size,
                                         taps + static_cast<std::size_t>(f) * filter_size);
        }
      };
      if constexpr (5 * K + 1 <= registers) take(std::integral_constant<int, 4>());
      take(std::integral_constant<int, 2>());
      take(std::integral_constant<int, 1>());
    }
  }
}

template <typename V, int registers>
CNN_INLINE void add_dweight_on(const Window& window, int count, const Real* x, const Real* dy,
                               Real* dweight) {
  if (window.kernel.width == 3) {
    add_dweight_for<V, 3, registers>(window, count, x, dy, dweight);
  } else {
    add_dweight_for<V, 5, registers>(window, count, x, dy, dweight);
  }
}

}  // namespace

bool applies(const Window& window) {
  return window.input.channels <= kMostChannels && window.stride == Size2{1, 1} &&
         window.dilation == Size2{1, 1} && window.kernel.height == window.kernel.width &&
         (window.kernel.height == 3 || window.kernel.height == 5) && window.output.width >= kLanes;
}

std::size_t scratch(const Window& window) {
  return frame_of(window).padded_size();
}

void pack(ConstMatrix weight, Real* packed) {
  const auto taps = static_cast<std::size_t>(weight.columns);
  const auto filters = static_cast<std::size_t>(weight.rows);
  for (std::size_t f = 0; f < filters; ++f) {
    for (std::size_t tap = 0; tap < taps; ++tap) {
      packed[tap * filters + f] = weight.data[f * taps + tap];
    }
  }
}

void forward(const Window& window, int count, CView x, const Real* packed, int step, CView bias,
             View y, View scratch, const OutputRange& range) {
  const Real* const pixels = padded(frame_of(window), x, scratch);
  const Real* const start = bias.empty() ? nullptr : bias.data();
  if (vector_level() == VectorLevel::x86_64_v4 && window.output.width >= 2 * kLanes) {
    on_v4<forward_by<Lanes16>>(window, count, pixels, packed, step, start, range, y.data());
  } else {
    vectorized<forward_by<Lanes8>>(window, count, pixels, packed, step, start, range, y.data());
  }
}

void add_dweight(const Window& window, CView x, CView dy, Matrix dweight, View scratch) {
  const Real* const pixels = padded(frame_of(window), x, scratch);
  const int count = dweight.rows;
  if (vector_level() != VectorLevel::x86_64_v4) {
    vectorized<add_dweight_on<Lanes8, 16>>(window, count, pixels, dy.data(), dweight.data);
  } else if (window.output.width >= 2 * kLanes) {
    on_v4<add_dweight_on<Lanes16, 32>>(window, count, pixels, dy.data(), dweight.data);
  } else {
    vectorized<add_dweight_on<Lanes8, 32>>(window, count, pixels, dy.data(), dweight.data);
  }
}

}  // namespace cnn::few_channels
