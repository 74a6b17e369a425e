#include "formats/safetensors_types.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace cnn {
namespace {

template <typename Stored, typename Convert>
void convert_all(std::span<const std::byte> from, std::span<float> to, const Convert& convert) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, from.data() + i * sizeof stored, sizeof stored);
    to[i] = convert(stored);
  }
}

// 1 bit of sign, 5 of the exponent, 10 of the mantissa.
float from_half(std::uint16_t half) {
  constexpr std::uint32_t kInfinite = 31;
  constexpr std::uint32_t kBias = 127 - 15;  // between the exponents of float and half
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
  const std::uint32_t exponent = half >> 10 & 31;
  const std::uint32_t mantissa = half & 1023;
  if (exponent == 0) {  // subnormal, as no float of these is
    const float value = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -value : value;
  }
  const std::uint32_t wide = exponent == kInfinite ? 255 : exponent + kBias;
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

void from_f16(std::span<const std::byte> from, std::span<float> to) {
  convert_all<std::uint16_t>(from, to, from_half);
}

// The upper half of a float.
void from_bf16(std::span<const std::byte> from, std::span<float> to) {
  convert_all<std::uint16_t>(from, to, [](std::uint16_t upper) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(upper) << 16);
  });
}

void from_f32(std::span<const std::byte> from, std::span<float> to) {
  if (!to.empty()) std::memcpy(to.data(), from.data(), to.size_bytes());
}

void from_f64(std::span<const std::byte> from, std::span<float> to) {
  convert_all<double>(from, to, [](double value) { return static_cast<float>(value); });
}

constexpr std::array<NumberType, 15> kTypes = {{
    {"F32", 4, from_f32},
    {"F16", 2, from_f16},
    {"BF16", 2, from_bf16},
    {"F64", 8, from_f64},
    {"BOOL", 1, nullptr},
    {"U8", 1, nullptr},
    {"I8", 1, nullptr},
    {"F8_E5M2", 1, nullptr},
    {"F8_E4M3", 1, nullptr},
    {"U16", 2, nullptr},
    {"I16", 2, nullptr},
    {"U32", 4, nullptr},
    {"I32", 4, nullptr},
    {"U64", 8, nullptr},
    {"I64", 8, nullptr},
}};

}  // namespace

const NumberType* find_number_type(std::string_view name) {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const NumberType& type) { return type.name == name; });
  return found == kTypes.end() ? nullptr : &*found;
}

}  // namespace cnn
