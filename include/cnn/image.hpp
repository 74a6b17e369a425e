// Pictures from PNG, JPEG, WebP, GIF, BMP and PNM files. How they are made into what a network was
// trained on is the matter of prepare_image.hpp.

#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "cnn/export.hpp"
#include "cnn/shape.hpp"

namespace cnn {

// 1 channel (grey) or 3 (red, green, blue), stored one after the other as everywhere in the
// library.
struct Image {
  Shape shape;
  std::vector<std::uint8_t> pixels;  // (C, H, W)
};

// A rectangle of pixels, x to the right and y down from the picture's upper left corner.
struct Box {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;

  bool operator==(const Box&) const = default;
};

// Reads a picture; the format is told by the content, not by the name. Throws FileError: not there,
// not one of the six formats (says which one it is, if it is known), broken, or larger than 32768
// pixels on a side, 110 million pixels in all or a file of 64 MiB. Takes 1.4 GB of memory at most,
// for most pictures 3 bytes per pixel. 16-bit and palette pictures are reduced to 8 bits, 16-bit
// ones that use 8, 10 or 12 bits alone by that range. Transparency is laid over white, or over
// black if all that can be seen is light. Of an animation the first picture is read. A picture is
// turned upright if its EXIF data say how the camera was held. A truncated file is always an error;
// bytes after the end of a PNG, JPEG, WebP, GIF or BMP are ignored.
CNN_EXPORT Image read_image(const std::filesystem::path& path);

// Writes a PNG. Requires 1 or 3 channels. Throws FileError.
CNN_EXPORT void write_png(const std::filesystem::path& path, const Image& image);

}  // namespace cnn
