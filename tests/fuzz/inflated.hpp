// Decompression that knows nothing of the library's.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cnn::fuzz {

enum class Wrapping { gzip, zlib };

// What `bytes` hold: one or more gzip members, or one zlib stream, and nothing else. Nothing if
// they are broken or hold more than `most` bytes.
std::optional<std::string> inflated(std::string_view bytes, Wrapping wrapping, std::size_t most);

}  // namespace cnn::fuzz
