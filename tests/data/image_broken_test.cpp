// Files that read_image must refuse.

#include <gtest/gtest.h>

#include "cnn/image.hpp"

#include "support/file_error_of.hpp"
#include "support/idx_writer.hpp"
#include "support/picture_files.hpp"
#include "support/temp_dir.hpp"

namespace cnn {
namespace {

using namespace std::string_literals;

class BrokenImage : public testing::Test {
 protected:
  // What reading the file says, without the path and ": error: ".
  std::string error(const std::string& bytes) const {
    write_bytes(path_, bytes);
    const std::string message = file_error_of([&] { read_image(path_); });
    const std::string start = path_.string() + ": error: ";
    EXPECT_EQ(message.substr(0, start.size()), start);
    return message.substr(std::min(start.size(), message.size()));
  }

  bool accepted(const std::string& bytes) const {
    write_bytes(path_, bytes);
    try {
      read_image(path_);
      return true;
    } catch (const FileError&) {
      return false;
    }
  }

  TempDir dir_;
  std::filesystem::path path_ = dir_ / "notes.pdf";
};

// One small file of each kind.
std::vector<std::string> samples() {
  return {png_file({.width = 3, .height = 2}, "\0\1\2\3\0\4\5\6"s),
          png_file({.width = 2, .height = 2, .colour = 3, .interlace = 1}, "\0\0\0\1\0\1\0"s,
                   {{"PLTE", "\1\2\3\4\5\6"s}, {"tRNS", "\x80"s}, {"tEXt", "Title\0digit"s}}),
          bmp_file(3, 2, 24, "", std::string(24, '\7')),
          bmp_file(3, 2, 4, std::string(8, '\7'), "\1\0\0\0\0\x10\0\0"s),
          "P5 3 2 255\n\1\2\3\4\5\6"s,
          "P6 1 2 65535\n\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c"s,
          gray_jpeg(),
          progressive_jpeg(),
          restart_jpeg(),
          with_orientation(gray_jpeg(), 6)};
}

TEST_F(BrokenImage, SamplesThemselvesAreSound) {
  for (const std::string& file : samples()) EXPECT_TRUE(accepted(file));
}

TEST_F(BrokenImage, NoTruncatedFileIsAccepted) {
  for (const std::string& file : samples()) {
    for (std::size_t length = 0; length < file.size(); ++length) {
      EXPECT_FALSE(accepted(file.substr(0, length)))
          << length << " bytes of '" << file.substr(0, 4) << "'";
    }
  }
}

TEST_F(BrokenImage, NoChangedByteOfAPngIsAccepted) {
  for (const std::string& file : {samples()[0], samples()[1]}) {
    for (std::size_t i = 0; i < file.size(); ++i) {
      std::string changed = file;
      changed[i] = static_cast<char>(changed[i] ^ 0x10);
      EXPECT_FALSE(accepted(changed)) << "byte " << i;
    }
  }
}

// The other formats have no checksums: a changed byte may go unnoticed, but never breaks the
// program.
TEST_F(BrokenImage, AnyByteMayHaveAnyValue) {
  int refused = 0;
  for (const std::string& file : samples()) {
    for (std::size_t i = 0; i < file.size(); ++i) {
      for (const int mask : {0x01, 0x40, 0x80, 0xff}) {
        std::string changed = file;
        changed[i] = static_cast<char>(changed[i] ^ mask);
        if (!accepted(changed)) ++refused;
      }
    }
  }
  EXPECT_GT(refused, 2000);
}

TEST_F(BrokenImage, OtherFilesAreNamedByTheirBeginning) {
  EXPECT_EQ(error("%PDF-1.4"),
            "not a PNG, JPEG, BMP or PGM image (starts with '%PDF'); convert it to one of these");
  EXPECT_EQ(
      error("\0\0\x08\3\0\0"s),
      "not a PNG, JPEG, BMP or PGM image (starts with bytes 00 00 08 03); convert it to one of "
      "these");
  EXPECT_EQ(error(""), "not a PNG, JPEG, BMP or PGM image (is empty); convert it to one of these");
  EXPECT_EQ(error("P5"),
            "not a PNG, JPEG, BMP or PGM image (starts with 'P5'); convert it to one of "
            "these");
}

TEST_F(BrokenImage, AFileThatIsNotThere) {
  const std::string message = file_error_of([&] { read_image(dir_ / "none.png"); });
  EXPECT_NE(message.find("none.png: error: "), std::string::npos) << message;
  EXPECT_NE(file_error_of([&] { read_image(dir_.path()); }), "");
}

TEST_F(BrokenImage, FilesAbove64MiBAreNotRead) {
  write_bytes(path_, png_file({}, "\0\1"s));
  std::filesystem::resize_file(path_, (std::uintmax_t{64} << 20) + 1);
  EXPECT_NE(file_error_of([&] { read_image(path_); }), "");
}

TEST_F(BrokenImage, LargePicturesAreRefusedByTheirHeaders) {
  const std::string expected =
      "the picture has 16385x2 pixels, more than 16384x16384; make it smaller";
  EXPECT_EQ(error(png_header({.width = 16385, .height = 2})), expected);
  EXPECT_EQ(error(bmp_file(16385, 2, 24, "", "")), expected);
  EXPECT_EQ(error("P5 16385 2 255\n"), expected);
  std::string jpeg = gray_jpeg();
  jpeg.replace(jpeg.find("\xff\xc0") + 5, 4, "\0\2\x40\1"s);
  EXPECT_EQ(error(jpeg), expected);

  EXPECT_EQ(error(png_header({.width = 0xffffffff, .height = 0xffffffff})),
            "the picture has 4294967295x4294967295 pixels, more than 16384x16384; make it smaller");
  EXPECT_EQ(error("P5 99999999999999999999 1 255\n"),
            "the picture has 65536x1 pixels, more than 16384x16384; make it smaller");
  EXPECT_EQ(error(png_header({.width = 16384, .height = 4097})),
            "the picture has 16384x4097 pixels, more than 64 million; make it smaller");
  EXPECT_EQ(error(png_header({.width = 0})), "the picture has 0x1 pixels; save it again");
  EXPECT_EQ(error(bmp_file(-3, 2, 24, "", "")), "the picture has -3x2 pixels; save it again");
}

TEST_F(BrokenImage, PngMessages) {
  const std::string sound = png_file({.width = 3}, "\0\1\2\3"s);
  EXPECT_EQ(error(sound.substr(0, sound.size() - 5)),
            "truncated PNG: the file ends after " + std::to_string(sound.size() - 5) +
                " bytes, before the picture does; copy or download it again");
  std::string changed = sound;
  changed[sound.size() - 20] ^= 1;
  EXPECT_EQ(error(changed), "broken PNG: a chunk's checksum is wrong; copy or download it again");
  EXPECT_EQ(error(png_file({.width = 3}, "\0\1\2"s)),
            "broken PNG: its header promises 4 bytes of pixel data, there are 3; save it again");
  EXPECT_EQ(error(png_file({.width = 3}, "\0\1\2\3\4"s)),
            "broken PNG: its header promises 4 bytes of pixel data, there are more; save it again");
  EXPECT_EQ(error(png_file({.width = 3}, "\x05\1\2\3"s)),
            "the picture cannot be decoded (invalid filter); save it again, as PNG");
  EXPECT_EQ(error(png_file({.colour = 3}, "\0\0"s)),
            "broken PNG: it needs a palette of 1 to 256 colours; save it again");
  EXPECT_EQ(error(png_file({.depth = 4, .colour = 2}, "\0\0\0"s)),
            "broken PNG: its header holds values that PNG does not have; save it again");
  EXPECT_EQ(error(png_file({}, "\0\0"s, {{"XXXX", ""}})),
            "broken PNG: it has a chunk that PNG does not know; save it again");
  EXPECT_EQ(error(std::string("\x89PNG\r\n\x1a\n", 8) + png_chunk({"IDAT", ""})),
            "broken PNG: it does not begin with its header; save it again");
}

TEST_F(BrokenImage, PngPixelDataCutShortBehindSoundChecksums) {
  const std::string rows(40, '\0');
  const std::string data = zlib_compressed(rows);
  for (const std::string& part : {data.substr(0, data.size() - 1), data.substr(0, 4), ""s}) {
    const std::string file =
        png_header({.width = 39}) + png_chunk({"IDAT", part}) + png_chunk({"IEND", ""});
    EXPECT_NE(error(file).find("pixel data cannot be decompressed after"), std::string::npos);
  }
}

TEST_F(BrokenImage, APngThatWouldFillTheMemoryIsRefusedBeforeItIsDecoded) {
  const std::string file = png_file({}, std::string(20'000'000, '\0'));
  ASSERT_LT(file.size(), 40'000U);
  EXPECT_EQ(error(file),
            "broken PNG: its header promises 2 bytes of pixel data, there are more; save it again");
}

TEST_F(BrokenImage, BmpMessages) {
  EXPECT_EQ(error(bmp_file(2, 1, 8, "\1\2\3\0\4\5\6\0"s, "\1\2\0\0"s)),
            "broken BMP: a pixel has colour 2 of a palette of 2; save it again");
  EXPECT_EQ(
      error(bmp_file(3, 2, 24, "", std::string(23, '\7'))),
      "truncated BMP: the file ends after 77 bytes, before the picture does; copy or download "
      "it again");
  std::string run_length = bmp_file(2, 1, 8, "\1\2\3\0"s, "\0\0\0\0"s);
  run_length[30] = 1;
  EXPECT_EQ(error(run_length), "a compressed BMP file; save it as PNG");
  std::string inside = bmp_file(1, 1, 24, "", "\0\0\0\0"s);
  inside[10] = 20;
  EXPECT_EQ(error(inside), "broken BMP: its pixels would begin inside its header; save it again");
  std::string old = bmp_file(1, 1, 24, "", "\0\0\0\0"s);
  old[14] = 12;
  EXPECT_EQ(error(old), "a BMP file of a kind older than Windows 3; save it as PNG");
  EXPECT_EQ(error(bmp_file(1, 1, 7, "", "\0\0\0\0"s)),
            "the picture cannot be decoded (invalid); save it again, as PNG");
}

TEST_F(BrokenImage, PnmMessages) {
  EXPECT_EQ(error("P2\n2 1\n255\n1 2\n"),
            "of this family only binary PGM and PPM (P5, P6) are read, this is P2; save it as PNG");
  EXPECT_EQ(error("P5 2 1 255\n\1"s),
            "truncated PGM or PPM: the file ends after 12 bytes, before the picture does; copy or "
            "download it again");
  EXPECT_EQ(error("P5 2 1 255\n\1\2\3"s),
            "broken PGM or PPM: its header promises 2 bytes of pixels, 3 follow; save it again");
  EXPECT_EQ(error("P5 2 1 100\n\1\x7f"s),
            "broken PGM or PPM: a sample of 127, its header allows 100; save it again");
  EXPECT_EQ(error("P5 2 1 0\n\1\2"s),
            "broken PGM or PPM: its largest value is not 1 … 65535; save it again");
  EXPECT_EQ(error("P5 two 1 255\n\1\2"s),
            "broken PGM or PPM: width, height and largest value were expected after its first two "
            "letters; save it again");
}

// The bytes of a JPEG with one segment's content replaced.
std::string with_segment(const std::string& jpeg, std::string_view marker,
                         std::string_view content) {
  const std::size_t at = jpeg.find(marker);
  const std::size_t old_length = static_cast<std::uint8_t>(jpeg[at + 3]);
  const std::size_t length = content.size() + 2;
  const std::string head{static_cast<char>(length >> 8), static_cast<char>(length)};
  return std::string(jpeg).replace(at + 2, old_length, head + std::string(content));
}

TEST_F(BrokenImage, JpegMessages) {
  const std::string jpeg = gray_jpeg();
  EXPECT_EQ(error(jpeg.substr(0, jpeg.size() - 2)),
            "truncated JPEG: the file ends after 168 bytes, before the picture does; copy or "
            "download it again");
  // 16 counts of 255 codes would overrun a decoder's table.
  EXPECT_EQ(error(with_segment(jpeg, "\xff\xc4", "\0"s + std::string(16 + 16 * 255, '\xff'))),
            "broken JPEG: a Huffman table of more than 256 codes; copy or download it again");
  EXPECT_EQ(error(with_segment(jpeg, "\xff\xc4", "")),
            "broken JPEG: a table is used that is not there; copy or download it again");
  EXPECT_EQ(error(with_segment(jpeg, "\xff\xdb", "")),
            "broken JPEG: a table is used that is not there; copy or download it again");
  EXPECT_EQ(error(jpeg.substr(0, jpeg.find("\xff\xda")) + "\xff\xd9"),
            "broken JPEG: a part of the picture is missing; copy or download it again");
  EXPECT_EQ(error("\xff\xd8\xff\xd9"),
            "broken JPEG: a part of the picture is missing; copy or download it again");
  std::string arithmetic = jpeg;
  arithmetic[jpeg.find("\xff\xc0") + 1] = '\xc9';
  EXPECT_EQ(error(arithmetic),
            "this JPEG uses a rare way of coding (only baseline and progressive are read); save it "
            "as PNG");
  std::string twelve_bits = jpeg;
  twelve_bits[jpeg.find("\xff\xc0") + 4] = 12;
  EXPECT_EQ(error(twelve_bits), "this JPEG does not have 8 bits a sample; save it as PNG");
  const std::string scan = jpeg.substr(jpeg.find("\xff\xda"));
  EXPECT_EQ(error(jpeg.substr(0, jpeg.size() - 2) + scan),
            "broken JPEG: a component is coded twice; copy or download it again");
  std::string no_code = jpeg;
  no_code.replace(jpeg.find("\xff\xda") + 10, 2, "\xff\0"s);
  EXPECT_EQ(error(no_code),
            "the picture cannot be decoded (bad huffman code); save it again, as PNG");
}

// The decoder would take what is missing for zeros and give a picture that is grey below.
TEST_F(BrokenImage, AJpegWhoseDataCannotBeThePictureIsRefused) {
  std::string jpeg = gray_jpeg();
  const std::size_t frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\x10\x00\x10\x00"s);  // height, width
  // 512x512 blocks of two bits.
  EXPECT_TRUE(error(jpeg).starts_with(
      "truncated JPEG: 4096x4096 pixels take 65536 bytes at least, it has "));
  jpeg[frame + 11] = '\x50';
  EXPECT_EQ(error(jpeg),
            "broken JPEG: a sampling factor that is not 1 … 4; copy or download it again");
  // Three times as many, of one bit.
  std::string progressive = progressive_jpeg();
  progressive.replace(progressive.find("\xff\xc2") + 5, 4, "\x10\x00\x10\x00"s);
  EXPECT_TRUE(
      error(progressive).starts_with("truncated JPEG: 4096x4096 pixels take 98304 bytes at least"));
}

TEST_F(BrokenImage, AJpegOfManyScansDoesNotKeepTheDecoderBusy) {
  std::string jpeg = progressive_jpeg();
  const std::size_t last_scan = jpeg.rfind("\xff\xda");
  const std::string scan = jpeg.substr(last_scan, jpeg.size() - 2 - last_scan);
  jpeg.resize(jpeg.size() - 2);
  for (int i = 0; i < 1000; ++i) jpeg += scan;
  jpeg += "\xff\xd9";
  EXPECT_EQ(error(jpeg), "this JPEG is coded in more than 64 scans; save it as PNG");
  // 64 Mi pixels.
  jpeg.replace(jpeg.find("\xff\xc2") + 5, 4, "\x20\x00\x20\x00"s);
  EXPECT_EQ(error(jpeg), "this JPEG is coded in more than 16 scans; save it as PNG");
}

}  // namespace
}  // namespace cnn
