// PNG files, by libpng.

#pragma once

#include <string>
#include <string_view>

#include "cnn/image.hpp"

namespace cnn {

inline constexpr std::string_view kPngSignature{"\x89PNG\r\n\x1a\n", 8};

// All kinds of PNG; of an animation what viewers without animation show. Checks all checksums to
// the end chunk, and that there are exactly as many pixels as the header promises; what follows is
// ignored. Throws PictureError.
Image decode_png(std::string_view bytes);

// Requires 1 or 3 channels.
std::string encode_png(const Image& image);

}  // namespace cnn
