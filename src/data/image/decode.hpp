// A picture's bytes to its pixels, whatever format it has.

#pragma once

#include <cstddef>
#include <string_view>

#include "cnn/image.hpp"
#include "cnn/shape.hpp"

#include "data/image/reduced_image.hpp"

namespace cnn {

// Larger files are not read.
inline constexpr std::size_t kMostPictureBytes = std::size_t{64} << 20;

// The pixels of a PNG, JPEG, WebP, GIF (its first frame), BMP or PNM, upright; see read_image. The
// format is told by the first bytes. May be called by any number of threads. Throws PictureError.
Image decode_picture(std::string_view bytes);

// The same for `fitted`, which will scale it down to `target`: a large JPEG comes reduced.
ReducedImage decode_reduced(std::string_view bytes, Size2 target);

// Do the first bytes say that this is a picture, be it of a format that is not read (HEIC, TIFF …)?
bool looks_like_picture(std::string_view bytes);

// Does every pixel have R = G = B? So has each picture of one channel.
bool is_gray(const Image& image);

}  // namespace cnn
