// exp, expm1, tanh and the logistic function without calls and without branches, so that loops over
// them become vector code. Within a few units in the last place of the exact values (tested). The
// library in double takes those of the standard library: it is there for accuracy.

#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "base/vectors.hpp"
#include "base/view.hpp"

namespace cnn {

// e^x = 2^n·e^r with n = round(x·log2 e) and |r| <= ln 2 / 2; e^r by a minimax polynomial (Cephes,
// expf). Below -87.3 and above 88.3 x is taken for the bound; a NaN stays one.
struct SplitExp {
  float less_one;  // e^r - 1
  // n, in the bits of a float's exponent: to be added to the bits of a float between 1/2 and 2.
  std::uint32_t exponent;
};
CNN_INLINE SplitExp split_exp(float x) {
  constexpr float kRound = 0x1.8p23F;  // adding it leaves the nearest whole number in the last bits
  constexpr float kLn2High = 0.693359375F;  // 9 bits: its products with n are exact
  constexpr float kLn2Low = -2.12194440e-4F;
  x = x > 88.3F ? 88.3F : x;
  x = x < -87.3F ? -87.3F : x;
  const float shifted = x * 1.44269504F + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  return {p * r * r + r, std::bit_cast<std::uint32_t>(shifted) << 23U};
}

CNN_INLINE float fast_exp(float x) {
  const SplitExp split = split_exp(x);
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(split.less_one + 1) + split.exponent);
}

CNN_INLINE double fast_exp(double x) {
  return std::exp(x);
}

// e^x - 1 = 2^n·(e^r - 1) + (2^n - 1): nothing cancels near zero, where n is 0.
CNN_INLINE float fast_expm1(float x) {
  const SplitExp split = split_exp(x);
  const float power = std::bit_cast<float>(std::bit_cast<std::uint32_t>(1.0F) + split.exponent);
  return power * split.less_one + (power - 1);
}

CNN_INLINE double fast_expm1(double x) {
  return std::expm1(x);
}

// 1 / (1 + e^-x); zero where that is below the smallest normal float, as further steps would be
// slow there.
CNN_INLINE Real fast_sigmoid(Real x) {
  const Real value = 1 / (1 + fast_exp(-x));
  return x < -87 ? 0 : value;
}

// e^2x for x >= 0, up to 2^40: 2^n·2^r with n = round(x·2·log2 e), 2^r by a minimax polynomial.
// Its relative error grows with x, by 6e-8·x or so, which tanh makes small again.
CNN_INLINE float rough_exp_twice(float x) {
  constexpr float kRound = 0x1.8p23F;
  float exponent = x * 2.885390082F;
  exponent = exponent > 40 ? 40 : exponent;
  const float shifted = exponent + kRound;
  const float r = exponent - (shifted - kRound);
  float p = 1.3276471405e-3F;
  p = p * r + 9.6755415705e-3F;
  p = p * r + 5.5507132774e-2F;
  p = p * r + 2.4022119720e-1F;
  p = p * r + 6.9314696706e-1F;
  p = p * r + 1.0000000717F;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(p) +
                              (std::bit_cast<std::uint32_t>(shifted) << 23U));
}

// 1 - 2 / (e^2|x| + 1) with x's sign; near zero, where that would cancel, x + x³·p(x²) (Cephes,
// tanhf).
CNN_INLINE float fast_tanh(float x) {
  const float size = x < 0 ? -x : x;
  const float square = x * x;
  float p = -5.70498872745e-3F;
  p = p * square + 2.06390887954e-2F;
  p = p * square - 5.37397155531e-2F;
  p = p * square + 1.33314422036e-1F;
  p = p * square - 3.33332819422e-1F;
  const float small = p * square * x + x;
  const float large = 1 - 2 / (rough_exp_twice(size) + 1);
  return size < 0.625F ? small : x < 0 ? -large : large;
}

CNN_INLINE double fast_tanh(double x) {
  return std::tanh(x);
}

}  // namespace cnn
