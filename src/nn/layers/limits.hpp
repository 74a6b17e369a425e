// The bound of every count, kernel, stride and padding a configuration may name.

#pragma once

namespace cnn {

// Far beyond any real network, and small enough that products of two stay within 32 bits.
inline constexpr int kLargestOption = 1 << 15;

}  // namespace cnn
