#include "apps/sheet.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "apps/lettering.hpp"

namespace cnn::app {
namespace {

constexpr std::size_t kGap = 2;  // pixels between the pictures, and around them
constexpr std::uint8_t kGapGrey = 96;
constexpr std::uint8_t kInk = 255;

}  // namespace

Sheet::Sheet(const Shape& picture, std::size_t rows, std::size_t columns, bool captions)
    : channels_(picture.channels == 3 ? 3 : 1),
      height_(static_cast<std::size_t>(picture.height)),
      width_(static_cast<std::size_t>(picture.width)),
      caption_(captions ? kLetterHeight + kGap : 0) {
  image_.shape = {static_cast<int>(channels_),
                  static_cast<int>(rows * (height_ + kGap + caption_) + kGap),
                  static_cast<int>(columns * (width_ + kGap) + kGap)};
  image_.pixels.assign(image_.shape.size(), kGapGrey);
}

std::size_t Sheet::top_of(std::size_t row) const {
  return row * (height_ + kGap + caption_) + kGap + caption_;
}

void Sheet::set(std::size_t channel, std::size_t y, std::size_t x, std::uint8_t value) {
  const auto height = static_cast<std::size_t>(image_.shape.height);
  const auto width = static_cast<std::size_t>(image_.shape.width);
  image_.pixels[(channel * height + y) * width + x] = value;
}

void Sheet::put(std::size_t row, std::size_t column, std::span<const std::uint8_t> pixels) {
  const std::size_t top = top_of(row), left = column * (width_ + kGap) + kGap;
  for (std::size_t i = 0; i < channels_ * height_ * width_; ++i) {
    const std::size_t c = i / (height_ * width_), y = i / width_ % height_, x = i % width_;
    set(c, top + y, left + x, pixels[i]);
  }
}

void Sheet::put(std::size_t row, std::size_t column, std::span<const Real> values) {
  std::vector<std::uint8_t> pixels;
  pixels.reserve(values.size());
  for (const Real value : values) {
    pixels.push_back(static_cast<std::uint8_t>(std::lround(std::clamp(value, Real{0}, Real{255}))));
  }
  put(row, column, std::span<const std::uint8_t>(pixels));
}

void Sheet::write(std::size_t row, std::string_view text) {
  const std::size_t top = top_of(row) - caption_;
  const std::size_t end = static_cast<std::size_t>(image_.shape.width) - kGap;
  draw_letters(text, [&](std::size_t x, std::size_t y) {
    if (kGap + x >= end) return;
    for (std::size_t c = 0; c < channels_; ++c) set(c, top + y, kGap + x, kInk);
  });
}

Image Sheet::take() && {
  return std::move(image_);
}

}  // namespace cnn::app
