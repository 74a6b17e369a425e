// PGM and PPM, the binary forms (P5, P6) of netpbm's portable anymaps.

#pragma once

#include <string_view>

#include "cnn/image.hpp"

namespace cnn {

// The whole of "P5", "P6" and their unsupported relatives (P1 … P7) begins so.
bool looks_like_pnm(std::string_view bytes);

// Samples of 1 … 16 bits are brought to 0 … 255, rounded to nearest. Throws PictureError: the text
// forms, bitmaps (PBM), PAM, fewer or more bytes than the header promises, a sample above the
// header's largest value.
Image decode_pnm(std::string_view bytes);

}  // namespace cnn
