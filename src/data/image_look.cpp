#include "data/image_look.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

namespace cnn {
namespace {

// A picture differs from another by chance; nobody gains by making two that only seem equal.
constexpr std::array<std::uint64_t, 2> kStart = {0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F};
constexpr std::array<std::uint64_t, 2> kFactor = {0xD6E8FEB86659FD93, 0xA0761D6478BD642F};

using Hash = std::array<std::uint64_t, 2>;

// Both halves by themselves: multiplication carries upwards, the rotation brings it down again.
void mix(Hash& hash, std::uint64_t word) {
  for (std::size_t half = 0; half < 2; ++half) {
    hash[half] = std::rotl((hash[half] ^ word) * kFactor[half], 29 + static_cast<int>(half));
  }
}

Hash hash_of(const Shape& shape, std::span<const std::uint8_t> pixels) {
  Hash hash = kStart;
  for (const int extent : {shape.channels, shape.height, shape.width}) {
    mix(hash, static_cast<std::uint64_t>(extent));
  }
  while (!pixels.empty()) {
    std::uint64_t word = 0;
    const std::size_t taken = std::min(pixels.size(), sizeof(word));
    std::memcpy(&word, pixels.data(), taken);
    mix(hash, word);
    pixels = pixels.subspan(taken);
  }
  for (int turn = 0; turn < 2; ++turn) mix(hash, hash[0] ^ hash[1]);
  return hash;
}

bool has_equal_channels(const Shape& shape, std::span<const std::uint8_t> pixels) {
  const std::size_t area = shape.size() / static_cast<std::size_t>(shape.channels);
  const auto first = pixels.first(area);
  return std::ranges::equal(first, pixels.subspan(area, area)) &&
         std::ranges::equal(first, pixels.subspan(2 * area, area));
}

// The means of `tints` over the rows and columns [top, bottom) and [left, right).
std::array<float, 3> tints_of(const Shape& shape, std::span<const std::uint8_t> pixels, int top,
                              int bottom, int left, int right) {
  const auto width = static_cast<std::size_t>(shape.width);
  const std::size_t area = width * static_cast<std::size_t>(shape.height);
  std::array<std::int64_t, 3> sums = {};
  for (int y = top; y < bottom; ++y) {
    const std::uint8_t* const row = pixels.data() + static_cast<std::size_t>(y) * width;
    for (int x = left; x < right; ++x) {
      const int r = row[x], g = row[area + static_cast<std::size_t>(x)],
                b = row[2 * area + static_cast<std::size_t>(x)];
      sums[0] += r - g;
      sums[1] += r + g - 2 * b;
      sums[2] += std::max({r, g, b}) - std::min({r, g, b});
    }
  }
  const double count = double(bottom - top) * (right - left);
  std::array<float, 3> means;
  std::ranges::transform(sums, means.begin(), [&](std::int64_t sum) {
    return static_cast<float>(static_cast<double>(sum) / count);
  });
  return means;
}

std::array<float, 6> tints_of(const Shape& shape, std::span<const std::uint8_t> pixels) {
  const int h = shape.height, w = shape.width;
  const auto whole = tints_of(shape, pixels, 0, h, 0, w);
  const auto middle = tints_of(shape, pixels, h / 4, h - h / 4, w / 4, w - w / 4);
  return {whole[0], whole[1], whole[2], middle[0], middle[1], middle[2]};
}

}  // namespace

ImageLook look_at(const Shape& shape, std::span<const std::uint8_t> pixels) {
  ImageLook look;
  look.shape = shape;
  look.gray = shape.channels == 1 || (shape.channels == 3 && has_equal_channels(shape, pixels));
  const bool is_single = look.gray && shape.channels == 3;
  const Shape seen = is_single ? Shape{1, shape.height, shape.width} : shape;
  look.hash = hash_of(seen, pixels.first(seen.size()));
  if (!look.gray && shape.channels == 3) look.tints = tints_of(shape, pixels);
  return look;
}

}  // namespace cnn
