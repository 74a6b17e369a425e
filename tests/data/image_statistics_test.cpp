#include "data/image_statistics.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "data/selection.hpp"
#include "support/idx_writer.hpp"

namespace cnn {
namespace {

using Bytes = std::vector<std::uint8_t>;

Dataset dataset_of(const Shape& shape, const std::vector<Bytes>& images) {
  Dataset dataset;
  dataset.shape = shape;
  for (const Bytes& image : images) {
    dataset.pixels.insert(dataset.pixels.end(), image.begin(), image.end());
    dataset.labels.push_back(0);
  }
  return dataset;
}

// A block of `level` on `background`.
struct Block {
  std::size_t top, left, height, width;
};

Bytes with_block(std::size_t side, const Block& block, std::uint8_t background,
                 std::uint8_t level) {
  Bytes pixels(side * side, background);
  for (std::size_t y = block.top; y < block.top + block.height; ++y) {
    for (std::size_t x = block.left; x < block.left + block.width; ++x) {
      pixels[y * side + x] = level;
    }
  }
  return pixels;
}

ImageStatistics measure_all(const Dataset& dataset) {
  return measure_images(dataset, everything(dataset.count()));
}

TEST(BorderMean, CountsEveryPixelOfTheRingOnce) {
  EXPECT_DOUBLE_EQ(border_mean(Bytes{1, 2, 3, 4, 99, 6, 7, 8, 9}, {1, 3, 3}), 5);
  EXPECT_DOUBLE_EQ(border_mean(Bytes{10}, {1, 1, 1}), 10);
  EXPECT_DOUBLE_EQ(border_mean(Bytes{1, 2, 6}, {1, 1, 3}), 3);
  EXPECT_DOUBLE_EQ(border_mean(Bytes{1, 2, 6}, {1, 3, 1}), 3);
  EXPECT_DOUBLE_EQ(border_mean(Bytes{1, 2, 3, 6}, {1, 2, 2}), 3);
}

TEST(BorderMean, IsTakenOverAllChannels) {
  EXPECT_DOUBLE_EQ(border_mean(Bytes{0, 0, 0, 0, 30, 30, 30, 30, 90, 90, 90, 90}, {3, 2, 2}), 40);
}

TEST(ImageStatistics, BordersAreThoseOfTheSelection) {
  const Dataset dataset =
      dataset_of({1, 2, 2}, {{0, 0, 0, 4}, {100, 100, 100, 100}, {255, 255, 255, 255}});
  const ImageStatistics all = measure_all(dataset);
  EXPECT_DOUBLE_EQ(all.border_low, 1);
  EXPECT_DOUBLE_EQ(all.border_high, 255);
  const ImageStatistics some = measure_images(dataset, {0, 1});
  EXPECT_DOUBLE_EQ(some.border_high, 100);
  EXPECT_EQ(measure_images(dataset, {}), ImageStatistics{});
}

TEST(ImageStatistics, BackgroundIsKnownOnlyWithoutDoubt) {
  EXPECT_EQ(background({}), Background::unknown);
  EXPECT_EQ(background({.border_low = 0, .border_high = 84}), Background::dark);
  EXPECT_EQ(background({.border_low = 0, .border_high = 86}), Background::unknown);
  EXPECT_EQ(background({.border_low = 171, .border_high = 255}), Background::light);
  EXPECT_EQ(background({.border_low = 169, .border_high = 255}), Background::unknown);
}

TEST(ImageStatistics, DigitsInTheMiddleAreCentredAndHaveABox) {
  // Longer sides 20, 20, 16; the middle of 28 pixels counted from 0 is 14.
  const std::vector<Block> blocks{{4, 8, 20, 12}, {9, 4, 10, 20}, {6, 11, 16, 6}};
  std::vector<Bytes> light_on_dark;
  std::vector<Bytes> dark_on_light;
  for (const Block& block : blocks) {
    light_on_dark.push_back(with_block(28, block, 0, 255));
    dark_on_light.push_back(with_block(28, block, 255, 0));
  }
  const ImageStatistics dark = measure_all(dataset_of({1, 28, 28}, light_on_dark));
  EXPECT_TRUE(dark.centred);
  EXPECT_EQ(dark.box, 20);
  const ImageStatistics light = measure_all(dataset_of({1, 28, 28}, dark_on_light));
  EXPECT_TRUE(light.centred);
  EXPECT_EQ(light.box, 20);
}

TEST(ImageStatistics, DigitsOffTheMiddleAreNotCentred) {
  const ImageStatistics statistics =
      measure_all(dataset_of({1, 28, 28}, {with_block(28, {2, 8, 20, 12}, 0, 255),
                                           with_block(28, {6, 8, 20, 12}, 0, 255)}));
  EXPECT_FALSE(statistics.centred);
  EXPECT_EQ(statistics.box, 0);
}

TEST(ImageStatistics, EmptyImagesDoNotCount) {
  const Bytes empty(28 * 28, 0);
  const Bytes digit = with_block(28, {4, 8, 20, 12}, 0, 255);
  EXPECT_FALSE(measure_all(dataset_of({1, 28, 28}, {empty, empty})).centred);
  EXPECT_EQ(measure_all(dataset_of({1, 28, 28}, {empty, digit, empty})).box, 20);
}

TEST(ImageStatistics, ColourIsNeverCentred) {
  Bytes digit = with_block(28, {4, 8, 20, 12}, 0, 255);
  const Bytes plane = digit;
  for (int copy = 0; copy < 2; ++copy) digit.insert(digit.end(), plane.begin(), plane.end());
  EXPECT_FALSE(measure_all(dataset_of({3, 28, 28}, {digit})).centred);
}

// Things that fill the picture, as in Fashion-MNIST: some borders are empty, some are not.
TEST(ImageStatistics, ThingsThatTouchTheBorderSayNothing) {
  const ImageStatistics statistics =
      measure_all(dataset_of({1, 28, 28}, {with_block(28, {4, 4, 20, 20}, 0, 200),
                                           with_block(28, {0, 0, 28, 28}, 0, 200)}));
  EXPECT_EQ(background(statistics), Background::unknown);
  EXPECT_FALSE(statistics.centred);
}

TEST(ImageStatistics, NoiseSaysNothing) {
  const ImageStatistics statistics = measure_all(make_dataset({1, 12, 12}, 50, 10, 1));
  EXPECT_EQ(background(statistics), Background::unknown);
  EXPECT_FALSE(statistics.centred);
}

TEST(ImageStatistics, DrawingsOfACentredSetAreDescribed) {
  // Centres of mass 0.5 above and 1 left of the middle, 14 counted from 0, then 0.5 both.
  const std::vector<std::pair<Block, std::uint8_t>> drawn{{{4, 12, 20, 3}, 200},
                                                          {{10, 6, 8, 16}, 255}};
  for (const bool light : {false, true}) {
    std::vector<Bytes> images;
    for (const auto& [block, level] : drawn) {
      const auto ink = static_cast<std::uint8_t>(light ? 255 - level : level);
      images.push_back(with_block(28, block, light ? 255 : 0, ink));
    }
    const DrawingStatistics drawings = measure_all(dataset_of({1, 28, 28}, images)).drawings;
    EXPECT_EQ(drawings.shortest, 16);
    EXPECT_EQ(drawings.longest, 20);
    EXPECT_EQ(drawings.faintest, 200);
    EXPECT_DOUBLE_EQ(drawings.off_centre, 1);
    // Twice the area by the outline.
    EXPECT_NEAR(drawings.thinnest, 2.0 * 60 / 46, 0.35);
  }
}

TEST(ImageStatistics, StrokesAreAsThickAsAlmostAllOfThemAre) {
  std::vector<Bytes> images(300, with_block(28, {4, 12, 20, 4}, 0, 255));
  images.push_back(with_block(28, {4, 14, 20, 1}, 0, 255));
  images.push_back(with_block(28, {4, 4, 20, 20}, 0, 255));
  const DrawingStatistics drawings = measure_all(dataset_of({1, 28, 28}, images)).drawings;
  EXPECT_DOUBLE_EQ(drawings.thinnest, drawings.thickest);
  EXPECT_NEAR(drawings.thinnest, 2.0 * 80 / 48, 0.35);
}

TEST(ImageStatistics, OfSetsThatAreNotCentredNoDrawingIsDescribed) {
  EXPECT_EQ(measure_all(make_dataset({1, 12, 12}, 50, 10, 1)).drawings, DrawingStatistics{});
  const ImageStatistics at_the_side =
      measure_all(dataset_of({1, 28, 28}, {with_block(28, {2, 3, 20, 12}, 0, 255)}));
  EXPECT_EQ(at_the_side.drawings, DrawingStatistics{});
}

class IsLike : public testing::Test {
 protected:
  static bool is_like(const Block& block, std::uint8_t paper, std::uint8_t ink,
                      const ImageStatistics& statistics) {
    return cnn::is_like(statistics, with_block(28, block, paper, ink), {1, 28, 28});
  }

  ImageStatistics set_{.border_low = 0,
                       .border_high = 9,
                       .centred = true,
                       .box = 20,
                       .drawings = {0.52, 18, 20, 254, 1.6, 4.6}};
};

TEST_F(IsLike, WhatTheSetMightHoldIsLikeIt) {
  EXPECT_TRUE(is_like({4, 10, 20, 8}, 0, 255, set_));
  EXPECT_TRUE(is_like({5, 10, 18, 8}, 0, 254, set_));
  EXPECT_TRUE(is_like({10, 4, 8, 20}, 0, 255, set_));
}

TEST_F(IsLike, OtherPlacesSizesInksAndPapersAreNot) {
  EXPECT_FALSE(is_like({2, 10, 20, 8}, 0, 255, set_));   // above the middle
  EXPECT_FALSE(is_like({4, 13, 20, 8}, 0, 255, set_));   // right of it
  EXPECT_FALSE(is_like({9, 10, 10, 8}, 0, 255, set_));   // small
  EXPECT_FALSE(is_like({1, 10, 26, 8}, 0, 255, set_));   // large
  EXPECT_FALSE(is_like({4, 10, 20, 8}, 0, 150, set_));   // faint
  EXPECT_FALSE(is_like({4, 10, 20, 8}, 30, 255, set_));  // on grey
  EXPECT_FALSE(is_like({4, 10, 20, 8}, 255, 0, set_));   // inverted
  EXPECT_FALSE(is_like({4, 10, 20, 8}, 0, 0, set_));     // nothing
}

TEST_F(IsLike, DarkOnLightIsLikeADarkOnLightSet) {
  set_.border_low = 246;
  set_.border_high = 255;
  EXPECT_TRUE(is_like({4, 10, 20, 8}, 255, 0, set_));
  EXPECT_FALSE(is_like({4, 10, 20, 8}, 255, 120, set_));
  EXPECT_FALSE(is_like({4, 10, 20, 8}, 0, 255, set_));
}

TEST_F(IsLike, NothingIsKnownOfSetsThatAreNotCentred) {
  set_.centred = false;
  EXPECT_FALSE(is_like({4, 10, 20, 8}, 0, 255, set_));
  EXPECT_FALSE(is_like({4, 10, 20, 8}, 0, 255, {}));
}

TEST(ImageStatistics, Mnist) {
  const char* dir = std::getenv("MNIST_DIR");
  if (dir == nullptr) GTEST_SKIP() << "MNIST_DIR is not set";
  const ImageStatistics statistics = measure_all(read_dataset(dir, DataPart::train));
  EXPECT_EQ(statistics.border_low, 0);
  EXPECT_LT(statistics.border_high, 9);
  EXPECT_TRUE(statistics.centred);
  EXPECT_EQ(statistics.box, 20);
  EXPECT_NEAR(statistics.drawings.off_centre, 0.52, 0.02);
  EXPECT_EQ(statistics.drawings.shortest, 18);
  EXPECT_EQ(statistics.drawings.longest, 20);
  EXPECT_EQ(statistics.drawings.faintest, 254);
  EXPECT_NEAR(statistics.drawings.thinnest, 1.6, 0.1);
  EXPECT_NEAR(statistics.drawings.thickest, 4.5, 0.2);
}

}  // namespace
}  // namespace cnn
