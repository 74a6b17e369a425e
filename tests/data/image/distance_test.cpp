#include "data/image/distance.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace cnn {
namespace {

using Mask = std::vector<std::uint8_t>;

Mask random_mask(Size2 size, double part, std::uint64_t seed) {
  const Random random(seed, Purpose::initialisation);
  Mask mask(static_cast<std::size_t>(size.height * size.width));
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = random.uniform(i) < part ? 255 : 0;
  return mask;
}

// Of all marked pixels the nearest.
double nearest(const Mask& mask, Size2 size, int y, int x) {
  double least = std::numeric_limits<double>::infinity();
  for (int v = 0; v < size.height; ++v) {
    for (int u = 0; u < size.width; ++u) {
      if (mask[static_cast<std::size_t>(v * size.width + u)] == 0) continue;
      least = std::min(least, std::hypot(v - y, u - x));
    }
  }
  return least;
}

TEST(Distances, AreThoseOfTheNearestMarkedPixel) {
  std::uint64_t seed = 0;
  for (const Size2 size : {Size2{1, 1}, Size2{1, 40}, Size2{33, 1}, Size2{2, 2}, Size2{17, 23},
                           Size2{40, 9}, Size2{31, 32}}) {
    for (const double part : {0.002, 0.02, 0.3, 0.95}) {
      Mask mask = random_mask(size, part, ++seed);
      mask[seed * 7 % mask.size()] = 1;  // one at least
      const std::vector<float> distances = distances_to(mask, size);
      ASSERT_EQ(distances.size(), mask.size());
      for (int y = 0; y < size.height; ++y) {
        for (int x = 0; x < size.width; ++x) {
          ASSERT_FLOAT_EQ(distances[static_cast<std::size_t>(y * size.width + x)],
                          static_cast<float>(nearest(mask, size, y, x)))
              << size.height << "x" << size.width << ", " << part << " at " << y << ", " << x;
        }
      }
    }
  }
}

TEST(Distances, AreExactAcrossALargePicture) {
  const Size2 size{600, 800};
  Mask mask(600 * 800);
  mask[0] = 1;
  const std::vector<float> distances = distances_to(mask, size);
  EXPECT_FLOAT_EQ(distances.back(), static_cast<float>(std::hypot(599, 799)));
  EXPECT_FLOAT_EQ(distances[799], 799);
  EXPECT_EQ(distances[0], 0);
}

TEST(Distances, AreFarIfNothingIsMarked) {
  for (const Size2 size : {Size2{1, 1}, Size2{5, 7}}) {
    const Mask mask(static_cast<std::size_t>(size.height * size.width));
    for (const float far : distances_to(mask, size)) EXPECT_GT(far, 1e5F);
  }
}

}  // namespace
}  // namespace cnn
