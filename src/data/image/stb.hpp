// The only user of stb: decoding and encoding. The decoder is not made for hostile files; what it
// is given has passed check_png, check_jpeg or check_bmp.

#pragma once

#include <string>
#include <string_view>

#include "cnn/image.hpp"

namespace cnn {

// Decodes a PNG, JPEG or BMP. Throws PictureError with the decoder's reason.
Image decode_with_stb(std::string_view bytes);

// Requires 1 or 3 channels.
std::string encode_png(const Image& image);

}  // namespace cnn
