#include "data/preprocessing.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "data/selection.hpp"
#include "support/idx_writer.hpp"

namespace cnn {
namespace {

Dataset dataset_of(const Shape& shape, std::vector<std::uint8_t> pixels) {
  Dataset dataset;
  dataset.shape = shape;
  dataset.labels.resize(pixels.size() / shape.size());
  dataset.pixels = std::move(pixels);
  return dataset;
}

TEST(MeasurePreprocessing, IsMeanAndDeviationOfEachChannel) {
  // Two images of two channels of two pixels; channel 0 holds 1 3 5 7, channel 1 holds 10 10 10 30.
  const Dataset dataset = dataset_of({2, 1, 2}, {1, 3, 10, 10, 5, 7, 10, 30});
  const Preprocessing measured = measure_preprocessing(dataset, everything(2));
  EXPECT_EQ(measured.mean, (std::vector<double>{4, 15}));
  ASSERT_EQ(measured.scale.size(), 2U);
  EXPECT_DOUBLE_EQ(measured.scale[0], 1 / std::sqrt(5.0));   // deviations 3 1 1 3
  EXPECT_DOUBLE_EQ(measured.scale[1], 1 / std::sqrt(75.0));  // deviations 5 5 5 15
}

TEST(MeasurePreprocessing, LooksAtTheSelectionOnly) {
  const Dataset dataset = dataset_of({1, 1, 2}, {0, 2, 255, 255, 4, 6});
  const Preprocessing measured = measure_preprocessing(dataset, {0, 2});
  EXPECT_EQ(measured.mean, std::vector<double>{3});
  EXPECT_DOUBLE_EQ(measured.scale[0], 1 / std::sqrt(5.0));
}

TEST(MeasurePreprocessing, GivesScaleOneToAChannelThatNeverVaries) {
  for (const std::uint8_t pixel : std::vector<std::uint8_t>{0, 1, 77, 255}) {
    const Dataset dataset = dataset_of({1, 7, 9}, std::vector<std::uint8_t>(63 * 31, pixel));
    const Preprocessing measured = measure_preprocessing(dataset, everything(31));
    EXPECT_EQ(measured.mean, std::vector<double>{static_cast<double>(pixel)});
    EXPECT_EQ(measured.scale, std::vector<double>{1});
  }
}

// One pixel that differs by one among a hundred thousand.
TEST(MeasurePreprocessing, SeesASingleDifferentPixel) {
  std::vector<std::uint8_t> pixels(100'000, 255);
  pixels[500] = 254;
  const Preprocessing measured =
      measure_preprocessing(dataset_of({1, 10, 10}, std::move(pixels)), everything(1000));
  const double p = 1e-5;
  EXPECT_NEAR(measured.scale[0] * std::sqrt(p * (1 - p)), 1, 1e-5);
}

TEST(PixelTable, IsScaleTimesDifferenceFromMean) {
  const Preprocessing preprocessing = {{10, 0}, {0.5, 1.0 / 256}};
  const PixelTable table(preprocessing, {2, 1, 3});
  std::vector<Real> x(6, Real{-1000});
  table.apply(std::vector<std::uint8_t>{0, 10, 255, 0, 1, 255}, x);
  EXPECT_EQ(x, (std::vector<Real>{-5, 0, 122.5, 0, 1.0 / 256, 255.0 / 256}));
}

TEST(PixelTable, NormalisedDataHaveMeanZeroAndDeviationOne) {
  const Dataset dataset = make_dataset({3, 5, 4}, 40, 5);
  const PixelTable table(measure_preprocessing(dataset, everything(40)), dataset.shape);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < dataset.count(); ++i) {
      std::vector<Real> x(dataset.shape.size());
      table.apply(dataset.image(i), x);
      for (std::size_t at = channel * 20; at < channel * 20 + 20; ++at) {
        sum += x[at];
        squares += static_cast<double>(x[at]) * x[at];
      }
    }
    EXPECT_NEAR(sum / 800, 0, 1e-6);
    EXPECT_NEAR(squares / 800, 1, 1e-6);
  }
}

// What augmentation leaves alone gets the bits that it would have without.
TEST(PixelTable, TreatsValuesAsItTreatsBytes) {
  const PixelTable table({{33.3, 12.1}, {0.0123, 0.7}}, {2, 16, 16});
  std::vector<std::uint8_t> pixels(512);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i);
  std::vector<Real> expected(512), x(pixels.begin(), pixels.end());
  table.apply(pixels, expected);
  table.apply(x);
  EXPECT_EQ(x, expected);
  x.assign(512, Real{0.5});
  table.apply(x);
  EXPECT_NEAR(x[0], 0.0123 * (0.5 - 33.3), 1e-7);
  EXPECT_NEAR(x[511], 0.7 * (0.5 - 12.1), 1e-6);
}

}  // namespace
}  // namespace cnn
