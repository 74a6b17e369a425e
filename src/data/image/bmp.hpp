// Windows bitmaps (BITMAPINFOHEADER and its successors), as far as they must be checked before they
// are decoded.

#pragma once

#include <string_view>

namespace cnn {

// Checks that all promised pixels are there and that no pixel names a colour beyond the palette.
// Throws PictureError.
void check_bmp(std::string_view bytes);

}  // namespace cnn
