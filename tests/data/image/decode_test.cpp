// Pictures in the rarer forms of their formats.

#include "data/image/decode.hpp"

#include <gtest/gtest.h>

#include "data/image/byte_reader.hpp"
#include "support/picture_files.hpp"

namespace cnn {
namespace {

using Bytes = std::vector<std::uint8_t>;
using namespace std::string_literals;

std::string little16(std::uint32_t value) {
  return {static_cast<char>(value), static_cast<char>(value >> 8)};
}

std::string little32(std::uint32_t value) {
  return little16(value & 0xffff) + little16(value >> 16);
}

TEST(DecodePng, IsTurnedUpright) {
  // What a JPEG's EXIF segment holds, without the segment's head.
  const std::string tiff = with_orientation("\xff\xd8", 6).substr(2 + 4 + 6);
  const PngFields fields{.width = 2, .height = 2};
  const std::string file = png_file(fields, "\0\1\2\0\3\4"s, {{"eXIf", tiff}});
  EXPECT_EQ(decode_picture(file).pixels, (Bytes{3, 1, 4, 2}));
  // Behind the pixels, and in a picture of 16 bits and passes.
  const std::string plain =
      png_file({.width = 2, .height = 1, .depth = 16, .interlace = 1}, "\0\x10\0\0\x80\0"s);
  const std::string turned =
      plain.substr(0, plain.size() - 12) + png_chunk({"eXIf", tiff}) + png_chunk({"IEND", ""});
  const Image image = decode_picture(turned);
  EXPECT_EQ(image.shape, (Shape{1, 2, 1}));
  EXPECT_EQ(image.pixels, (Bytes{16, 128}));
  // A value of 32 bits, with the last byte first.
  const std::string wide = "MM\0*\0\0\0\x08\0\1\1\x12\0\4\0\0\0\1\0\0\0\6\0\0\0\0"s;
  EXPECT_EQ(decode_picture(png_file(fields, "\0\1\2\0\3\4"s, {{"eXIf", wide}})).pixels,
            (Bytes{3, 1, 4, 2}));
  // Data about the picture are not the picture.
  EXPECT_EQ(decode_picture(png_file(fields, "\0\1\2\0\3\4"s, {{"eXIf", "II"}})).pixels,
            (Bytes{1, 2, 3, 4}));
}

TEST(DecodePng, APixelBeyondThePaletteIsBlack) {
  const Image image =
      decode_picture(png_file({.width = 2, .colour = 3}, "\0\0\x09"s, {{"PLTE", "\x0a\x14\x1e"s}}));
  EXPECT_EQ(image.pixels, (Bytes{10, 0, 20, 0, 30, 0}));
}

TEST(DecodePng, OtherChunksArePassedOver) {
  // A colour profile that is none, texts, a date that is none.
  const Image image = decode_picture(png_file({.width = 2}, "\0\1\2"s,
                                              {{"iCCP", "x\0\0nothing"s},
                                               {"tIME", "?"},
                                               {"sRGB", "\x09"},
                                               {"gAMA", std::string(4, '\0')},
                                               {"zTXt", "x\0\0"s}}));
  EXPECT_EQ(image.pixels, (Bytes{1, 2}));
}

TEST(DecodeJpeg, InkIsShownAsLight) {
  // Cyan 0, magenta 128, yellow 255, black 51.
  const Image image = decode_picture(cmyk_jpeg());
  ASSERT_EQ(image.shape, (Shape{3, 8, 8}));
  EXPECT_EQ(image.pixels[0], 204);
  EXPECT_EQ(image.pixels[64], 102);
  EXPECT_EQ(image.pixels[128], 0);
}

TEST(DecodeJpeg, ComesReducedForASmallerTarget) {
  const std::string jpeg = progressive_scans(96, 48, 1, 2);
  const auto size_for = [&](int height, int width, std::uint8_t orientation = 1) {
    const ReducedImage picture =
        decode_reduced(with_orientation(jpeg, orientation), {height, width});
    return Size2{picture.image.shape.height, picture.image.shape.width};
  };
  EXPECT_EQ(size_for(2, 4), (Size2{6, 12}));
  EXPECT_EQ(size_for(2, 5), (Size2{12, 24}));
  EXPECT_EQ(size_for(3, 4), (Size2{12, 24}));
  EXPECT_EQ(size_for(8, 16), (Size2{24, 48}));
  EXPECT_EQ(size_for(9, 1), (Size2{48, 96}));
  EXPECT_EQ(size_for(100, 200), (Size2{48, 96}));
  // On its side: the target is of the upright picture.
  EXPECT_EQ(size_for(4, 2, 6), (Size2{12, 6}));
  EXPECT_EQ(size_for(2, 4, 6), (Size2{24, 12}));
}

TEST(DecodeJpeg, TellsWhereThePictureLiesInTheReducedOne) {
  const std::string jpeg = progressive_scans(99, 50, 1, 2);  // 12.375 by 6.25
  const ReducedImage plain = decode_reduced(jpeg, {2, 4});
  EXPECT_EQ(plain.image.shape, (Shape{1, 7, 13}));
  EXPECT_EQ(plain.original, (Size2{50, 99}));
  EXPECT_EQ(plain.width, 12.375);
  EXPECT_EQ(plain.height, 6.25);
  EXPECT_EQ(plain.left, 0);
  EXPECT_EQ(plain.top, 0);
  const ReducedImage turned = decode_reduced(with_orientation(jpeg, 6), {4, 2});
  EXPECT_EQ(turned.original, (Size2{99, 50}));
  EXPECT_EQ(turned.width, 6.25);
  EXPECT_EQ(turned.left, 0.75);
  EXPECT_EQ(turned.top, 0);
  EXPECT_EQ(decode_reduced("P5 2 1 255\n\1\2"s, {1, 1}).image.pixels, (Bytes{1, 2}));
}

// Bytes between the coded data and the next marker, as some cameras leave there.
TEST(DecodeJpeg, LeftOverBytesAreNoDamage) {
  const std::string jpeg = gray_jpeg();
  const std::string more = jpeg.substr(0, jpeg.size() - 2) + std::string(5, '\0') + "\xff\xd9";
  EXPECT_EQ(decode_picture(more).pixels, decode_picture(jpeg).pixels);
}

TEST(DecodeWebp, Lossy) {
  const Image image = decode_picture(lossy_webp());
  ASSERT_EQ(image.shape, (Shape{3, 16, 16}));
  const std::vector<int> left{200, 30, 40};
  const std::vector<int> right{20, 60, 220};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    EXPECT_NEAR(image.pixels[channel * 256 + 130], left[channel], 4);
    EXPECT_NEAR(image.pixels[channel * 256 + 141], right[channel], 4);
  }
}

TEST(DecodeWebp, LosslessWithAlphaIsLaidOverWhite) {
  const Image image = decode_picture(lossless_webp());
  EXPECT_EQ(image.shape, (Shape{3, 2, 3}));
  EXPECT_EQ(image.pixels, (Bytes{10, 255, 10, 10, 10, 227,  //
                                 20, 255, 20, 20, 20, 177,  //
                                 30, 255, 30, 30, 30, 152}));
}

TEST(DecodeWebp, TheFirstPictureOfAnAnimation) {
  const Image image = decode_picture(animated_webp());
  ASSERT_EQ(image.shape, (Shape{3, 8, 8}));
  EXPECT_EQ(image.pixels[0], 255);
  EXPECT_EQ(image.pixels[64], 0);
}

TEST(DecodeWebp, IsTurnedUpright) {
  const Image image = decode_picture(turned_webp());
  ASSERT_EQ(image.shape, (Shape{3, 3, 2}));
  EXPECT_EQ(Bytes(image.pixels.begin(), image.pixels.begin() + 6),
            (Bytes{10, 10, 10, 40, 200, 10}));
}

TEST(DecodeGif, TheFirstPicture) {
  const std::string first = gif_picture(0, 0, 3, 2, "\0\1\2\3\2\1"s);
  const std::string more = "!\xfe\3abc\0"s + gif_picture(0, 0, 3, 2, "\3\3\3\3\3\3"s);
  const Image image = decode_picture(gif_file(3, 2, first + more));
  EXPECT_EQ(image.shape, (Shape{3, 2, 3}));
  EXPECT_EQ(image.pixels, (Bytes{10, 40, 200, 255, 200, 40,  //
                                 20, 50, 100, 255, 100, 50,  //
                                 30, 60, 50, 255, 50, 60}));
}

TEST(DecodeGif, Interlaced) {
  // Rows 0 and 8, 4, 2 and 6, then the odd ones.
  const Image image =
      decode_picture(gif_file(1, 9, gif_picture(0, 0, 1, 9, "\0\1\2\0\1\3\2\1\0"s, true)));
  EXPECT_EQ(Bytes(image.pixels.begin(), image.pixels.begin() + 9),
            (Bytes{10, 255, 10, 200, 200, 40, 40, 10, 40}));
}

TEST(DecodeGif, WhatCannotBeSeenIsWhite) {
  // The extension names index 1 as transparent.
  const Image clear =
      decode_picture(gif_file(2, 1, "!\xf9\4\1\0\0\1\0"s + gif_picture(0, 0, 2, 1, "\0\1"s)));
  EXPECT_EQ(clear.pixels, (Bytes{10, 255, 20, 255, 30, 255}));
  // A picture smaller than the canvas, and one that leads out of it.
  const Image small = decode_picture(gif_file(2, 2, gif_picture(1, 1, 1, 1, "\2"s)));
  EXPECT_EQ(Bytes(small.pixels.begin(), small.pixels.begin() + 4), (Bytes{255, 255, 255, 200}));
  EXPECT_EQ(decode_picture(gif_file(1, 1, gif_picture(1, 1, 2, 1, "\2\2"s))).shape,
            (Shape{3, 2, 3}));
}

TEST(DecodeBmp, OfOs2) {
  const std::string palette = "\x1e\x14\x0a\x3c\x32\x28"s;  // of 3 bytes
  const std::string file = "BM"s + little32(36) + little32(0) + little32(14 + 12 + 6) +
                           little32(12) + little16(2) + little16(1) + little16(1) + little16(8) +
                           palette + "\1\0\0\0"s;
  EXPECT_EQ(decode_picture(file).pixels, (Bytes{40, 10, 50, 20, 60, 30}));
  // The short header of version 2, and the long one.
  for (const std::uint32_t size : {16U, 64U}) {
    const std::string head = "BM"s + little32(0) + little32(0) + little32(14 + size) +
                             little32(size) + little32(1) + little32(2) + little16(1) +
                             little16(24);
    const std::string rest(14 + size - head.size(), '\0');
    const Image image = decode_picture(head + rest + "\1\2\3\0\4\5\6\0"s);
    EXPECT_EQ(image.pixels, (Bytes{6, 3, 5, 2, 4, 1}));
  }
}

TEST(DecodeBmp, RunLengths) {
  const std::string palette = "\0\0\0\0\x0a\x0a\x0a\0\x14\x14\x14\0\x1e\x1e\x1e\0"s;
  const auto gray = [&](std::uint16_t bits, const std::string& coded) {
    std::string file = bmp_file(4, 3, bits, palette, coded);
    file[30] = bits == 8 ? 1 : 2;
    const Image image = decode_picture(file);
    EXPECT_TRUE(is_gray(image));
    return Bytes(image.pixels.begin(), image.pixels.begin() + 12);
  };
  // From the bottom: a run and the end of the line; a move by (1, 1), three as they are.
  EXPECT_EQ(gray(8, "\3\1\0\0\0\2\1\1\0\3\1\2\3\0\0\1"s),
            (Bytes{0, 10, 20, 30, 0, 0, 0, 0, 10, 10, 10, 0}));
  EXPECT_EQ(gray(4, "\3\x12\0\0\4\x33\0\0\0\4\x12\x31\0\1"s),
            (Bytes{10, 20, 30, 10, 30, 30, 30, 30, 10, 20, 10, 0}));
}

TEST(DecodeBmp, Masks) {
  const std::string plain = bmp_file(1, 1, 16, "", "\0\x7c\0\0"s);  // 5 bits each
  EXPECT_EQ(decode_picture(plain).pixels, (Bytes{255, 0, 0}));
  // 5, 6 and 5 bits behind the header.
  std::string masked = bmp_file(2, 1, 16, little32(0xf800) + little32(0x07e0) + little32(0x001f),
                                "\xe0\x07\x1f\x80"s);
  masked[30] = 3;
  EXPECT_EQ(decode_picture(masked).pixels, (Bytes{0, 132, 255, 0, 0, 255}));
  std::string gap = masked;
  gap[54] = 5;
  EXPECT_THROW(decode_picture(gap), PictureError);
}

TEST(DecodeBmp, Alpha) {
  const auto file = [](const std::string& pixels) {
    const std::string masks = "\0\0\xff\0\0\xff\0\0\xff\0\0\0\0\0\0\xff"s;
    std::string bmp = bmp_file(2, 1, 32, masks, pixels);
    bmp[30] = 6;
    return bmp;
  };
  EXPECT_EQ(decode_picture(file("\1\2\3\xff\1\2\3\0"s)).pixels, (Bytes{3, 255, 2, 255, 1, 255}));
  // Alpha that is 0 everywhere was not meant.
  EXPECT_EQ(decode_picture(file("\1\2\3\0\1\2\3\0"s)).pixels, (Bytes{3, 3, 2, 2, 1, 1}));
}

TEST(DecodeBmp, WithoutMasksTheFourthByteFillsUp) {
  const std::string pixels = "\1\2\3\xff\1\2\3\0"s;
  EXPECT_EQ(decode_picture(bmp_file(2, 1, 32, "", pixels)).pixels, (Bytes{3, 3, 2, 2, 1, 1}));
}

TEST(DecodeBmp, RunsThatLeadOutOfThePictureAreCutOff) {
  const auto runs = [](const std::string& coded) {
    std::string file = bmp_file(3, 2, 8, "\0\0\0\0\xff\xff\xff\0"s, coded);
    file[30] = 1;
    const Image image = decode_picture(file);
    return Bytes(image.pixels.begin(), image.pixels.begin() + 6);  // red
  };
  EXPECT_EQ(runs("\4\1\0\1"s), (Bytes{0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(runs("\0\2\0\2\1\1\0\1"s), (Bytes{0, 0, 0, 0, 0, 0}));
  // Nothing behind the last pixel; an index beyond the palette.
  EXPECT_EQ(runs("\3\1\0\0\1\1\1\2\1\1"s), (Bytes{255, 0, 255, 255, 255, 255}));
}

TEST(DecodePnm, AsText) {
  EXPECT_EQ(decode_picture("P1\n# bits\n3 2\n011\n1 0 #\n1").pixels, (Bytes{255, 0, 0, 0, 255, 0}));
  EXPECT_EQ(decode_picture("P2 3 1 15\n0 1\n15 \n").pixels, (Bytes{0, 17, 255}));
  const Image colour = decode_picture("P3 2 1 65535 65535 0 32768 0 256 0");
  EXPECT_EQ(colour.shape, (Shape{3, 1, 2}));
  EXPECT_EQ(colour.pixels, (Bytes{255, 0, 0, 1, 128, 0}));
}

TEST(DecodePnm, CommentsBehindTheLastSample) {
  for (const char* end : {"# end", "\n# end\n", " # one\n# two\n\n"}) {
    EXPECT_EQ(decode_picture("P2 2 1 255 1 2" + std::string(end)).pixels, (Bytes{1, 2})) << end;
    EXPECT_EQ(decode_picture("P1 2 1 01" + std::string(end)).pixels, (Bytes{255, 0})) << end;
  }
}

TEST(DecodePnm, Bitmaps) {
  // Rows are filled up to whole bytes.
  EXPECT_EQ(decode_picture("P4 9 2\n\x80\x80\0\x7f"s).pixels,
            (Bytes{0, 255, 255, 255, 255, 255, 255, 255, 0,  //
                   255, 255, 255, 255, 255, 255, 255, 255, 255}));
}

TEST(DecodePicture, TellsGrayFromColour) {
  EXPECT_TRUE(is_gray({{1, 1, 2}, {1, 2}}));
  EXPECT_TRUE(is_gray({{3, 1, 2}, {1, 2, 1, 2, 1, 2}}));
  EXPECT_FALSE(is_gray({{3, 1, 2}, {1, 2, 1, 3, 1, 2}}));
  EXPECT_FALSE(is_gray({{3, 1, 2}, {1, 2, 1, 2, 0, 2}}));
}

TEST(DecodePicture, TellsPicturesFromOtherFiles) {
  for (const std::string& file : {gray_jpeg(), png_header({}), "BM"s, "P4 1 1"s, "II*\0\x08"s,
                                  "\0\0\0\x18"
                                  "ftypheic"s,
                                  "<svg>"s}) {
    EXPECT_TRUE(looks_like_picture(file)) << file;
  }
  for (const std::string& file : {""s, "%PDF"s, "label,file"s, "\0\0\x08\x01"s, "<html>"s}) {
    EXPECT_FALSE(looks_like_picture(file)) << file;
  }
}

}  // namespace
}  // namespace cnn
