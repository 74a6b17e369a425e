#include "report/tiles.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace cnn::report {
namespace {

constexpr std::uint8_t kGap = 190;  // grey
constexpr std::array<double, 3> kZero = {255, 255, 255};
constexpr std::array<double, 3> kBelow = {24, 102, 150};
constexpr std::array<double, 3> kAbove = {190, 98, 22};
constexpr double kSteps = 24;  // of colour, on either side: as many as an eye tells apart

}  // namespace

Tiles::Tiles(std::size_t count, std::size_t columns, Size2 size)
    : size_(size), columns_(std::min(std::max<std::size_t>(count, 1), columns)) {
  const std::size_t rows = (std::max<std::size_t>(count, 1) + columns_ - 1) / columns_;
  const auto extent = [](std::size_t tiles, int pixels) {
    return static_cast<int>(tiles * static_cast<std::size_t>(pixels + 1) - 1);
  };
  image_.shape = {3, extent(rows, size.height), extent(columns_, size.width)};
  image_.pixels.assign(image_.shape.size(), kGap);
}

void Tiles::put(std::size_t y, std::size_t x, std::array<double, 3> colour) {
  const auto width = static_cast<std::size_t>(image_.shape.width);
  const std::size_t plane = width * static_cast<std::size_t>(image_.shape.height);
  const std::size_t top = done_ / columns_ * static_cast<std::size_t>(size_.height + 1);
  const std::size_t left = done_ % columns_ * static_cast<std::size_t>(size_.width + 1);
  for (std::size_t c = 0; c < colour.size(); ++c) {
    image_.pixels[c * plane + (top + y) * width + left + x] =
        static_cast<std::uint8_t>(std::lround(std::clamp(colour[c], 0.0, 255.0)));
  }
}

void Tiles::add_levels(CView values, std::size_t channels) {
  const auto height = static_cast<std::size_t>(size_.height);
  const auto width = static_cast<std::size_t>(size_.width);
  for (std::size_t i = 0; i < height * width; ++i) {
    const auto level = [&](std::size_t c) {
      return static_cast<double>(values[(channels == 3 ? c : 0) * height * width + i]);
    };
    put(i / width, i % width, {level(0), level(1), level(2)});
  }
  ++done_;
}

void Tiles::add_signed(CView values, Real largest) {
  const auto width = static_cast<std::size_t>(size_.width);
  for (std::size_t i = 0; i < static_cast<std::size_t>(size_.height) * width; ++i) {
    double share =
        largest > 0 && std::isfinite(values[i]) ? static_cast<double>(values[i] / largest) : 0;
    const std::array<double, 3>& end = share < 0 ? kBelow : kAbove;
    share = std::round(std::abs(share) * kSteps) / kSteps;
    std::array<double, 3> colour{};
    for (std::size_t c = 0; c < colour.size(); ++c) {
      colour[c] = kZero[c] + share * (end[c] - kZero[c]);
    }
    put(i / width, i % width, colour);
  }
  ++done_;
}

Real largest_of(CView values) {
  Real largest = 0;
  for (const Real value : values) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  }
  return largest;
}

}  // namespace cnn::report
