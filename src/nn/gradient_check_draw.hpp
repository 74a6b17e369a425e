// Numbers that the gradient checker draws: pure functions of (key, index).

#pragma once

#include <cstddef>
#include <cstdint>

#include "base/random.hpp"

namespace cnn {

// On [0, 1).
inline double draw_uniform(std::uint64_t key, std::size_t index) {
  return static_cast<double>(mix(key, index) >> 11) * 0x1p-53;
}

// 1 or −1.
inline double draw_sign(std::uint64_t key, std::size_t index) {
  return mix(key, index) % 2 == 0 ? 1 : -1;
}

}  // namespace cnn
