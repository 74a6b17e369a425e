// Pictures brought to a size as Pillow does; tests/pillow compares more of them with Pillow itself.

#include "data/image/fit.hpp"

#include <gtest/gtest.h>

namespace cnn {
namespace {

using Bytes = std::vector<std::uint8_t>;

// The i-th value is 37 i + 5 ⌊i / 11⌋ modulo 256.
Image patterned(const Shape& shape) {
  Image image{shape, Bytes(shape.size())};
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = static_cast<std::uint8_t>(i * 37 + i / 11 * 5);
  }
  return image;
}

struct Golden {
  Shape from;
  Fit fit;
  Size2 size;
  Bytes pixels;
};

// By Pillow 9.4: ImageOps.fit, ImageOps.pad on (200, 100, 50), Image.resize, each with BILINEAR.
const std::vector<Golden> kGolden = {
    {{1, 9, 7}, Fit::crop, {4, 5}, {22, 68, 121, 175, 221, 30, 78, 131, 185, 232,
                                    39, 85, 138, 193, 230, 46, 94, 149, 202, 102}},
    {{1, 20, 13},
     Fit::crop,
     {6, 3},
     {102, 150, 98, 141, 119, 136, 145, 119, 139, 101, 155, 106, 128, 119, 141, 149, 99, 150}},
    {{3, 6, 11}, Fit::crop, {3, 3}, {104, 141, 105, 117, 135, 137, 130, 122, 114,
                                     125, 144, 127, 133, 127, 129, 125, 144, 136,
                                     147, 111, 130, 141, 119, 113, 128, 111, 130}},
    {{1, 8, 30}, Fit::pad, {7, 7}, {200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200,
                                    200, 125, 126, 130, 128, 125, 130, 124, 128, 127, 124, 133, 126,
                                    128, 131, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200,
                                    200, 200, 200, 200, 200, 200, 200, 200, 200, 200}},
    {{1, 30, 9}, Fit::pad, {6, 8}, {200, 200, 200, 123, 127, 200, 200, 200, 200, 200, 200, 130,
                                    126, 200, 200, 200, 200, 200, 200, 127, 131, 200, 200, 200,
                                    200, 200, 200, 128, 128, 200, 200, 200, 200, 200, 200, 126,
                                    127, 200, 200, 200, 200, 200, 200, 127, 126, 200, 200, 200}},
    {{3, 5, 4}, Fit::pad, {3, 6}, {200, 200, 89,  101, 200, 200, 200, 200, 116, 111, 200,
                                   200, 200, 200, 142, 122, 200, 200, 100, 100, 132, 130,
                                   100, 100, 100, 100, 106, 141, 100, 100, 100, 100, 138,
                                   151, 100, 100, 50,  50,  176, 130, 50,  50,  50,  50,
                                   87,  122, 50,  50,  50,  50,  119, 132, 50,  50}},
    {{1, 17, 23}, Fit::stretch, {4, 6}, {116, 127, 125, 133, 129, 127, 130, 129,
                                         128, 126, 126, 127, 126, 123, 128, 129,
                                         128, 130, 126, 129, 125, 121, 124, 125}},
    {{1, 3, 2}, Fit::stretch, {5, 7}, {0,   0,   8,   19,  29,  37,  37,  30,  30,  38,  49,  59,
                                       67,  67,  74,  74,  82,  93,  103, 111, 111, 118, 118, 126,
                                       137, 147, 155, 155, 148, 148, 156, 167, 177, 185, 185}},
    {{3, 8, 8},
     Fit::stretch,
     {3, 2},
     {112, 122, 153, 116, 109, 141, 157, 115, 107, 145, 149, 121, 97, 148, 133, 129, 118, 129}},
    {{1, 7, 5}, Fit::stretch, {7, 3}, {16,  74,  132, 201, 60,  61,  132, 193, 105, 64, 122,
                                       180, 139, 55,  114, 183, 184, 43,  112, 171, 233}},
};

TEST(Fitted, IsWhatPillowGives) {
  for (const Golden& golden : kGolden) {
    const Image image = fitted(patterned(golden.from), golden.size, golden.fit, {200, 100, 50});
    ASSERT_EQ(image.shape, (Shape{golden.from.channels, golden.size.height, golden.size.width}));
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
      EXPECT_NEAR(image.pixels[i], golden.pixels[i], 1) << to_string(golden.from) << " at " << i;
    }
  }
}

TEST(Fitted, APictureOfTheSizeStaysAsItIs) {
  const Image image = patterned({3, 4, 6});
  for (const Fit fit : {Fit::crop, Fit::pad, Fit::stretch}) {
    EXPECT_EQ(fitted(image, {4, 6}, fit).pixels, image.pixels);
  }
}

TEST(Fitted, OneLevelStaysOneLevel) {
  for (const int level : {0, 1, 128, 254, 255}) {
    const Shape shape{1, 123, 457};
    const Image image{shape, Bytes(shape.size(), static_cast<std::uint8_t>(level))};
    for (const Fit fit : {Fit::crop, Fit::stretch}) {
      for (const Size2 size : {Size2{1, 1}, Size2{31, 7}, Size2{300, 500}}) {
        const Image same = fitted(image, size, fit);
        EXPECT_EQ(same.pixels, Bytes(same.pixels.size(), static_cast<std::uint8_t>(level)));
      }
    }
  }
}

TEST(Fitted, WhatIsTooThinToFitIsStillThere) {
  const Image image{{1, 1, 100}, Bytes(100, 7)};
  const Image small = fitted(image, {3, 3}, Fit::pad, {9, 9, 9});
  EXPECT_EQ(small.pixels, (Bytes{9, 9, 9, 7, 7, 7, 9, 9, 9}));
}

}  // namespace
}  // namespace cnn
