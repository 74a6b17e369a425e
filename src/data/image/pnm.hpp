// PBM, PGM and PPM: netpbm's portable anymaps, P1 to P6.

#pragma once

#include <string_view>

#include "cnn/image.hpp"

namespace cnn {

// Begins as "P1" … "P6" do.
bool looks_like_pnm(std::string_view bytes);

// As text (P1, P2, P3) or binary (P4, P5, P6). Samples of 1 … 16 bits are brought to 0 … 255,
// rounded to nearest. Throws PictureError: fewer or more pixels than the header promises, a sample
// above the header's largest value.
Image decode_pnm(std::string_view bytes);

}  // namespace cnn
