#include "data/augment_pixels.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>
#include <utility>

#include "base/lanes.hpp"
#include "base/vectors.hpp"

namespace cnn {
namespace {

using Doubles4 = double __attribute__((vector_size(4 * sizeof(double))));

constexpr Real kWhite = 255;

// What red, green and blue give to grey: Rec. 601.
constexpr std::array kGrey = {0.299, 0.587, 0.114};

// A plane with its outermost pixels repeated around it, so that each has neighbours.
struct Framed {
  std::size_t height;
  std::size_t width;

  std::size_t pitch() const { return width + 2; }
  std::size_t size() const { return (height + 2) * pitch(); }
};

Framed framed(const Shape& shape) {
  return {static_cast<std::size_t>(shape.height), static_cast<std::size_t>(shape.width)};
}

// Repeats the outermost pixels.
void fill_frame(Framed plane, std::uint8_t* values) {
  const std::size_t pitch = plane.pitch();
  for (std::size_t y = 1; y <= plane.height; ++y) {
    std::uint8_t* row = values + y * pitch;
    row[0] = row[1];
    row[plane.width + 1] = row[plane.width];
  }
  std::copy_n(values + pitch, pitch, values);
  std::copy_n(values + plane.height * pitch, pitch, values + (plane.height + 1) * pitch);
}

// Copies the plane, each value's bits turned over where `mask` has ones.
CNN_INLINE void frame(const std::uint8_t* __restrict pixels, Framed plane, std::uint8_t mask,
                      std::uint8_t* __restrict values) {
  for (std::size_t y = 0; y < plane.height; ++y, pixels += plane.width) {
    std::uint8_t* row = values + (y + 1) * plane.pitch() + 1;
    for (std::size_t x = 0; x < plane.width; ++x) row[x] = pixels[x] ^ mask;
  }
}

// columns_i = the largest of the pixel, the one above and the one below; to_i = the largest of that
// and of the two neighbours' values, or of the two neighbours' columns if it is to be a square of
// 3x3. In one go over all rows: what comes out in the frame means nothing.
CNN_INLINE void grow(const std::uint8_t* __restrict from, Framed plane, bool square,
                     std::uint8_t* __restrict columns, std::uint8_t* __restrict to) {
  const std::size_t pitch = plane.pitch();
  const std::size_t begin = pitch, end = (plane.height + 1) * pitch;
  for (std::size_t i = begin; i < end; ++i) {
    columns[i] = std::max(from[i], std::max(from[i - pitch], from[i + pitch]));
  }
  const std::uint8_t* sides = square ? columns : from;
  for (std::size_t i = begin; i < end; ++i) {
    to[i] = std::max(columns[i], std::max(sides[i - 1], sides[i + 1]));
  }
}

// pixels = ((256 − part)·a + part·b)/256, rounded, the bits turned over again.
CNN_INLINE void blend(const std::uint8_t* __restrict a, const std::uint8_t* __restrict b,
                      Framed plane, int part, std::uint8_t mask, std::uint8_t* __restrict pixels) {
  const auto of_b = static_cast<std::uint16_t>(part);
  const auto of_a = static_cast<std::uint16_t>(kThicknessSteps - part);
  for (std::size_t y = 1; y <= plane.height; ++y, pixels += plane.width) {
    const std::size_t row = y * plane.pitch() + 1;
    for (std::size_t x = 0; x < plane.width; ++x) {
      const auto sum =
          static_cast<std::uint16_t>(of_a * a[row + x] + of_b * b[row + x] + kThicknessSteps / 2);
      pixels[x] = static_cast<std::uint8_t>(sum / kThicknessSteps) ^ mask;
    }
  }
}

// In eight sums of doubles: the same on any processor, and exact enough for any image.
CNN_INLINE double sum(const Real* values, std::size_t count) {
  Doubles4 left{}, right{};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    left += __builtin_convertvector(load<Lanes4>(values + i), Doubles4);
    right += __builtin_convertvector(load<Lanes4>(values + i + 4), Doubles4);
  }
  left += right;
  double result = left[0] + left[1] + left[2] + left[3];
  for (; i < count; ++i) result += values[i];
  return result;
}

// values ← factor·values + offset, cut to 0 … 255.
CNN_INLINE void map_values(Real factor, Real offset, Real* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = std::clamp(factor * values[i] + offset, Real{0}, kWhite);
  }
}

struct Colours {
  Real* red;
  Real* green;
  Real* blue;
};

Colours colours_of(View image) {
  const std::size_t plane = image.size() / 3;
  return {image.data(), image.data() + plane, image.data() + 2 * plane};
}

CNN_INLINE void map_saturation(Real factor, Real* __restrict red, Real* __restrict green,
                               Real* __restrict blue, std::size_t count) {
  const Real of_grey = 1 - factor;
  const Real of_red = of_grey * static_cast<Real>(kGrey[0]);
  const Real of_green = of_grey * static_cast<Real>(kGrey[1]);
  const Real of_blue = of_grey * static_cast<Real>(kGrey[2]);
  for (std::size_t i = 0; i < count; ++i) {
    const Real grey = of_red * red[i] + of_green * green[i] + of_blue * blue[i];
    red[i] = std::clamp(factor * red[i] + grey, Real{0}, kWhite);
    green[i] = std::clamp(factor * green[i] + grey, Real{0}, kWhite);
    blue[i] = std::clamp(factor * blue[i] + grey, Real{0}, kWhite);
  }
}

// What remains of x divided by 6. Requires x >= 0.
CNN_INLINE Real modulo_6(Real x) {
  return x - 6 * static_cast<Real>(static_cast<int>(x / 6));
}

// With h in sixths of the circle: a colour is v − c·min(k, 4 − k) cut to 0 … c, k = (n + h) mod 6,
// n = 5, 3, 1 for red, green, blue, v the largest of the three, c its distance from the smallest.
CNN_INLINE void map_hue(Real sixths, Real* __restrict red, Real* __restrict green,
                        Real* __restrict blue, std::size_t count) {
  constexpr Real kSmall = Real{1e-30F};  // grey has no hue: 0 divided by this is 0
  for (std::size_t i = 0; i < count; ++i) {
    const Real r = red[i], g = green[i], b = blue[i];
    const Real v = std::max(r, std::max(g, b));
    const Real c = v - std::min(r, std::min(g, b));
    const Real scale = 1 / std::max(c, kSmall);
    const Real from_green = 2 + (b - r) * scale, from_blue = 4 + (r - g) * scale;
    const Real from_red = (g - b) * scale;
    const Real others = v == g ? from_green : from_blue;
    const Real h = (v == r ? from_red : others) + sixths + 6;  // above 0
    const Real of_red = modulo_6(h + 5), of_green = modulo_6(h + 3), of_blue = modulo_6(h + 1);
    red[i] = v - c * std::clamp(std::min(of_red, 4 - of_red), Real{0}, Real{1});
    green[i] = v - c * std::clamp(std::min(of_green, 4 - of_green), Real{0}, Real{1});
    blue[i] = v - c * std::clamp(std::min(of_blue, 4 - of_blue), Real{0}, Real{1});
  }
}

}  // namespace

std::size_t thicken_bytes(const Shape& shape) {
  return 3 * framed(shape).size();
}

// Thinning is growing what is dark: 255 − p grows.
void thicken(std::span<const std::uint8_t> pixels, const Shape& shape, int steps,
             std::span<std::uint8_t> work, std::span<std::uint8_t> result) {
  assert(pixels.size() == shape.size() && result.size() == shape.size());
  assert(work.size() == thicken_bytes(shape));
  const Framed plane = framed(shape);
  const std::uint8_t mask = steps < 0 ? 255 : 0;
  const int whole = std::abs(steps) / kThicknessSteps, part = std::abs(steps) % kThicknessSteps;
  std::uint8_t* columns = work.data();
  for (std::size_t at = 0; at < pixels.size(); at += plane.height * plane.width) {
    std::uint8_t* now = columns + plane.size();
    std::uint8_t* next = now + plane.size();
    vectorized<frame>(&pixels[at], plane, mask, now);
    for (int pass = 0; pass < whole; ++pass) {
      fill_frame(plane, now);
      vectorized<grow>(now, plane, pass % 2 == 1, columns, next);
      std::swap(now, next);
    }
    if (part > 0) {
      fill_frame(plane, now);
      vectorized<grow>(now, plane, whole % 2 == 1, columns, next);
    }
    vectorized<blend>(now, next, plane, part, mask, &result[at]);
  }
}

void scale_brightness(Real factor, View image) {
  vectorized<map_values>(factor, 0, image.data(), image.size());
}

double mean_of_grey(CView image, const Shape& shape) {
  const std::size_t plane = image.size() / static_cast<std::size_t>(shape.channels);
  if (shape.channels != 3) {
    return vectorized<sum>(image.data(), image.size()) / static_cast<double>(image.size());
  }
  double grey = 0;
  for (std::size_t c = 0; c < 3; ++c) grey += kGrey[c] * vectorized<sum>(&image[c * plane], plane);
  return grey / static_cast<double>(plane);
}

void scale_contrast(Real factor, const Shape& shape, View image) {
  const double offset = (1 - double{factor}) * mean_of_grey(image, shape);
  vectorized<map_values>(factor, static_cast<Real>(offset), image.data(), image.size());
}

void scale_saturation(Real factor, View image) {
  const Colours colours = colours_of(image);
  vectorized<map_saturation>(factor, colours.red, colours.green, colours.blue, image.size() / 3);
}

void turn_hue(Real turn, View image) {
  const Colours colours = colours_of(image);
  vectorized<map_hue>(6 * turn, colours.red, colours.green, colours.blue, image.size() / 3);
}

}  // namespace cnn
