// The types of numbers that a safetensors file may hold, and how they become floats.

#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace cnn {

// Assigns `to`, one float per number of `from`, whose bytes need not be aligned. F32, F16 and BF16
// exactly; F64 to the nearest float (halfway to the even one, infinite beyond the largest).
using ToFloats = void (*)(std::span<const std::byte> from, std::span<float> to);

struct NumberType {
  std::string_view name;  // in the header
  std::size_t bytes;      // of one number
  ToFloats to_floats;     // nullptr if they are none that the library reads
};

// nullptr for a type that the format did not have when this was written.
const NumberType* find_number_type(std::string_view name);

}  // namespace cnn
