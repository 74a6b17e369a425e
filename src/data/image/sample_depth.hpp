// From samples of up to 16 bits to bytes.

#pragma once

#include <cstdint>

namespace cnn {

// What stands for white in a file whose samples may reach `allowed` and do reach `largest`: cameras
// and scanners put 12 bits (or 8, or 10) into files of 16, which would be all but black.
constexpr std::uint32_t used_range(std::uint32_t largest, std::uint32_t allowed) {
  if (allowed != 65535 || largest == 0) return allowed;
  for (const std::uint32_t range : {255U, 1023U, 4095U}) {
    if (largest <= range) return range;
  }
  return allowed;
}

// To nearest. Requires sample <= range.
constexpr std::uint8_t to_byte(std::uint32_t sample, std::uint32_t range) {
  return static_cast<std::uint8_t>((sample * 255 + range / 2) / range);
}

}  // namespace cnn
