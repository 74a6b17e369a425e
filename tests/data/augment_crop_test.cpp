#include "data/augment_crop.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "data/image/fit.hpp"
#include "support/idx_writer.hpp"

namespace cnn {
namespace {

using Pixels = std::vector<std::uint8_t>;

CropBox drawn(const CropOptions& options, Size2 picture, Size2 result, std::uint64_t stream) {
  return draw_crop(options, picture, result, Random(1, Purpose::augment, stream), 32);
}

double aspect_of(const CropBox& box) {
  return static_cast<double>(box.width) / static_cast<double>(box.height);
}

// torchvision's RandomResizedCrop: uniform areas, uniform logarithms of the aspect, any place.
TEST(DrawCrop, DrawsAreaAspectAndPlace) {
  const CropOptions options{.area = {0.25, 0.5}, .aspect = {0.5, 2}};
  const Size2 picture{1000, 1000};
  constexpr int kDraws = 2000;
  double areas = 0, logarithms = 0, squares = 0, tops = 0, lefts = 0;
  for (std::uint64_t stream = 0; stream < kDraws; ++stream) {
    const CropBox box = drawn(options, picture, picture, stream);
    ASSERT_LE(box.top + box.height, 1000U);
    ASSERT_LE(box.left + box.width, 1000U);
    const double area = static_cast<double>(box.height * box.width) / 1e6;
    ASSERT_GT(area, 0.248);
    ASSERT_LT(area, 0.502);
    const double logarithm = std::log2(aspect_of(box));
    ASSERT_LE(std::abs(logarithm), 1.01);
    areas += area;
    logarithms += logarithm;
    squares += logarithm * logarithm;
    tops += static_cast<double>(box.top) / static_cast<double>(1000 - box.height);
    lefts += static_cast<double>(box.left) / static_cast<double>(1000 - box.width);
  }
  EXPECT_NEAR(areas / kDraws, 0.375, 0.01);
  EXPECT_NEAR(logarithms / kDraws, 0, 0.05);
  EXPECT_NEAR(std::sqrt(squares / kDraws), 1 / std::sqrt(3.0), 0.02);
  EXPECT_NEAR(tops / kDraws, 0.5, 0.03);
  EXPECT_NEAR(lefts / kDraws, 0.5, 0.03);
}

// Proportions are those of what is seen: at an aspect of 1 a box of 1:2 fills images of 1:2.
TEST(DrawCrop, KeepsProportionsAtAnAspectOfOne) {
  const CropOptions options{.area = {0.2, 0.9}, .aspect = {1, 1}};
  for (std::uint64_t stream = 0; stream < 100; ++stream) {
    EXPECT_NEAR(aspect_of(drawn(options, {400, 800}, {32, 64}, stream)), 2, 0.02);
    EXPECT_NEAR(aspect_of(drawn(options, {300, 300}, {32, 64}, stream)), 2, 0.02);
  }
}

TEST(DrawCrop, FallsBackOnTheMiddle) {
  // A box of this width has no room in a column of pixels.
  const CropBox box = drawn({.area = {0.9, 1}, .aspect = {1, 1}}, {300, 10}, {8, 8}, 5);
  EXPECT_EQ(box.height, 10U);
  EXPECT_EQ(box.width, 10U);
  EXPECT_EQ(box.top, 145U);
  EXPECT_EQ(box.left, 0U);
  const CropBox flat = drawn({.area = {0.9, 1}, .aspect = {1, 1}}, {10, 300}, {8, 8}, 5);
  EXPECT_EQ(flat.height, 10U);
  EXPECT_EQ(flat.width, 10U);
  EXPECT_EQ(flat.left, 145U);
  // Of one pixel there is nothing less.
  const CropBox one = drawn({.area = {0.01, 0.5}}, {1, 1}, {1, 1}, 5);
  EXPECT_EQ(one.height, 1U);
  EXPECT_EQ(one.width, 1U);
}

Image cut(const Image& image, const CropBox& box) {
  const auto height = static_cast<std::size_t>(image.shape.height);
  const auto width = static_cast<std::size_t>(image.shape.width);
  Image part{{image.shape.channels, static_cast<int>(box.height), static_cast<int>(box.width)}, {}};
  for (std::size_t at = 0; at < image.pixels.size(); at += height * width) {
    for (std::size_t y = 0; y < box.height; ++y) {
      const auto row =
          image.pixels.begin() + static_cast<std::ptrdiff_t>(at + (box.top + y) * width + box.left);
      part.pixels.insert(part.pixels.end(), row, row + static_cast<std::ptrdiff_t>(box.width));
    }
  }
  return part;
}

// Within one gray level of cutting out and scaling as Pillow does, for pictures as large as the
// images and for larger and smaller ones. One scaler after another box: nothing stays behind.
TEST(CropScaler, IsPillowsCropAndResize) {
  for (const auto& [picture, result] : std::vector<std::pair<Size2, Size2>>{
           {{32, 32}, {32, 32}}, {{45, 80}, {32, 32}}, {{8, 9}, {20, 33}}, {{1, 7}, {3, 1}}}) {
    const Shape shape{3, picture.height, picture.width};
    const Image image{shape, make_dataset(shape, 1, 2).pixels};
    CropScaler scaler(picture, result);
    std::set<std::size_t> widths;
    for (std::uint64_t stream = 0; stream < 60; ++stream) {
      const CropBox box = drawn({.area = {0.05, 1}, .aspect = {0.3, 3}}, picture, result, stream);
      widths.insert(box.width);
      Pixels found(3 * static_cast<std::size_t>(result.height * result.width), 7);
      scaler.scale(image.pixels, box, found);
      const Image expected = fitted(cut(image, box), result, Fit::stretch);
      ASSERT_EQ(expected.pixels.size(), found.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_NEAR(int{found[i]}, int{expected.pixels[i]}, 1)
            << box.height << "x" << box.width << " to " << result.height << "x" << result.width;
      }
    }
    EXPECT_TRUE(widths.size() > 5 || picture.height == 1);
  }
}

TEST(CropScaler, OfTheWholeIsThePicture) {
  const Shape shape{2, 19, 23};
  const Pixels pixels = make_dataset(shape, 1, 2).pixels;
  CropScaler scaler({19, 23}, {19, 23});
  Pixels found(pixels.size());
  scaler.scale(pixels, {0, 0, 19, 23}, found);
  EXPECT_EQ(found, pixels);
}

}  // namespace
}  // namespace cnn
