// The largest image: of a data set, a model's input or a picture alike, so that a network can be
// shown whatever it can be trained on.

#pragma once

#include <cstdint>

namespace cnn {

inline constexpr int kMostPixelsASide = 32768;
// What telephones' cameras take (12032x9024), and a little more. Memory for decoding a picture
// follows from it.
inline constexpr std::int64_t kMostPixels = 110'000'000;

}  // namespace cnn
