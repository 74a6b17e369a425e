// GIF files, by giflib.

#pragma once

#include <string_view>

#include "cnn/image.hpp"

namespace cnn {

inline constexpr std::string_view kGifSignature = "GIF8";

// The first picture, on the canvas that the file names; what it leaves out is transparent. The
// pictures after it are only walked through to the file's end. Throws PictureError.
Image decode_gif(std::string_view bytes);

}  // namespace cnn
