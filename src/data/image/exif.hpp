// EXIF data (EXIF 2.3, a TIFF structure), as far as they say how the camera was held.

#pragma once

#include <string_view>

namespace cnn {

// The orientation, 1 … 8; 1, upright, if they do not say or cannot be read: they are data about the
// picture, not the picture. `tiff` begins with the byte order.
int exif_orientation(std::string_view tiff);

}  // namespace cnn
