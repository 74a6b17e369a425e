// WebP files, by libwebp.

#pragma once

#include <cstdint>
#include <string_view>

#include "cnn/image.hpp"

namespace cnn {

bool looks_like_webp(std::string_view bytes);

// Width times height as the file's header says; 0 if it says nothing.
std::int64_t webp_pixels(std::string_view bytes);

// Lossy and lossless pictures, with and without alpha; the first picture of an animation. Throws
// PictureError.
Image decode_webp(std::string_view bytes);

}  // namespace cnn
