#include "cnn/image.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "data/image/bmp.hpp"
#include "data/image/byte_reader.hpp"
#include "data/image/jpeg.hpp"
#include "data/image/png.hpp"
#include "data/image/pnm.hpp"
#include "data/image/stb.hpp"

namespace cnn {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20;

// The first bytes, as text if they are, otherwise as numbers in hexadecimal.
std::string beginning(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, 4);
  if (start.empty()) return "is empty";
  if (std::all_of(start.begin(), start.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
    return "starts with '" + std::string(start) + "'";
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "starts with bytes";
  for (const char c : start) {
    const auto byte = static_cast<std::uint8_t>(c);
    text += {' ', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

// Undoes how the camera was held; `orientation` is EXIF's, 1 … 8: from 5 on rows and columns are
// exchanged, then 2, 3, 6, 7 are mirrored left to right and 3, 4, 7, 8 top to bottom (EXIF 2.3,
// figure 4.6.4-1).
Image turn_upright(Image image, int orientation) {
  if (orientation == 1) return image;
  const auto one_of = [orientation](std::array<int, 4> values) {
    return std::find(values.begin(), values.end(), orientation) != values.end();
  };
  const bool transposed = orientation >= 5;
  const bool mirrored = one_of({2, 3, 6, 7});
  const bool upside_down = one_of({3, 4, 7, 8});
  const auto from_height = static_cast<std::size_t>(image.shape.height);
  const auto from_width = static_cast<std::size_t>(image.shape.width);
  const std::size_t height = transposed ? from_width : from_height;
  const std::size_t width = transposed ? from_height : from_width;

  Image upright{image.shape, {}};
  upright.shape.height = static_cast<int>(height);
  upright.shape.width = static_cast<int>(width);
  upright.pixels.reserve(image.pixels.size());
  for (std::size_t start = 0; start < image.pixels.size(); start += height * width) {
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        const std::size_t u = mirrored ? width - 1 - x : x;
        const std::size_t v = upside_down ? height - 1 - y : y;
        upright.pixels.push_back(
            image.pixels[start + (transposed ? u * from_width + v : v * from_width + u)]);
      }
    }
  }
  return upright;
}

Image decode(std::string_view bytes) {
  if (bytes.starts_with(kPngSignature)) return decode_with_stb(check_png(bytes));
  if (bytes.starts_with(kJpegSignature)) {
    const int orientation = check_jpeg(bytes);
    return turn_upright(decode_with_stb(bytes), orientation);
  }
  if (bytes.starts_with("BM")) {
    check_bmp(bytes);
    return decode_with_stb(bytes);
  }
  if (looks_like_pnm(bytes)) return decode_pnm(bytes);
  throw PictureError("not a PNG, JPEG, BMP or PGM image (" + beginning(bytes) +
                     "); convert it to one of these");
}

}  // namespace

Image read_image(const std::filesystem::path& path) {
  const std::string bytes = read_file(path, kMostBytes);
  try {
    return decode(bytes);
  } catch (const PictureError& error) {
    throw file_error(path, error.what());
  }
}

void write_png(const std::filesystem::path& path, const Image& image) {
  write_file(path, encode_png(image));
}

}  // namespace cnn
