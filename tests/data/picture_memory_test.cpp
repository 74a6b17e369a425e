#include "data/picture_memory.hpp"

#include <string>

#include <gtest/gtest.h>

#include "cnn/image.hpp"

#include "base/file.hpp"
#include "data/image/byte_reader.hpp"
#include "support/picture_files.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

using namespace std::string_literals;

std::size_t bytes_of(const std::string& file) {
  const TempDir temp;
  write_file(temp / "picture", file);
  return picture_bytes(temp / "picture");
}

TEST(PictureMemory, CountsThePixelsOfTheHeader) {
  const TempDir temp;
  write_png(temp / "p.png", {{1, 100, 200}, std::vector<std::uint8_t>(20'000)});
  EXPECT_GE(picture_bytes(temp / "p.png"), 20'000U);
  EXPECT_LE(picture_bytes(temp / "p.png"), 20U * 20'000U);
  EXPECT_GE(bytes_of(lossless_webp()), 1U);
  EXPECT_EQ(bytes_of("no picture"), std::string("no picture").size());
  EXPECT_EQ(picture_bytes(temp / "missing.png"), 0U);
}

// They cost a line each, and not the answers for others.
TEST(PictureMemory, OfWhatIsTooLargeToBeDecodedIsTheFile) {
  for (const std::uint32_t side : {0U, 0xffffffffU, 32769U, 30000U}) {
    const std::string png = png_file({.width = side, .height = side}, "");
    EXPECT_EQ(bytes_of(png), png.size()) << side;
  }
}

TEST(PictureMemory, OfAGifIsThatOfItsFirstPicture) {
  const std::string gif = gif_file(1, 1, gif_picture(0, 0, 60, 60, std::string(3600, '\0')));
  EXPECT_GE(bytes_of(gif), 3600U);
}

TEST(PictureMemory, AByteBetweenSegmentsOfAJpegIsSkipped) {
  const std::string jpeg = gray_jpeg();
  const std::size_t behind_first = 2 + 2 + static_cast<std::uint8_t>(jpeg.at(5));
  const std::string padded = jpeg.substr(0, behind_first) + "\0"s + jpeg.substr(behind_first);
  EXPECT_EQ(bytes_of(padded), bytes_of(jpeg) + 1);
  EXPECT_GT(bytes_of(jpeg), jpeg.size());
}

// A camera puts a small picture and the colours of its sensor before it.
TEST(PictureMemory, ReadsOnUntilAJpegSaysItsSize) {
  const std::string jpeg = gray_jpeg();
  std::string comments;
  for (int i = 0; i < 3; ++i) comments += "\xff\xfe\xff\xff"s + std::string(0xffff - 2, 'x');
  const std::string file = jpeg.substr(0, 2) + comments + jpeg.substr(2);
  EXPECT_EQ(bytes_of(file), bytes_of(jpeg) + comments.size());
}

}  // namespace
}  // namespace cnn
