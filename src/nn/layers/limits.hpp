// The bounds of every count, kernel, stride and padding a configuration may name.

#pragma once

namespace cnn {

// Far beyond any real network, and small enough that products of two stay within 32 bits.
inline constexpr int kLargestOption = 1 << 15;
// Values that fc gives: each may be a class, and labels have 16 bits.
inline constexpr int kMostOutputs = 1 << 16;

}  // namespace cnn
