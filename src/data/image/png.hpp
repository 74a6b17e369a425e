// PNG files (W3C Recommendation, second edition), as far as they must be checked before they are
// decoded.

#pragma once

#include <string>
#include <string_view>

namespace cnn {

inline constexpr std::string_view kPngSignature{"\x89PNG\r\n\x1a\n", 8};

// Walks all chunks with their checksums to the end, and decompresses the pixel data once, piece by
// piece, to see that they are whole and as many as the header promises; that also bounds what the
// decoder will need. Returns the same picture stripped to what decides its pixels, its palette
// filled up with black to 256 colours, so that no index leads out of it. Throws PictureError.
std::string check_png(std::string_view bytes);

}  // namespace cnn
