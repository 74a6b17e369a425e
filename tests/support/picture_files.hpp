// Picture files made by hand, for tests of readers.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cnn {

// IHDR's fields. Colour types: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
struct PngFields {
  std::uint32_t width = 1;
  std::uint32_t height = 1;
  std::uint8_t depth = 8;
  std::uint8_t colour = 0;
  std::uint8_t interlace = 0;
};

using PngChunk = std::pair<std::string, std::string>;  // type, data

std::string png_chunk(const PngChunk& chunk);
std::string png_header(const PngFields& fields);
std::string zlib_compressed(std::string_view bytes);

// `rows` is what IDAT compresses: every row after its filter byte. `before` comes between IHDR and
// IDAT.
std::string png_file(const PngFields& fields, std::string_view rows,
                     const std::vector<PngChunk>& before = {});

// BITMAPFILEHEADER and BITMAPINFOHEADER, `palette` (4 bytes a colour) and `rows` as they stand in
// the file.
std::string bmp_file(std::int32_t width, std::int32_t height, std::uint16_t bits,
                     std::string_view palette, std::string_view rows);

// 24x16, grey; its six blocks of 8x8 are 250 60 180 / 100 60 20.
std::string gray_jpeg();
// 8x8, of inks: cyan 0, magenta 128, yellow 255, black 51 of 255, inverted as Adobe programs do.
std::string cmyk_jpeg();
// 16x16, progressive; left half about (200, 30, 40), right half about (20, 60, 220).
std::string progressive_jpeg();
// The same picture, baseline with halved chroma and restart markers.
std::string restart_jpeg();

// 16x16; left half about (200, 30, 40), right half about (20, 60, 220).
std::string lossy_webp();
// 3x2, with alpha: (10, 20, 30), but (40, 50, 60) with alpha 0 at the top in the middle and
// (200, 100, 50) with alpha 128 at the bottom right.
std::string lossless_webp();
// 8x8, red and then green.
std::string animated_webp();
// 3x2, as lossless_webp without alpha, held as EXIF's orientation 6 says.
std::string turned_webp();

// A canvas of 4 colours, (10, 20, 30), (40, 50, 60), (200, 100, 50) and white, and what is on it.
std::string gif_file(std::uint16_t width, std::uint16_t height, std::string_view blocks);
// At most 255 bytes of codes.
std::string gif_picture(std::uint16_t left, std::uint16_t top, std::uint16_t width,
                        std::uint16_t height, std::string_view indices, bool interlaced = false);

// A progressive picture, black, of `scans` scans: the first codes the DC coefficients of the first
// component, each one after it one of its AC coefficients, in each of the 63 places and then finer.
std::string progressive_scans(std::uint16_t width, std::uint16_t height, std::uint8_t components,
                              int scans);
// With an EXIF segment, little-endian or big-endian.
std::string with_orientation(const std::string& jpeg, std::uint8_t orientation,
                             bool little_endian = true);

}  // namespace cnn
