#include "kernels/correlation_3x3.hpp"

#include <algorithm>
#include <cstddef>

#include "base/lanes.hpp"
#include "kernels/hold.hpp"

namespace cnn {
namespace {

// One plane of it.
struct Job : Correlation3x3 {
  const Real* x;
  const Real* weight;
  Real start;
  Real* y;
};

template <typename V>
constexpr int kWidth = sizeof(V) / sizeof(Real);

std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

// A vector holds a part of a row of y, or two rows of half its width: `rows` says so.

// The element to the left of each, and zeros at the left edge.
template <int rows>
CNN_INLINE Lanes8 left_of(const Lanes8& v) {
  if constexpr (rows == 1) return __builtin_shufflevector(v, Lanes8{}, 8, 0, 1, 2, 3, 4, 5, 6);
  return __builtin_shufflevector(v, Lanes8{}, 8, 0, 1, 2, 8, 4, 5, 6);
}
template <int rows>
CNN_INLINE Lanes16 left_of(const Lanes16& v) {
  if constexpr (rows == 1) {
    return __builtin_shufflevector(v, Lanes16{}, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                                   14);
  }
  return __builtin_shufflevector(v, Lanes16{}, 16, 0, 1, 2, 3, 4, 5, 6, 16, 8, 9, 10, 11, 12, 13,
                                 14);
}

// The element to the right of each, and zeros at the right edge.
template <int rows>
CNN_INLINE Lanes8 right_of(const Lanes8& v) {
  if constexpr (rows == 1) return __builtin_shufflevector(v, Lanes8{}, 1, 2, 3, 4, 5, 6, 7, 8);
  return __builtin_shufflevector(v, Lanes8{}, 1, 2, 3, 8, 5, 6, 7, 8);
}
template <int rows>
CNN_INLINE Lanes16 right_of(const Lanes16& v) {
  if constexpr (rows == 1) {
    return __builtin_shufflevector(v, Lanes16{}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                                   16);
  }
  return __builtin_shufflevector(v, Lanes16{}, 1, 2, 3, 4, 5, 6, 7, 16, 9, 10, 11, 12, 13, 14, 15,
                                 16);
}

CNN_INLINE Lanes8 joined(const Lanes4& a, const Lanes4& b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
}
CNN_INLINE Lanes16 joined(const Lanes8& a, const Lanes8& b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

template <typename V>
struct HalfOf;
template <>
struct HalfOf<Lanes8> {
  using Type = Lanes4;
};
template <>
struct HalfOf<Lanes16> {
  using Type = Lanes8;
};

// Where the outputs of a vector stand.
struct Place {
  int column;
  bool at_left;
  bool at_right;
};

CNN_INLINE const Real* row_of(const Job& job, int row) {
  return row >= 0 && row < job.height ? job.x + product(row, job.width) : job.zeros;
}

// What the three columns of the kernel see of row `row` of x (and, if a vector holds two rows, of
// the one that lies under the second).
template <typename V, int stride, int rows>
CNN_INLINE void pixels_of(const Job& job, int row, const Place& at, V (&pixels)[3]) {
  const Real* const a = row_of(job, row) + stride * at.column;
  if constexpr (rows == 2) {
    const Real* const b = row_of(job, row + stride);
    if constexpr (stride == 1) {
      using Half = typename HalfOf<V>::Type;
      pixels[1] = joined(load<Half>(a), load<Half>(b));
      pixels[0] = left_of<rows>(pixels[1]);
      pixels[2] = right_of<rows>(pixels[1]);
    } else {
      pixels[1] = even(load<V>(a), load<V>(b));
      pixels[2] = odd(load<V>(a), load<V>(b));
      pixels[0] = left_of<rows>(pixels[2]);
    }
  } else if constexpr (stride == 1) {
    pixels[1] = load<V>(a);
    pixels[0] = at.at_left ? left_of<rows>(pixels[1]) : load<V>(a - 1);
    pixels[2] = at.at_right ? right_of<rows>(pixels[1]) : load<V>(a + 1);
  } else {
    const auto first = load<V>(a);
    const auto second = load<V>(a + kWidth<V>);
    pixels[1] = even(first, second);
    pixels[2] = odd(first, second);
    pixels[0] =
        at.at_left ? left_of<rows>(pixels[2]) : odd(load<V>(a - 2), load<V>(a + kWidth<V> - 2));
  }
}

// `vectors` vectors below one another, from row `row` of y on: each row of x is loaded once for all
// that see it.
template <typename V, int stride, int rows, bool turned, int vectors>
CNN_INLINE void outputs_of(const Job& job, const V (&weight)[9], int row, const Place& at) {
  constexpr int kStep = stride * rows;
  constexpr int kSeen = kStep * (vectors - 1) + 3;
  V sums[vectors];
  for (int v = 0; v < vectors; ++v) sums[v] = V{} + job.start;
#pragma GCC unroll 8
  for (int i = 0; i < kSeen; ++i) {
    const int below = turned ? kSeen - 1 - i : i;
    if (below % kStep > 2) continue;
    V pixels[3];
    pixels_of<V, stride, rows>(job, stride * row - 1 + below, at, pixels);
#pragma GCC unroll 3
    for (int j = 0; j < 3; ++j) {
      const int l = turned ? 2 - j : j;
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        const int k = below - kStep * v;
        if (k < 0 || k > 2) continue;
        sums[v] += weight[turned ? 8 - 3 * k - l : 3 * k + l] * pixels[l];
      }
    }
  }
  for (int v = 0; v < vectors; ++v) {
    store(held_to(job.range, sums[v]), job.y + product(row + rows * v, job.columns) + at.column);
  }
}

template <typename V, int stride, int rows, bool turned>
CNN_INLINE void run_for(const Job& job) {
  constexpr int kVectors = stride == 1 ? 4 : 2;
  V weight[9];
  for (int i = 0; i < 9; ++i) weight[i] = V{} + job.weight[i];
  constexpr int kColumns = kWidth<V> / rows;
  for (int run = 0; run < job.columns; run += kColumns) {
    const int column = std::min(run, job.columns - kColumns);  // may overlap the one before
    const Place at{column, column == 0, column + kColumns == job.columns};
    int row = 0;
    for (; row + rows * kVectors <= job.rows; row += rows * kVectors) {
      outputs_of<V, stride, rows, turned, kVectors>(job, weight, row, at);
    }
    for (; row < job.rows; row += rows) {
      outputs_of<V, stride, rows, turned, 1>(job, weight, std::min(row, job.rows - rows), at);
    }
  }
}

template <typename V, int rows>
CNN_INLINE void run_by(const Correlation3x3& planes, std::size_t count, std::size_t kernels,
                       const Real* x, const Real* weight, const Real* bias, Real* y) {
  const std::size_t x_size = product(planes.height, planes.width);
  const std::size_t y_size = product(planes.rows, planes.columns);
  for (std::size_t p = 0, kernel = 0; p < count; ++p) {
    const Job job{planes, x + p * x_size, weight + 9 * kernel,
                  bias == nullptr ? Real{0} : bias[kernel], y + p * y_size};
    if (job.stride == 2) {
      run_for<V, 2, rows, false>(job);
    } else if (job.turned) {
      run_for<V, 1, rows, true>(job);
    } else {
      run_for<V, 1, rows, false>(job);
    }
    if (++kernel == kernels) kernel = 0;
  }
}

template <typename V>
bool fits_half(const Correlation3x3& planes) {
  return 2 * planes.columns == kWidth<V> && planes.rows >= 2;
}

}  // namespace

bool Correlation3x3::pays(const Window& window) {
  const int width = window.output.width;
  return window.kernel == Size2{3, 3} && window.pad == Size2{1, 1} &&
         window.dilation == Size2{1, 1} &&
         (window.stride == Size2{1, 1} ||
          (window.stride == Size2{2, 2} && window.input.width % 2 == 0)) &&
         (width >= kWidth<Lanes8> || (2 * width == kWidth<Lanes8> && window.output.height >= 2)) &&
         vector_level() != VectorLevel::x86_64;
}

void Correlation3x3::run(std::size_t planes, std::size_t kernels, const Real* x, const Real* weight,
                         const Real* bias, Real* y) const {
  const bool is_wide = vector_level() == VectorLevel::x86_64_v4;
  if (is_wide && columns >= kWidth<Lanes16>) {
    on_v4<run_by<Lanes16, 1>>(*this, planes, kernels, x, weight, bias, y);
  } else if (is_wide && fits_half<Lanes16>(*this)) {
    on_v4<run_by<Lanes16, 2>>(*this, planes, kernels, x, weight, bias, y);
  } else if (columns >= kWidth<Lanes8>) {
    vectorized<run_by<Lanes8, 1>>(*this, planes, kernels, x, weight, bias, y);
  } else {
    vectorized<run_by<Lanes8, 2>>(*this, planes, kernels, x, weight, bias, y);
  }
}

}  // namespace cnn
