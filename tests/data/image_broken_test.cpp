// Files that read_image must refuse.

#include <gtest/gtest.h>

#include "cnn/image.hpp"

#include "data/image/byte_reader.hpp"
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
          with_orientation(gray_jpeg(), 6),
          cmyk_jpeg(),
          lossy_webp(),
          lossless_webp(),
          animated_webp(),
          turned_webp(),
          gif_file(3, 2, gif_picture(0, 0, 3, 2, "\0\1\2\3\2\1"s)),
          gif_file(3, 2,
                   gif_picture(0, 0, 2, 2, "\0\1\2\3"s) + "!\xfe\1x\0"s +
                       gif_picture(0, 0, 1, 1, "\0"s))};
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

// What the picture can do without stands between PLTE and IDAT.
TEST_F(BrokenImage, NoChangedByteOfWhatAPngNeedsIsAccepted) {
  for (const std::string& file : {samples()[0], samples()[1]}) {
    const std::size_t needless = std::min(file.find("tRNS"), file.size());
    for (std::size_t i = 0; i < file.size(); ++i) {
      if (i == needless) i = file.find("IDAT");
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

TEST_F(BrokenImage, OtherFilesAreNamed) {
  const auto name = [&](const std::string& bytes) {
    const std::string message = error(bytes);
    const std::string rest = " are not read; convert it to PNG or JPEG";
    EXPECT_TRUE(message.ends_with(rest)) << message;
    return message.substr(0, message.size() - std::min(rest.size(), message.size()));
  };
  EXPECT_EQ(name("%PDF-1.4"), "PDF documents");
  EXPECT_EQ(name("\0\0\x08\3\0\0"s), "IDX files of pictures");
  EXPECT_EQ(name("\0\0\0\x18"
                 "ftypheic"s),
            "HEIC pictures");
  EXPECT_EQ(name("\0\0\0\x18"
                 "ftypavif"s),
            "AVIF pictures");
  EXPECT_EQ(name("\0\0\0\x18"
                 "ftypisom"s),
            "MP4 videos");
  EXPECT_EQ(name("II*\0\x08\0\0\0"s), "TIFF pictures");
  EXPECT_EQ(name("MM\0*\0\0\0\x08"s), "TIFF pictures");
  EXPECT_EQ(name("8BPS\0\1"s), "Photoshop (PSD) pictures");
  EXPECT_EQ(name("\0\0\1\0\1\0"s), "icons (ICO)");
  EXPECT_EQ(name("\0\0\2\0\1\0\x10\x10"s), "cursors (CUR)");
  EXPECT_EQ(name("\0\0\2\0\0\0\0\0\1\0"s), "Targa (TGA) pictures");
  EXPECT_EQ(name("\xff\x0a\x41"), "JPEG XL pictures");
  EXPECT_EQ(name("\0\0\0\x0cjP  \r\n"s), "JPEG 2000 pictures");
  EXPECT_EQ(name("P7\nWIDTH 1\n"), "PAM pictures");
  EXPECT_EQ(name("\xef\xbb\xbf <?xml version='1.0'?><!-- x --><SVG>"), "SVG drawings");
  EXPECT_EQ(name("\n<!DOCTYPE HTML><p>404 <svg/>"), "HTML pages");
}

TEST_F(BrokenImage, UnknownFilesAreNotSpeltInNumbers) {
  const std::string start = "not a PNG, JPEG, WebP, GIF, BMP or PNM picture";
  EXPECT_EQ(error("name: x\n"), start + " (starts with 'name'); convert it to one of these");
  EXPECT_EQ(error("P5"), start + " (starts with 'P5'); convert it to one of these");
  EXPECT_EQ(error("\1\2\3\4"), start + ", nor of another known kind; convert it to one of these");
  EXPECT_EQ(error(""), "the file is empty; copy or download it again");
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
      "the picture has 32769x2 pixels, more than 32768x32768; make it smaller";
  EXPECT_EQ(error(png_header({.width = 32769, .height = 2})), expected);
  EXPECT_EQ(error(bmp_file(32769, 2, 24, "", "")), expected);
  EXPECT_EQ(error("P5 32769 2 255\n"), expected);
  std::string jpeg = gray_jpeg();
  jpeg.replace(jpeg.find("\xff\xc0") + 5, 4, "\0\2\x80\1"s);
  EXPECT_EQ(error(jpeg), expected);

  EXPECT_EQ(error(png_header({.width = 0xffffffff, .height = 0xffffffff})),
            "the picture has 4294967295x4294967295 pixels, more than 32768x32768; make it smaller");
  EXPECT_EQ(error("P5 100000 1 255\n"),
            "the picture has 100000x1 pixels, more than 32768x32768; make it smaller");
  EXPECT_EQ(error("P5 99999999999999999999 1 255\n"),
            "the picture has 400000000x1 pixels, more than 32768x32768; make it smaller");
  EXPECT_EQ(error(png_header({.width = 16384, .height = 6800})),
            "the picture has 16384x6800 pixels, more than 110 million; make it smaller");
  EXPECT_EQ(error(png_header({.width = 0})), "the picture has 0x1 pixels; save it again");
  EXPECT_EQ(error(bmp_file(-3, 2, 24, "", "")), "the picture has -3x2 pixels; save it again");
}

TEST_F(BrokenImage, PngMessages) {
  const std::string sound = png_file({.width = 3}, "\0\1\2\3"s);
  EXPECT_EQ(error(sound.substr(0, sound.size() - 5)),
            "truncated PNG: the file ends after " + std::to_string(sound.size() - 5) +
                " bytes, before the picture does; copy or download it again");
  std::string changed = sound;
  changed[sound.size() - 1] ^= 1;
  EXPECT_EQ(error(changed), "broken PNG: IEND: CRC error; copy or download it again");
  EXPECT_EQ(error(png_file({.width = 3}, "\0\1\2"s)),
            "broken PNG: Not enough image data; copy or download it again");
  EXPECT_EQ(error(png_file({.width = 3}, "\0\1\2\3\4"s)),
            "broken PNG: IDAT: Too much image data; copy or download it again");
  EXPECT_EQ(error(png_file({.width = 3}, "\x05\1\2\3"s)),
            "broken PNG: bad adaptive filter value; copy or download it again");
  EXPECT_EQ(error(png_file({.colour = 3}, "\0\0"s)),
            "broken PNG: IDAT: Missing PLTE before IDAT; copy or download it again");
  EXPECT_EQ(error(png_file({.depth = 4, .colour = 2}, "\0\0\0"s)),
            "broken PNG: Invalid IHDR data; copy or download it again");
  EXPECT_EQ(error(png_file({}, "\0\0"s, {{"XXXX", ""}})),
            "broken PNG: XXXX: unhandled critical chunk; copy or download it again");
  EXPECT_EQ(error(std::string("\x89PNG\r\n\x1a\n", 8) + png_chunk({"IDAT", ""})),
            "broken PNG: it does not begin with its header; save it again");
}

// Viewers show the picture without them.
TEST_F(BrokenImage, PngChunksThatThePictureCanDoWithoutMayBeDamaged) {
  const PngFields fields{.width = 3};
  const std::string rows = "\0\1\2\3"s;
  for (const PngChunk& chunk :
       {PngChunk{"tRNS", "\1"s}, PngChunk{"tRNS", "\0\1\0"s}, PngChunk{"gAMA", "\0"s},
        PngChunk{"iCCP", "x"s}, PngChunk{"cHRM", ""}, PngChunk{"sRGB", "\x09"s}}) {
    EXPECT_TRUE(accepted(png_file(fields, rows, {chunk}))) << chunk.first;
  }
  for (const char* type : {"tEXt", "gAMA", "tRNS", "iCCP", "abCd"}) {
    std::string file = png_file(fields, rows, {{type, "\0\1"s}});
    file[file.find(type) + 4] ^= 1;
    EXPECT_TRUE(accepted(file)) << type;
  }
  std::string pixels = png_file(fields, rows);
  pixels[pixels.find("IDAT") + 6] ^= 1;
  EXPECT_TRUE(error(pixels).starts_with("broken PNG: "));
}

// A line across a page; lossless WebP and GIF code the rest in next to nothing.
TEST_F(BrokenImage, SparsePicturesAreNoAttack) {
  EXPECT_NO_THROW(check_bytes_for(5000, 5000, 100));
  EXPECT_NO_THROW(check_bytes_for(10000, 10000, 25'000));
  EXPECT_THROW(check_bytes_for(10000, 10000, 20'000), PictureError);
}

TEST_F(BrokenImage, PngPixelDataCutShortBehindSoundChecksums) {
  const std::string rows(40, '\0');
  const std::string data = zlib_compressed(rows);
  for (const std::string& part : {data.substr(0, data.size() - 1), data.substr(0, 4), ""s}) {
    const std::string file =
        png_header({.width = 39}) + png_chunk({"IDAT", part}) + png_chunk({"IEND", ""});
    EXPECT_TRUE(error(file).starts_with("broken PNG: "));
  }
}

TEST_F(BrokenImage, APngThatWouldFillTheMemoryIsRefusedBeforeItIsDecoded) {
  const std::string file = png_file({}, std::string(20'000'000, '\0'));
  ASSERT_LT(file.size(), 40'000U);
  EXPECT_EQ(error(file), "broken PNG: IDAT: Too much image data; copy or download it again");
  EXPECT_EQ(
      error(png_file({.width = 8192, .height = 8192}, "\0\0"s)),
      "broken PNG: its header promises 67108864 bytes of pixel data, too many for a file of 67; "
      "copy or download it again");
  EXPECT_EQ(
      error(png_header({.width = 10000, .height = 10000, .depth = 16, .colour = 6}) +
            png_chunk({"tEXt", std::string(800'000, 'x')}) + png_chunk({"IDAT", ""}) +
            png_chunk({"IEND", ""})),
      "decoding the picture takes 1144 MiB, more than 1024; save it with fewer bits per sample, or "
      "make it smaller");
}

TEST_F(BrokenImage, BmpMessages) {
  EXPECT_EQ(
      error(bmp_file(3, 2, 24, "", std::string(23, '\7'))),
      "truncated BMP: the file ends after 77 bytes, before the picture does; copy or download "
      "it again");
  std::string jpeg_inside = bmp_file(2, 1, 24, "", "\0\0\0\0\0\0\0\0"s);
  jpeg_inside[30] = 4;
  EXPECT_EQ(error(jpeg_inside), "a BMP file in a rare way of compression; save it as PNG");
  std::string inside = bmp_file(1, 1, 24, "", "\0\0\0\0"s);
  inside[10] = 20;
  EXPECT_EQ(error(inside), "broken BMP: its pixels would begin inside its header; save it again");
  std::string header = bmp_file(1, 1, 24, "", "\0\0\0\0"s);
  header[14] = 13;
  EXPECT_EQ(error(header), "broken BMP: a header of a size that BMP does not have; save it again");
  EXPECT_EQ(error(bmp_file(1, 1, 7, "", "\0\0\0\0"s)),
            "broken BMP: 7 bits per pixel, which do not go with its way of coding; save it again");
}

TEST_F(BrokenImage, RunsOfABmp) {
  const std::string palette = "\0\0\0\0\xff\xff\xff\0"s;
  const auto runs = [&](std::int32_t height, const std::string& coded) {
    std::string file = bmp_file(3, height, 8, palette, coded);
    file[30] = 1;
    return file;
  };
  EXPECT_TRUE(accepted(runs(2, "\3\1\0\1"s)));
  EXPECT_EQ(error(runs(-2, "\3\1\0\1"s)),
            "broken BMP: run-length coded from the top down; save it again");
  EXPECT_TRUE(error(runs(2, "\3\1\0\0\2\1"s)).starts_with("truncated BMP: "));
  std::string blank = bmp_file(10000, 10000, 8, palette, "\0\1"s);
  blank[30] = 1;
  EXPECT_EQ(error(blank),
            "the picture has 10000x10000 pixels in 64 bytes, more than a picture with something on "
            "it; make it smaller");
}

TEST_F(BrokenImage, PnmMessages) {
  EXPECT_EQ(error("P2\n2 1\n255\n1 2\n3"),
            "broken PNM: more follows than its header promises; save it again");
  EXPECT_EQ(error("P2\n2 1\n255\n1 x\n"), "broken PNM: a number was expected; save it again");
  EXPECT_EQ(error("P2\n2 1\n255\n1x2\n"),
            "broken PNM: a number ends in another character; save it again");
  EXPECT_EQ(error("P1\n2 1\n1 2\n"),
            "broken PNM: a sample of 2, its header allows 1; save it again");
  EXPECT_EQ(error("P5 2 1 255\n\1"s),
            "truncated PNM: the file ends after 12 bytes, before the picture does; copy or "
            "download it again");
  EXPECT_EQ(error("P5 2 1 255\n\1\2\3"s),
            "broken PNM: its header promises 2 bytes of pixels, 3 follow; save it again");
  EXPECT_EQ(error("P5 2 1 100\n\1\x7f"s),
            "broken PNM: a sample of 127, its header allows 100; save it again");
  EXPECT_EQ(error("P5 2 1 0\n\1\2"s),
            "broken PNM: its largest value is not 1 … 65535; save it again");
  EXPECT_EQ(error("P5 two 1 255\n\1\2"s),
            "broken PNM: width, height and largest value were expected after its first two "
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
            "broken JPEG: Bogus Huffman table definition; copy or download it again");
  // Without tables those of the standard are meant, which these data do not fit.
  EXPECT_EQ(error(with_segment(jpeg, "\xff\xc4", "")),
            "broken JPEG: Corrupt JPEG data: bad Huffman code; copy or download it again");
  EXPECT_EQ(error(with_segment(jpeg, "\xff\xdb", "")),
            "broken JPEG: Quantization table 0x00 was not defined; copy or download it again");
  EXPECT_EQ(
      error(jpeg.substr(0, jpeg.find("\xff\xda")) + "\xff\xd9"),
      "broken JPEG: Invalid JPEG file structure: missing SOS marker; copy or download it again");
  EXPECT_EQ(error("\xff\xd8\xff\xd9"),
            "broken JPEG: JPEG datastream contains no image; copy or download it again");
  const std::string progressive = progressive_jpeg();
  const std::size_t scan_of_all = progressive.find("\xff\xda");
  const std::size_t scan_of_one = progressive.find("\xff\xda", scan_of_all + 1);
  EXPECT_EQ(error(progressive.substr(0, scan_of_all) + progressive.substr(scan_of_one)),
            "broken JPEG: Inconsistent progression sequence for component 0 coefficient 0; copy or "
            "download it again");
  std::string arithmetic = jpeg;
  arithmetic[jpeg.find("\xff\xc0") + 1] = '\xc9';
  EXPECT_EQ(error(arithmetic),
            "this JPEG uses a rare way of coding (only baseline and progressive are read); save it "
            "as PNG");
  std::string twelve_bits = jpeg;
  twelve_bits[jpeg.find("\xff\xc0") + 4] = 12;
  EXPECT_EQ(error(twelve_bits),
            "this JPEG has 12 bits per sample, only 8 are read; save it as PNG");
  const std::string scan = jpeg.substr(jpeg.find("\xff\xda"));
  EXPECT_EQ(error(jpeg.substr(0, jpeg.size() - 2) + scan),
            "broken JPEG: Didn't expect more than one scan; copy or download it again");
  std::string no_code = jpeg;
  no_code.replace(jpeg.find("\xff\xda") + 10, 2, "\xff\0"s);
  EXPECT_EQ(error(no_code),
            "broken JPEG: Corrupt JPEG data: bad Huffman code; copy or download it again");
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
  EXPECT_EQ(error(jpeg), "broken JPEG: Bogus sampling factors; copy or download it again");
  // Three times as many, of one bit.
  std::string progressive = progressive_jpeg();
  progressive.replace(progressive.find("\xff\xc2") + 5, 4, "\x10\x00\x10\x00"s);
  EXPECT_TRUE(
      error(progressive).starts_with("truncated JPEG: 4096x4096 pixels take 98304 bytes at least"));
}

TEST_F(BrokenImage, GifMessages) {
  const std::string picture = gif_picture(0, 0, 2, 2, "\0\1\2\3"s);
  const std::string sound = gif_file(2, 2, picture);
  EXPECT_EQ(error(gif_file(2, 2, "")), "broken GIF: it has no picture; copy or download it again");
  EXPECT_EQ(error(sound.substr(0, sound.size() - 1)),
            "truncated GIF: the file ends after " + std::to_string(sound.size() - 1) +
                " bytes, before the picture does; copy or download it again");
  EXPECT_TRUE(accepted(gif_file(2, 2, picture + "x"s + "\0"s)));
  EXPECT_EQ(error(gif_file(2, 2, gif_picture(0, 0, 2, 2, "\0\1\2"s))),
            "broken GIF: Image EOF detected before image complete; copy or download it again");
  EXPECT_EQ(error(gif_file(2, 2, gif_picture(0, 0, 0, 2, ""))),
            "the picture has 0x2 pixels; save it again");
  EXPECT_EQ(error(gif_file(16384, 6000, gif_picture(0, 0, 16384, 6000, "\0"s))),
            "the picture has 16384x6000 pixels in 41 bytes, more than a picture with something on "
            "it; make it smaller");
  std::string no_colours = sound;
  no_colours[10] = '\x11';
  no_colours.erase(13, 12);
  EXPECT_EQ(error(no_colours), "broken GIF: it has no colours; save it again");
  std::string few_colours = sound;
  few_colours[10] = '\x90';
  few_colours.erase(13, 6);
  EXPECT_TRUE(accepted(few_colours));
}

TEST_F(BrokenImage, WebpMessages) {
  const std::string lossy = lossy_webp();
  EXPECT_EQ(error(lossy.substr(0, lossy.size() - 1)),
            "truncated WebP: the file ends after 67 bytes, before the picture does; copy or "
            "download it again");
  std::string shorter = lossy.substr(0, lossy.size() - 20);
  shorter[4] = static_cast<char>(lossy[4] - 20);
  EXPECT_EQ(error(shorter),
            "broken WebP: its parts do not fit together; copy or download it again");
  shorter[16] = static_cast<char>(lossy[16] - 20);
  EXPECT_EQ(error(shorter),
            "broken WebP: its data end before the picture does; copy or download it again");
  // 14 bits each for width and height, less 1.
  std::string large = lossless_webp();
  large.replace(21, 4, "\xff\xff\xff\x1f"s);
  EXPECT_TRUE(error(large).starts_with("the picture has 16384x16384 pixels, more than 110"));
}

// A picture whose data end early, before a sound end marker.
TEST_F(BrokenImage, AJpegOfTooFewCodes) {
  for (const std::string& file : {gray_jpeg(), restart_jpeg()}) {
    const std::string message = error(file.substr(0, file.size() - 5) + "\xff\xd9");
    EXPECT_TRUE(message.starts_with("broken JPEG: Corrupt JPEG data: ")) << message;
  }
}

TEST_F(BrokenImage, AJpegWithoutOneOfItsComponents) {
  const std::string file = progressive_scans(16, 16, 3, 2);
  EXPECT_EQ(error(file),
            "broken JPEG: a part of the picture is missing; copy or download it again");
  EXPECT_TRUE(accepted(progressive_scans(16, 16, 1, 2)));
}

TEST_F(BrokenImage, AJpegOfManyScansDoesNotKeepTheDecoderBusy) {
  EXPECT_TRUE(accepted(progressive_scans(16, 16, 1, 64)));
  EXPECT_EQ(error(progressive_scans(16, 16, 1, 65)),
            "this JPEG is coded in more than 64 scans; save it as PNG");
  // 32 million pixels.
  EXPECT_TRUE(accepted(progressive_scans(8192, 4096, 1, 32)));
  EXPECT_EQ(error(progressive_scans(8192, 4096, 1, 33)),
            "this JPEG is coded in more than 32 scans; save it as PNG");
}

}  // namespace
}  // namespace cnn
