#include "report/pictures.hpp"

#include <gtest/gtest.h>

#include "data/image/png.hpp"

namespace cnn::report {
namespace {

std::string bytes_of(const std::string& uri) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0, held = 0;
  for (const char c : uri.substr(uri.find(',') + 1)) {
    if (c == '=') break;
    held = held << 6 | static_cast<unsigned>(digits.find(c));
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(held >> bits & 255);
  }
  return bytes;
}

TEST(ReportPictures, AreReadBackAsTheyWere) {
  for (const int width : {1, 2, 3, 4}) {  // every remainder of three bytes
    Image image{{3, 2, width}, {}};
    for (std::size_t i = 0; i < image.shape.size(); ++i) {
      image.pixels.push_back(static_cast<std::uint8_t>(37 * i));
    }
    EXPECT_EQ(decode_png(bytes_of(png_uri(image))).pixels, image.pixels);
  }
}

TEST(ReportPictures, AreSmallAndHaveOneOrThreeChannels) {
  const std::vector<std::uint8_t> pixels(2 * 300 * 100, 7);
  const Image image = small_picture(pixels, {2, 300, 100});
  EXPECT_EQ(image.shape, (Shape{1, 64, 21}));
  EXPECT_EQ(image.pixels[0], 7);
}

TEST(ReportPictures, KeepToTheirBudget) {
  const Image image{{1, 8, 8}, std::vector<std::uint8_t>(64, 3)};
  PictureBudget budget(png_uri(image).size() * 2);
  EXPECT_TRUE(budget.uri(image));
  EXPECT_TRUE(budget.uri(image));
  EXPECT_FALSE(budget.is_spent());
  EXPECT_FALSE(budget.uri(image));
  EXPECT_TRUE(budget.is_spent());
}

}  // namespace
}  // namespace cnn::report
