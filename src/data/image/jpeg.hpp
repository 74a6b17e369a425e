// JPEG files (ITU-T T.81), by libjpeg-turbo.

#pragma once

#include <optional>
#include <string_view>

#include "cnn/image.hpp"
#include "cnn/shape.hpp"

namespace cnn {

inline constexpr std::string_view kJpegSignature{"\xff\xd8\xff", 3};

// Baseline and progressive pictures of 8 bits: grey, YCbCr, RGB; CMYK and YCCK as viewers without
// colour management show them. Upright, as the EXIF data say how the camera was held. Whatever
// libjpeg only warns of is an error if it may have cost pixels: a file cut short, damaged codes,
// lost restart markers. The coded data carry no checksum: a changed byte in them may go unnoticed.
// What follows the end marker (cameras put previews there) is ignored. Throws PictureError.
//
// If the picture will be scaled down to `target`, it may come smaller: halved, quartered or by 8,
// as long as no side of the upright picture is less than twice the target's.
Image decode_jpeg(std::string_view bytes, std::optional<Size2> target = {});

}  // namespace cnn
