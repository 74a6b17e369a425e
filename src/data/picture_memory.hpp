// What reading a picture takes, told before it is decoded.

#pragma once

#include <cstddef>
#include <filesystem>

namespace cnn {

// Bytes of memory that read_image and prepare_image take at most, as far as the file's header
// tells. 0 for a file that cannot be read or is no picture: it costs a message.
std::size_t picture_bytes(const std::filesystem::path& path);

}  // namespace cnn
