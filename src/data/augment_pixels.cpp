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
CNN_VECTORIZED void frame(const std::uint8_t* __restrict pixels, Framed plane, std::uint8_t mask,
                          std::uint8_t* __restrict values) {
  for (std::size_t y = 0; y < plane.height; ++y, pixels += plane.width) {
    std::uint8_t* row = values + (y + 1) * plane.pitch() + 1;
    for (std::size_t x = 0; x < plane.width; ++x) row[x] = pixels[x] ^ mask;
  }
}

// columns_i = the largest of the pixel, the one above and the one below; to_i = the largest of that
// and of the two neighbours' values, or of the two neighbours' columns if it is to be a square of
// 3x3. In one go over all rows: what comes out in the frame means nothing.
CNN_VECTORIZED void grow(const std::uint8_t* __restrict from, Framed plane, bool square,
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
CNN_VECTORIZED void blend(const std::uint8_t* __restrict a, const std::uint8_t* __restrict b,
                          Framed plane, int part, std::uint8_t mask,
                          std::uint8_t* __restrict pixels) {
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
CNN_VECTORIZED double sum(const Real* values, std::size_t count) {
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
CNN_VECTORIZED void map_values(Real factor, Real offset, Real* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = std::clamp(factor * values[i] + offset, Real{0}, kWhite);
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
    frame(&pixels[at], plane, mask, now);
    for (int pass = 0; pass < whole; ++pass) {
      fill_frame(plane, now);
      grow(now, plane, pass % 2 == 1, columns, next);
      std::swap(now, next);
    }
    if (part > 0) {
      fill_frame(plane, now);
      grow(now, plane, whole % 2 == 1, columns, next);
    }
    blend(now, next, plane, part, mask, &result[at]);
  }
}

void scale_brightness(Real factor, View image) {
  map_values(factor, 0, image.data(), image.size());
}

double mean_of_grey(CView image, const Shape& shape) {
  const std::size_t plane = image.size() / static_cast<std::size_t>(shape.channels);
  if (shape.channels != 3) {
    return sum(image.data(), image.size()) / static_cast<double>(image.size());
  }
  constexpr std::array kWeights = {0.299, 0.587, 0.114};
  double grey = 0;
  for (std::size_t c = 0; c < 3; ++c) grey += kWeights[c] * sum(&image[c * plane], plane);
  return grey / static_cast<double>(plane);
}

void scale_contrast(Real factor, const Shape& shape, View image) {
  const double offset = (1 - double{factor}) * mean_of_grey(image, shape);
  map_values(factor, static_cast<Real>(offset), image.data(), image.size());
}

}  // namespace cnn
