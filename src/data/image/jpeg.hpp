// JPEG files (ITU-T T.81), by libjpeg-turbo.

#pragma once

#include <string_view>

#include "cnn/image.hpp"
#include "cnn/shape.hpp"

#include "data/image/reduced_image.hpp"

namespace cnn {

inline constexpr std::string_view kJpegSignature{"\xff\xd8\xff", 3};

// Baseline and progressive pictures of 8 bits: grey, YCbCr, RGB; CMYK and YCCK as viewers without
// colour management show them. Upright, as the EXIF data say how the camera was held. Whatever
// libjpeg only warns of is an error if it may have cost pixels: a file cut short, damaged codes,
// lost restart markers. The coded data carry no checksum: a changed byte in them may go unnoticed.
// What follows the end marker (cameras put previews there) is ignored. Throws PictureError.
Image decode_jpeg(std::string_view bytes);

// For a picture that will be scaled down to `target` it may be decoded at a half, a quarter or an
// 8th of its scale, which is faster, as long as no side of the upright picture is less than three
// times the target's. Scaled down, levels of photographs differ from those by the full scale by 8
// at most, by less than 1 in the mean (tests/pillow); those of fine lines differ by more.
ReducedImage decode_jpeg_reduced(std::string_view bytes, Size2 target);

}  // namespace cnn
