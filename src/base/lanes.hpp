// Short vectors of Reals, and the shuffles that the kernels need: GCC's and clang's vector types,
// which become the instructions of whatever processor a function is compiled for (vectorized).
// To be used within one function and what is inlined into it.

#pragma once

#include <cstdint>
#include <cstring>

#include "base/vectors.hpp"
#include "base/view.hpp"

// Vectors are passed to inlined functions only: no calling convention is involved.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace cnn {

using Lanes4 = Real __attribute__((vector_size(4 * sizeof(Real))));
using Lanes8 = Real __attribute__((vector_size(8 * sizeof(Real))));
using Lanes16 = Real __attribute__((vector_size(16 * sizeof(Real))));
using Bytes4 = std::uint8_t __attribute__((vector_size(4)));
using Bytes8 = std::uint8_t __attribute__((vector_size(8)));

// Memory need not be aligned.
template <typename V, typename T>
CNN_INLINE V load(const T* from) {
  V lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

template <typename V, typename T>
CNN_INLINE void store(const V& lanes, T* to) {
  std::memcpy(to, &lanes, sizeof lanes);
}

// Copies `count` elements, too few for a call of memcpy: in vectors, of which the last may overlap
// the one before.
template <typename Count>
CNN_INLINE void copy_short(const Real* from, Count count, Real* to) {
  constexpr Count kWidth = 8;
  if (count < kWidth) {
    for (Count i = 0; i < count; ++i) to[i] = from[i];
    return;
  }
  const Count last = count - kWidth;
  for (Count i = 0; i < last; i += kWidth) store(load<Lanes8>(from + i), to + i);
  store(load<Lanes8>(from + last), to + last);
}

// to_i = from_{2i}, of `count` elements: in vectors, of which the last may overlap the one before;
// nothing behind the last element is read.
template <typename Count>
CNN_INLINE void copy_even(const Real* from, Count count, Real* to) {
  constexpr Count kWidth = 8;
  if (count < kWidth) {
    for (Count i = 0; i < count; ++i) to[i] = from[2 * i];
    return;
  }
  const auto copy = [&](Count i) CNN_INLINE_LAMBDA {
    const auto first = load<Lanes8>(from + 2 * i);
    const auto second = load<Lanes8>(from + 2 * i + kWidth - 1);
    store(__builtin_shufflevector(first, second, 0, 2, 4, 6, 9, 11, 13, 15), to + i);
  };
  const Count last = count - kWidth;
  for (Count i = 0; i < last; i += kWidth) copy(i);
  copy(last);
}

// Every other element of a followed by b, from the first or from the second on.
CNN_INLINE Lanes4 even(const Lanes4& a, const Lanes4& b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6);
}
CNN_INLINE Lanes4 odd(const Lanes4& a, const Lanes4& b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7);
}
CNN_INLINE Lanes8 even(const Lanes8& a, const Lanes8& b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
}
CNN_INLINE Lanes8 odd(const Lanes8& a, const Lanes8& b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
}
CNN_INLINE Lanes16 even(const Lanes16& a, const Lanes16& b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}
CNN_INLINE Lanes16 odd(const Lanes16& a, const Lanes16& b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

// a0 b0 a1 b1 …: the first half and the second.
CNN_INLINE Lanes4 interleave_low(const Lanes4& a, const Lanes4& b) {
  return __builtin_shufflevector(a, b, 0, 4, 1, 5);
}
CNN_INLINE Lanes4 interleave_high(const Lanes4& a, const Lanes4& b) {
  return __builtin_shufflevector(a, b, 2, 6, 3, 7);
}
CNN_INLINE Lanes8 interleave_low(const Lanes8& a, const Lanes8& b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
CNN_INLINE Lanes8 interleave_high(const Lanes8& a, const Lanes8& b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

// Pairs of a and b, of Reals or of two Reals each, from the first or the second half of each four
// elements: within four, processors shuffle fastest.
CNN_INLINE Lanes8 pairs_low(const Lanes8& a, const Lanes8& b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
}
CNN_INLINE Lanes8 pairs_high(const Lanes8& a, const Lanes8& b) {
  return __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
}
CNN_INLINE Lanes8 fours_low(const Lanes8& a, const Lanes8& b) {
  return __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
}
CNN_INLINE Lanes8 fours_high(const Lanes8& a, const Lanes8& b) {
  return __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
}

// An 8x8 transposition: of squares of 2, of 4, of 8.
CNN_INLINE void transpose(Lanes8 (&v)[8]) {
  Lanes8 of_two[8];
  for (int i = 0; i < 8; i += 2) {
    of_two[i] = pairs_low(v[i], v[i + 1]);
    of_two[i + 1] = pairs_high(v[i], v[i + 1]);
  }
  Lanes8 of_four[8];
  for (int i = 0; i < 8; i += 4) {
    for (int k = 0; k < 2; ++k) {
      of_four[i + 2 * k] = fours_low(of_two[i + k], of_two[i + k + 2]);
      of_four[i + 2 * k + 1] = fours_high(of_two[i + k], of_two[i + k + 2]);
    }
  }
  for (int i = 0; i < 4; ++i) {
    const Lanes8 upper = of_four[i];
    const Lanes8 lower = of_four[i + 4];
    v[i] = __builtin_shufflevector(upper, lower, 0, 1, 2, 3, 8, 9, 10, 11);
    v[i + 4] = __builtin_shufflevector(upper, lower, 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

}  // namespace cnn
