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

}  // namespace

ImageLook look_at(const Shape& shape, std::span<const std::uint8_t> pixels) {
  ImageLook look;
  look.shape = shape;
  look.gray = shape.channels == 1 || (shape.channels == 3 && has_equal_channels(shape, pixels));
  const bool is_single = look.gray && shape.channels == 3;
  const Shape seen = is_single ? Shape{1, shape.height, shape.width} : shape;
  look.hash = hash_of(seen, pixels.first(seen.size()));
  return look;
}

}  // namespace cnn
