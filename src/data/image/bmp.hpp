// Bitmaps of Windows and OS/2 (BMP).

#pragma once

#include <string_view>

#include "cnn/image.hpp"

namespace cnn {

inline constexpr std::string_view kBmpSignature = "BM";

// 1, 4, 8, 16, 24 or 32 bits per pixel, with palette, bit masks or alpha, run-length coded or not,
// from the bottom up or from the top down. Throws PictureError: fewer pixels than promised, colours
// beyond the palette, other ways of coding.
Image decode_bmp(std::string_view bytes);

}  // namespace cnn
