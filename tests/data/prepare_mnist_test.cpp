// Real digits, as they are and inverted, come through as they are.

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "cnn/dataset.hpp"

#include "data/prepare_image.hpp"
#include "data/selection.hpp"

namespace cnn {
namespace {

using Bytes = std::vector<std::uint8_t>;

Dataset read(const std::filesystem::path& directory, DataPart part) {
  return read_dataset(directory, part);
}

ImageStatistics measure_all(const Dataset& dataset) {
  return measure_images(dataset, everything(dataset.count()));
}

Bytes inverse(Bytes pixels) {
  for (std::uint8_t& level : pixels) level = static_cast<std::uint8_t>(255 - level);
  return pixels;
}

Bytes image(const Dataset& dataset, std::size_t i) {
  const std::span<const std::uint8_t> pixels = dataset.image(i);
  return {pixels.begin(), pixels.end()};
}

// All are like the set; every `step`-th image comes through, as it is and inverted in turn. So do
// all, which takes 16 seconds.
void expect_unchanged(const Dataset& dataset, const ImageStatistics& statistics, std::size_t step) {
  for (std::size_t i = 0; i < dataset.count(); ++i) {
    ASSERT_TRUE(is_like(statistics, dataset.image(i), dataset.shape)) << i;
  }
  for (std::size_t i = 0; i < dataset.count(); i += step) {
    const Bytes original = image(dataset, i);
    const bool inverted = i / step % 2 == 1;
    const PreparedImage prepared =
        prepare_image({dataset.shape, inverted ? inverse(original) : original}, dataset.shape,
                      statistics, Invert::automatic);
    ASSERT_EQ(prepared.pixels, original) << i;
    ASSERT_EQ(prepared.inverted, inverted) << i;
    ASSERT_FALSE(prepared.centred || prepared.is_blank()) << i;
  }
}

TEST(PreparedDigits, OfTheProjectsOwnSetStayAsTheyAre) {
  const ImageStatistics statistics = measure_all(read(CNN_DIGITS_DIR, DataPart::train));
  expect_unchanged(read(CNN_DIGITS_DIR, DataPart::test), statistics, 3);
}

class PreparedMnist : public testing::Test {
 protected:
  void SetUp() override {
    const char* directory = std::getenv("MNIST_DIR");
    if (directory == nullptr) GTEST_SKIP() << "MNIST_DIR is not set";
    directory_ = directory;
  }

  std::filesystem::path directory_;
};

TEST_F(PreparedMnist, StaysAsItIsForANetworkThatLearntIt) {
  const ImageStatistics statistics = measure_all(read(directory_, DataPart::train));
  expect_unchanged(read(directory_, DataPart::test), statistics, 9);
}

TEST_F(PreparedMnist, StaysAsItIsForANetworkThatLearntTheProjectsDigits) {
  const ImageStatistics statistics = measure_all(read(CNN_DIGITS_DIR, DataPart::train));
  expect_unchanged(read(directory_, DataPart::test), statistics, 9);
}

// Redrawn though it need not be, a digit is all but the same: scaled up, framed by paper, found
// again.
TEST_F(PreparedMnist, IsRedrawnAlikeFromTwiceTheSize) {
  const Dataset test = read(directory_, DataPart::test);
  const ImageStatistics statistics = measure_all(test);
  double sum = 0;
  double images = 0;
  for (std::size_t i = 0; i < test.count(); i += 40) {
    const Bytes digit = image(test, i);
    Image doubled{{1, 56, 56}, {}};
    for (std::size_t y = 0; y < 56; ++y) {
      for (std::size_t x = 0; x < 56; ++x) doubled.pixels.push_back(digit[y / 2 * 28 + x / 2]);
    }
    const PreparedImage prepared =
        prepare_image(doubled, test.shape, statistics, Invert::automatic);
    ASSERT_TRUE(prepared.centred) << i;
    EXPECT_FALSE(prepared.inverted) << i;
    for (std::size_t k = 0; k < digit.size(); ++k) {
      sum += std::abs(int{prepared.pixels[k]} - int{digit[k]});
    }
    images += 1;
  }
  EXPECT_LT(sum / images / 784, 2);
}

}  // namespace
}  // namespace cnn
