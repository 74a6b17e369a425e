#include "data/image/decode.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "data/image/bmp.hpp"
#include "data/image/byte_reader.hpp"
#include "data/image/foreign.hpp"
#include "data/image/gif.hpp"
#include "data/image/jpeg.hpp"
#include "data/image/png.hpp"
#include "data/image/pnm.hpp"
#include "data/image/webp.hpp"

namespace cnn {
namespace {

struct Format {
  bool (*begins)(std::string_view bytes);
  Image (*decode)(std::string_view bytes);
  // Where there is a faster way to a smaller picture.
  ReducedImage (*decode_reduced)(std::string_view bytes, Size2 target) = nullptr;
};

template <const std::string_view& signature>
bool begins_with(std::string_view bytes) {
  return bytes.starts_with(signature);
}

// The formats that are read. read_image and README.md name them.
constexpr Format kFormats[] = {
    {begins_with<kJpegSignature>, decode_jpeg, decode_jpeg_reduced},
    {begins_with<kPngSignature>, decode_png},
    {looks_like_webp, decode_webp},
    {begins_with<kGifSignature>, decode_gif},
    {begins_with<kBmpSignature>, decode_bmp},
    {looks_like_pnm, decode_pnm},
};

const Format* format_of(std::string_view bytes) {
  for (const Format& format : kFormats) {
    if (format.begins(bytes)) return &format;
  }
  return nullptr;
}

[[noreturn]] void throw_foreign(std::string_view bytes) {
  if (bytes.empty()) throw PictureError("the file is empty; copy or download it again");
  const ForeignFormat foreign = foreign_format(bytes);
  if (!foreign.name.empty()) {
    throw PictureError(std::string(foreign.name) + " are not read; convert it to PNG or JPEG");
  }
  const std::string_view start = bytes.substr(0, 4);
  const bool is_text =
      std::all_of(start.begin(), start.end(), [](char c) { return c >= ' ' && c <= '~'; });
  throw PictureError("not a PNG, JPEG, WebP, GIF, BMP or PNM picture" +
                     (is_text ? " (starts with '" + std::string(start) + "')"
                              : std::string(", nor of another known kind")) +
                     "; convert it to one of these");
}

}  // namespace

Image decode_picture(std::string_view bytes) {
  const Format* const format = format_of(bytes);
  if (format == nullptr) throw_foreign(bytes);
  return format->decode(bytes);
}

ReducedImage decode_reduced(std::string_view bytes, Size2 target) {
  const Format* const format = format_of(bytes);
  if (format != nullptr && format->decode_reduced != nullptr) {
    return format->decode_reduced(bytes, target);
  }
  return not_reduced(decode_picture(bytes));
}

bool looks_like_picture(std::string_view bytes) {
  return format_of(bytes) != nullptr || foreign_format(bytes).is_picture;
}

bool is_gray(const Image& image) {
  if (image.shape.channels != 3) return image.shape.channels == 1;
  const auto area = static_cast<std::ptrdiff_t>(image.pixels.size() / 3);
  const auto red = image.pixels.begin();
  return std::equal(red, red + area, red + area) && std::equal(red, red + area, red + 2 * area);
}

}  // namespace cnn
