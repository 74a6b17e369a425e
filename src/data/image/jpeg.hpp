// JPEG files (ITU-T T.81), as far as they must be checked before they are decoded.

#pragma once

#include <string_view>

namespace cnn {

inline constexpr std::string_view kJpegSignature{"\xff\xd8\xff", 3};

// Walks all segments to the end marker and checks what the decoder takes on trust: the sizes of the
// Huffman tables, that tables are defined before they are used, that every component is coded, that
// the scans are not so many that decoding takes minutes. The coded data themselves carry no
// checksum: a changed byte in them may go unnoticed. What follows the end marker (cameras put
// previews there) is ignored. Returns how the camera was held, as EXIF's orientation 1 … 8; 1,
// upright, if the file does not say. Throws PictureError.
int check_jpeg(std::string_view bytes);

}  // namespace cnn
