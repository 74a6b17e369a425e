#include "data/augment_crop.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/vectors.hpp"

namespace cnn {
namespace {

constexpr std::uint64_t kTries = 10;

std::size_t place_of(std::uint32_t bits, std::size_t most) {
  return static_cast<std::size_t>((std::uint64_t{bits} * (most + 1)) >> 32);
}

// On [0, 1), as Random::uniform.
double share_of(std::uint32_t bits) {
  return (bits >> 8) * 0x1p-24;
}

// The largest box in the middle whose width by height, `found` for the whole, is within the range.
CropBox middle_box(std::size_t height, std::size_t width, double least, double most) {
  const double found = static_cast<double>(width) / static_cast<double>(height);
  CropBox box{0, 0, height, width};
  const auto side = [](double length) {
    return static_cast<std::size_t>(std::max(std::lround(length), 1L));
  };
  if (found < least) box.height = std::min(side(static_cast<double>(width) / least), height);
  if (found > most) box.width = std::min(side(static_cast<double>(height) * most), width);
  box.top = (height - box.height) / 2;
  box.left = (width - box.width) / 2;
  return box;
}

CNN_INLINE void to_reals(const std::uint8_t* __restrict pixels, std::size_t count,
                         Real* __restrict line) {
  for (std::size_t x = 0; x < count; ++x) line[x] = pixels[x];
}

// to_x = Σ_k weights_kx · line_{first_x + k}
CNN_INLINE void scale_row(const Real* __restrict line, const std::int32_t* __restrict first,
                          const Real* __restrict weights, std::size_t taps, std::size_t count,
                          Real* __restrict to) {
  for (std::size_t x = 0; x < count; ++x) to[x] = weights[x] * line[first[x]];
  for (std::size_t k = 1; k < taps; ++k) {
    const Real* __restrict weight = weights + k * count;
    for (std::size_t x = 0; x < count; ++x)
      to[x] += weight[x] * line[first[x] + static_cast<std::int32_t>(k)];
  }
}

CNN_INLINE void add_row(Real weight, const Real* __restrict row, std::size_t count,
                        Real* __restrict sum) {
  for (std::size_t x = 0; x < count; ++x) sum[x] += weight * row[x];
}

CNN_INLINE void round_row(const Real* __restrict sum, std::size_t count,
                          std::uint8_t* __restrict to) {
  for (std::size_t x = 0; x < count; ++x) {
    to[x] = static_cast<std::uint8_t>(std::min(static_cast<int>(sum[x] + Real{0.5}), 255));
  }
}

}  // namespace

CropBox draw_crop(const CropOptions& options, Size2 picture, Size2 result, const Random& random,
                  std::uint64_t first_block) {
  const auto height = static_cast<std::size_t>(picture.height);
  const auto width = static_cast<std::size_t>(picture.width);
  const double whole = static_cast<double>(height) * static_cast<double>(width);
  const double proportion = static_cast<double>(result.width) / result.height;
  const double low = std::log(options.aspect[0]), high = std::log(options.aspect[1]);
  for (std::uint64_t attempt = 0; attempt < kTries; ++attempt) {
    const auto bits = random.block(first_block + attempt);
    const double area =
        whole * (options.area[0] + share_of(bits[0]) * (options.area[1] - options.area[0]));
    const double aspect = proportion * std::exp(low + share_of(bits[1]) * (high - low));
    const auto box_width = static_cast<std::size_t>(std::lround(std::sqrt(area * aspect)));
    const auto box_height = static_cast<std::size_t>(std::lround(std::sqrt(area / aspect)));
    if (box_width < 1 || box_width > width || box_height < 1 || box_height > height) continue;
    return {place_of(bits[2], height - box_height), place_of(bits[3], width - box_width),
            box_height, box_width};
  }
  return middle_box(height, width, proportion * options.aspect[0], proportion * options.aspect[1]);
}

CropScaler::CropScaler(Size2 picture, Size2 result)
    : height_(static_cast<std::size_t>(picture.height)),
      width_(static_cast<std::size_t>(picture.width)),
      columns_(axis_of(picture.width, result.width)),
      rows_(axis_of(picture.height, result.height)),
      line_(width_ + columns_.taps),
      narrow_(height_ * columns_.count),
      sum_(columns_.count) {}

// The distance that counts is one new pixel on either side, and one old one at least.
std::size_t CropScaler::most_taps(int from, int to) {
  const double reach = std::max(static_cast<double>(from) / to, 1.0);
  return static_cast<std::size_t>(std::ceil(2 * reach));
}

CropScaler::Axis CropScaler::axis_of(int from, int to) {
  const auto count = static_cast<std::size_t>(to);
  const std::size_t taps = most_taps(from, to);
  return {count, taps, std::vector<std::int32_t>(count), std::vector<Real>(taps * count)};
}

void CropScaler::aim(std::size_t length, Axis& axis) {
  const double scale = static_cast<double>(length) / static_cast<double>(axis.count);
  const double reach = std::max(scale, 1.0);
  for (std::size_t i = 0; i < axis.count; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto first = static_cast<std::size_t>(std::max(centre - reach + 0.5, 0.0));
    double sum = 0;
    const auto weight_of = [&](std::size_t k) {
      const double distance = static_cast<double>(first + k) + 0.5 - centre;
      return first + k < length ? std::max(1 - std::abs(distance) / reach, 0.0) : 0.0;
    };
    for (std::size_t k = 0; k < axis.taps; ++k) sum += weight_of(k);
    for (std::size_t k = 0; k < axis.taps; ++k) {
      axis.weights[k * axis.count + i] = static_cast<Real>(weight_of(k) / sum);
    }
    axis.first[i] = static_cast<std::int32_t>(first);
  }
}

void CropScaler::scale(std::span<const std::uint8_t> pixels, const CropBox& box,
                       std::span<std::uint8_t> image) {
  assert(box.left + box.width <= width_ && box.top + box.height <= height_);
  aim(box.width, columns_);
  aim(box.height, rows_);
  std::fill(line_.begin() + static_cast<std::ptrdiff_t>(box.width), line_.end(), Real{0});
  std::uint8_t* to = image.data();
  for (std::size_t at = 0; at < pixels.size(); at += height_ * width_) {
    for (std::size_t y = 0; y < box.height; ++y) {
      vectorized<to_reals>(&pixels[at + (box.top + y) * width_ + box.left], box.width,
                           line_.data());
      vectorized<scale_row>(line_.data(), columns_.first.data(), columns_.weights.data(),
                            columns_.taps, columns_.count, &narrow_[y * columns_.count]);
    }
    for (std::size_t y = 0; y < rows_.count; ++y, to += columns_.count) {
      std::fill(sum_.begin(), sum_.end(), Real{0});
      const auto first = static_cast<std::size_t>(rows_.first[y]);
      for (std::size_t k = 0; k < rows_.taps && first + k < box.height; ++k) {
        vectorized<add_row>(rows_.weights[k * rows_.count + y],
                            &narrow_[(first + k) * columns_.count], columns_.count, sum_.data());
      }
      vectorized<round_row>(sum_.data(), columns_.count, to);
    }
  }
}

std::size_t CropScaler::bytes(Size2 picture, Size2 result) {
  const auto columns = static_cast<std::size_t>(result.width);
  const auto rows = static_cast<std::size_t>(result.height);
  const std::size_t across = most_taps(picture.width, result.width);
  const std::size_t down = most_taps(picture.height, result.height);
  const std::size_t reals = across * columns + down * rows +
                            static_cast<std::size_t>(picture.width) + across +
                            static_cast<std::size_t>(picture.height) * columns + columns;
  return reals * sizeof(Real) + (columns + rows) * sizeof(std::int32_t);
}

}  // namespace cnn
