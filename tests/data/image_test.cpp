#include "cnn/image.hpp"

#include <numeric>

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "support/picture_files.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

using Bytes = std::vector<std::uint8_t>;
using namespace std::string_literals;

class ImageTest : public testing::Test {
 protected:
  Image read(const std::string& bytes) const {
    write_file(path_, bytes);
    return read_image(path_);
  }

  TempDir dir_;
  std::filesystem::path path_ = dir_ / "picture";
};

// Pixels that depend on their place, all 256 levels among them.
Image patterned(const Shape& shape) {
  Image image{shape, Bytes(shape.size())};
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = static_cast<std::uint8_t>(i * 37 + i / 256);
  }
  return image;
}

TEST_F(ImageTest, WhatIsWrittenAsPngIsReadBack) {
  for (const Shape& shape :
       {Shape{1, 1, 1}, Shape{1, 28, 28}, Shape{3, 5, 7}, Shape{1, 1, 50}, Shape{3, 40, 1},
        Shape{1, 2, 4096}, Shape{3, 4096, 1}, Shape{1, 4, 5312}, Shape{3, 32768, 1}}) {
    const Image image = patterned(shape);
    write_png(path_, image);
    const Image back = read_image(path_);
    EXPECT_EQ(back.shape, shape);
    EXPECT_EQ(back.pixels, image.pixels) << to_string(shape);
  }
}

TEST_F(ImageTest, TheNameDoesNotMatter) {
  write_png(dir_ / "picture.jpg", patterned({1, 4, 4}));
  EXPECT_EQ(read_image(dir_ / "picture.jpg").shape, (Shape{1, 4, 4}));
}

TEST_F(ImageTest, PngOfOneBit) {
  const Image image =
      read(png_file({.width = 10, .height = 2, .depth = 1}, "\0\xaa\x40\0\x55\x80"s));
  EXPECT_EQ(image.shape, (Shape{1, 2, 10}));
  EXPECT_EQ(image.pixels, (Bytes{255, 0,   255, 0,   255, 0,   255, 0,   0,   255,  //
                                 0,   255, 0,   255, 0,   255, 0,   255, 255, 0}));
}

TEST_F(ImageTest, PngOf16BitsIsBroughtTo255) {
  const Image image = read(png_file({.width = 3, .depth = 16}, "\0\xff\xff\x12\x34\0\x02"s));
  EXPECT_EQ(image.pixels, (Bytes{255, 0x12, 0}));
}

// Samples of fewer bits in files of 16, by their own range.
TEST_F(ImageTest, PngOf16BitsThatUsesFewerIsBroughtTo255) {
  const PngFields fields{.width = 3, .depth = 16};
  EXPECT_EQ(read(png_file(fields, "\0\x0f\xff\x08\0\0\0"s)).pixels, (Bytes{255, 128, 0}));
  EXPECT_EQ(read(png_file(fields, "\0\x03\xff\x02\0\0\0"s)).pixels, (Bytes{255, 128, 0}));
  EXPECT_EQ(read(png_file(fields, "\0\0\xff\0\x80\0\0"s)).pixels, (Bytes{255, 128, 0}));
  // One level more than 12 bits hold: all 16 are meant.
  EXPECT_EQ(read(png_file(fields, "\0\x10\0\x08\0\0\0"s)).pixels, (Bytes{16, 8, 0}));
  EXPECT_EQ(read(png_file(fields, "\0\0\0\0\0\0\0"s)).pixels, (Bytes{0, 0, 0}));
}

TEST_F(ImageTest, TransparencyOf16BitsIsFullRange) {
  // 12 bits of grey; opaque, half, clear.
  const Image image = read(
      png_file({.width = 3, .depth = 16, .colour = 4}, "\0\0\0\xff\xff\0\0\x80\0\x0f\xff\0\0"s));
  EXPECT_EQ(image.pixels, (Bytes{0, 127, 255}));
}

TEST_F(ImageTest, PngWithPaletteBecomesRgb) {
  const PngChunk palette{"PLTE", "\x0a\x14\x1e\xff\x80\x40\x01\x02\x03"s};
  const Image image = read(
      png_file({.width = 2, .height = 2, .depth = 2, .colour = 3}, "\0\x10\0\x80"s, {palette}));
  EXPECT_EQ(image.shape, (Shape{3, 2, 2}));
  EXPECT_EQ(image.pixels, (Bytes{10, 255, 1, 10, 20, 128, 2, 20, 30, 64, 3, 30}));
}

TEST_F(ImageTest, TransparencyIsLaidOverWhite) {
  const Image gray = read(png_file({.width = 4, .colour = 4}, "\0\0\xff\0\0\0\x80\x64\x33"s));
  EXPECT_EQ(gray.shape, (Shape{1, 1, 4}));
  EXPECT_EQ(gray.pixels, (Bytes{0, 255, 127, 224}));  // 224 = 100·0.2 + 255·0.8

  const Image colour =
      read(png_file({.width = 2, .colour = 6}, "\0\x0a\x14\x1e\xff\x0a\x14\x1e\0"s));
  EXPECT_EQ(colour.shape, (Shape{3, 1, 2}));
  EXPECT_EQ(colour.pixels, (Bytes{10, 255, 20, 255, 30, 255}));

  const Image palette =
      read(png_file({.width = 2, .colour = 3}, "\0\0\1"s,
                    {{"PLTE", "\x0a\x14\x1e\x0a\x14\x1e"s}, {"tRNS", "\xff\0"s}}));
  EXPECT_EQ(palette.pixels, colour.pixels);

  // One grey level declared transparent.
  const Image keyed = read(png_file({.width = 2}, "\0\x07\x08"s, {{"tRNS", "\0\x07"s}}));
  EXPECT_EQ(keyed.pixels, (Bytes{255, 8}));
}

TEST_F(ImageTest, WhiteOnTransparencyIsOnBlack) {
  const Image gray = read(png_file({.width = 4, .colour = 4}, "\0\xff\xff\0\0\xff\x80\xff\0"s));
  EXPECT_EQ(gray.pixels, (Bytes{255, 0, 128, 0}));
  // Yellow; what cannot be seen has no say, black though it is.
  const Image colour =
      read(png_file({.width = 3, .colour = 6}, "\0\xff\xe0\x60\xff\0\0\0\0\0\0\0\x10"s));
  EXPECT_EQ(colour.pixels, (Bytes{255, 0, 0, 224, 0, 0, 96, 0, 0}));
  const Image palette =
      read(png_file({.width = 2, .colour = 3}, "\0\0\1"s,
                    {{"PLTE", "\xff\xff\xff\x0a\x14\x1e"s}, {"tRNS", "\xff\0"s}}));
  EXPECT_EQ(palette.pixels, (Bytes{255, 0, 255, 0, 255, 0}));
}

TEST_F(ImageTest, BlackAndColouredOnTransparencyAreOnWhite) {
  const Image black = read(png_file({.width = 3, .colour = 4}, "\0\0\xff\xff\0\xff\xff"s));
  EXPECT_EQ(black.pixels, (Bytes{0, 255, 255}));
  const Image blue = read(png_file({.width = 2, .colour = 6}, "\0\x20\x30\xc0\xff\xff\xff\xff\0"s));
  EXPECT_EQ(blue.pixels, (Bytes{32, 255, 48, 255, 192, 255}));
}

TEST_F(ImageTest, InterlacedPng) {
  // Of Adam7's passes a 2x2 picture fills the first (one pixel), the sixth and the seventh (a row).
  const Image image =
      read(png_file({.width = 2, .height = 2, .interlace = 1}, "\0\x0a\0\x14\0\x1e\x28"s));
  EXPECT_EQ(image.pixels, (Bytes{10, 20, 30, 40}));
}

TEST_F(ImageTest, BmpInItsUsualForms) {
  // Rows from the bottom up, blue first, filled up to 4 bytes.
  const Image colour = read(bmp_file(1, 2, 24, "", "\x1e\x14\x0a\0\x3c\x32\x28\0"s));
  EXPECT_EQ(colour.shape, (Shape{3, 2, 1}));
  EXPECT_EQ(colour.pixels, (Bytes{40, 10, 50, 20, 60, 30}));

  const Image from_the_top = read(bmp_file(1, -2, 24, "", "\x1e\x14\x0a\0\x3c\x32\x28\0"s));
  EXPECT_EQ(from_the_top.pixels, (Bytes{10, 40, 20, 50, 30, 60}));

  const std::string palette = "\x1e\x14\x0a\0\x3c\x32\x28\0"s;
  EXPECT_EQ(read(bmp_file(2, 1, 8, palette, "\1\0\0\0"s)).pixels, (Bytes{40, 10, 50, 20, 60, 30}));
  EXPECT_EQ(read(bmp_file(2, 1, 4, palette, "\x10\0\0\0"s)).pixels,
            (Bytes{40, 10, 50, 20, 60, 30}));
  EXPECT_EQ(read(bmp_file(2, 1, 1, palette, "\x80\0\0\0"s)).pixels,
            (Bytes{40, 10, 50, 20, 60, 30}));
}

TEST_F(ImageTest, PgmAndPpm) {
  const Image gray = read("P5\n# drawn by hand\n3 2\n255\n\1\2\3\4\5\6"s);
  EXPECT_EQ(gray.shape, (Shape{1, 2, 3}));
  EXPECT_EQ(gray.pixels, (Bytes{1, 2, 3, 4, 5, 6}));

  const Image colour = read("P6 2 1 255\n\1\2\3\4\5\6"s);
  EXPECT_EQ(colour.shape, (Shape{3, 1, 2}));
  EXPECT_EQ(colour.pixels, (Bytes{1, 4, 2, 5, 3, 6}));
}

TEST_F(ImageTest, PgmOfOtherDepthsIsBroughtTo255) {
  EXPECT_EQ(read("P5 3 1 65535\n\xff\xff\x80\0\0\x80"s).pixels, (Bytes{255, 128, 0}));
  EXPECT_EQ(read("P5 4 1 15\n\0\1\x08\x0f"s).pixels, (Bytes{0, 17, 136, 255}));
  EXPECT_EQ(read("P5 2 1 1\n\0\1"s).pixels, (Bytes{0, 255}));
}

TEST_F(ImageTest, PgmOf16BitsThatUsesFewerIsBroughtTo255) {
  EXPECT_EQ(read("P5 3 1 65535\n\x0f\xff\x08\0\0\0"s).pixels, (Bytes{255, 128, 0}));
  EXPECT_EQ(read("P5 3 1 65535\n\x03\xff\x02\0\0\0"s).pixels, (Bytes{255, 128, 0}));
  EXPECT_EQ(read("P5 3 1 65535\n\0\xff\0\x80\0\0"s).pixels, (Bytes{255, 128, 0}));
  EXPECT_EQ(read("P5 3 1 65535\n\x10\0\x08\0\0\0"s).pixels, (Bytes{16, 8, 0}));
  EXPECT_EQ(read("P6 1 1 65535\n\x0f\xff\x08\0\0\0"s).pixels, (Bytes{255, 128, 0}));
  // A header that tells the range is believed, dark though the picture be.
  EXPECT_EQ(read("P5 2 1 4095\n\x0f\xff\0\xff"s).pixels, (Bytes{255, 16}));
  EXPECT_EQ(read("P5 2 1 4095\n\0\xff\0\x80"s).pixels, (Bytes{16, 8}));
}

TEST_F(ImageTest, GrayJpegIsReadExactly) {
  const Image image = read(gray_jpeg());
  ASSERT_EQ(image.shape, (Shape{1, 16, 24}));
  const Bytes blocks{250, 60, 180, 100, 60, 20};
  for (std::size_t y = 0; y < 16; ++y) {
    for (std::size_t x = 0; x < 24; ++x) {
      ASSERT_EQ(image.pixels[y * 24 + x], blocks[y / 8 * 3 + x / 8]) << y << " " << x;
    }
  }
}

TEST_F(ImageTest, ColourJpegProgressiveAndWithRestartMarkers) {
  for (const std::string& file : {progressive_jpeg(), restart_jpeg()}) {
    const Image image = read(file);
    ASSERT_EQ(image.shape, (Shape{3, 16, 16}));
    const std::vector<int> left{200, 30, 40};
    const std::vector<int> right{20, 60, 220};
    for (std::size_t channel = 0; channel < 3; ++channel) {
      EXPECT_NEAR(image.pixels[channel * 256 + 2], left[channel], 4);
      EXPECT_NEAR(image.pixels[channel * 256 + 13], right[channel], 4);
    }
  }
}

TEST_F(ImageTest, JpegIsTurnedUpright) {
  // Where the four corners 250 180 / 100 20 of the stored picture come to stand.
  struct Case {
    std::uint8_t orientation;
    Bytes corners;
  };
  const std::vector<Case> cases{{1, {250, 180, 100, 20}}, {2, {180, 250, 20, 100}},
                                {3, {20, 100, 180, 250}}, {4, {100, 20, 250, 180}},
                                {5, {250, 100, 180, 20}}, {6, {100, 250, 20, 180}},
                                {7, {20, 180, 100, 250}}, {8, {180, 20, 250, 100}}};
  for (const Case& c : cases) {
    for (const bool little_endian : {true, false}) {
      const Image image = read(with_orientation(gray_jpeg(), c.orientation, little_endian));
      const bool sideways = c.orientation >= 5;
      ASSERT_EQ(image.shape, (sideways ? Shape{1, 24, 16} : Shape{1, 16, 24}));
      const auto width = static_cast<std::size_t>(image.shape.width);
      const std::size_t last = image.pixels.size() - 1;
      const Bytes corners{image.pixels[0], image.pixels[width - 1], image.pixels[last + 1 - width],
                          image.pixels[last]};
      EXPECT_EQ(corners, c.corners) << int{c.orientation};
    }
  }
  EXPECT_EQ(read(with_orientation(gray_jpeg(), 9)).pixels, read(gray_jpeg()).pixels);
}

TEST_F(ImageTest, BytesAfterTheEndAreIgnored) {
  const std::string png = png_file({.width = 2}, "\0\x0a\x14"s);
  EXPECT_EQ(read(png + "more").pixels, (Bytes{10, 20}));
  EXPECT_EQ(read(gray_jpeg() + "more").pixels, read(gray_jpeg()).pixels);
  EXPECT_EQ(read(bmp_file(1, 1, 24, "", "\x1e\x14\x0a\0more"s)).pixels, (Bytes{10, 20, 30}));
}

}  // namespace
}  // namespace cnn
