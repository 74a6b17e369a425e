#include "data/image/resample.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace cnn {
namespace {

// One new pixel = Σ weights[k] · old pixel (first + k); the weights add up to 1.
struct Taps {
  std::size_t first = 0;
  std::vector<double> weights;
};

Taps covered_area(double start, double end, std::size_t old_count) {
  Taps taps;
  taps.first = static_cast<std::size_t>(start);
  const auto last = std::min(static_cast<std::size_t>(std::ceil(end)), old_count);
  for (std::size_t i = taps.first; i < last; ++i) {
    const auto left = static_cast<double>(i);
    const double covered = std::min(end, left + 1) - std::max(start, left);
    taps.weights.push_back(std::max(covered, 0.0) / (end - start));
  }
  return taps;
}

// `place` is where the new pixel's centre lies among the old pixels' centres 0, 1, …
Taps between_neighbours(double place, std::size_t old_count) {
  const double inside = std::clamp(place, 0.0, static_cast<double>(old_count - 1));
  Taps taps;
  taps.first = static_cast<std::size_t>(inside);
  const double right = inside - std::floor(inside);
  taps.weights = {1 - right};
  if (right > 0) taps.weights.push_back(right);
  return taps;
}

std::vector<Taps> axis_taps(std::size_t old_count, std::size_t new_count) {
  const double scale = static_cast<double>(old_count) / static_cast<double>(new_count);
  std::vector<Taps> taps;
  taps.reserve(new_count);
  for (std::size_t i = 0; i < new_count; ++i) {
    const auto place = static_cast<double>(i);
    taps.push_back(new_count <= old_count
                       ? covered_area(place * scale, (place + 1) * scale, old_count)
                       : between_neighbours((place + 0.5) * scale - 0.5, old_count));
  }
  return taps;
}

}  // namespace

std::vector<double> resample(std::span<const std::uint8_t> pixels, Size2 from, Size2 to) {
  const auto old_width = static_cast<std::size_t>(from.width);
  const auto new_width = static_cast<std::size_t>(to.width);
  const std::vector<Taps> columns = axis_taps(old_width, new_width);
  const std::vector<Taps> rows =
      axis_taps(static_cast<std::size_t>(from.height), static_cast<std::size_t>(to.height));

  std::vector<double> narrow;  // (from.height, to.width)
  narrow.reserve(static_cast<std::size_t>(from.height) * new_width);
  for (std::size_t start = 0; start < pixels.size(); start += old_width) {
    for (const Taps& taps : columns) {
      double sum = 0;
      for (std::size_t k = 0; k < taps.weights.size(); ++k) {
        sum += taps.weights[k] * pixels[start + taps.first + k];
      }
      narrow.push_back(sum);
    }
  }
  std::vector<double> result(rows.size() * new_width);
  for (std::size_t y = 0; y < rows.size(); ++y) {
    for (std::size_t k = 0; k < rows[y].weights.size(); ++k) {
      const std::size_t start = (rows[y].first + k) * new_width;
      for (std::size_t x = 0; x < new_width; ++x) {
        result[y * new_width + x] += rows[y].weights[k] * narrow[start + x];
      }
    }
  }
  return result;
}

}  // namespace cnn
