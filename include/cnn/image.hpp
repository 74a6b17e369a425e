// Pictures from PNG, JPEG, BMP and PGM/PPM files. How they are made into what a network was trained
// on is the matter of prepare_image.hpp.

#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "cnn/shape.hpp"

namespace cnn {

// 1 channel (grey) or 3 (red, green, blue), stored one after the other as everywhere in the
// library.
struct Image {
  Shape shape;
  std::vector<std::uint8_t> pixels;  // (C, H, W)
};

// Reads a picture; the format is told by the content, not by the name. Throws FileError: not there,
// not one of the four formats (says how the file starts), broken, or larger than 4096 x 4096 pixels
// or 64 MiB. 16-bit and palette pictures are reduced to 8 bits; transparency is laid over white; a
// JPEG is turned upright if its EXIF data say how the camera was held. A truncated file is always
// an error; bytes after the end of a PNG, JPEG or BMP are ignored.
Image read_image(const std::filesystem::path& path);

// Writes a PNG. Requires 1 or 3 channels. Throws FileError.
void write_png(const std::filesystem::path& path, const Image& image);

}  // namespace cnn
