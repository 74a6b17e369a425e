#include "formats/npy.hpp"

#include <array>
#include <bit>
#include <cassert>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>

namespace cnn {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they stand");

// Magic, version, length of the description (2 bytes), description; filled with blanks up to a
// multiple of 64 bytes, which ends in a line end.
std::string header(std::span<const std::size_t> dims) {
  constexpr std::string_view kMagic("\x93NUMPY\x01\x00", 8);
  constexpr std::size_t kAlignment = 64;
  std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (const std::size_t extent : dims) text += std::to_string(extent) + ", ";
  text += "), }";
  constexpr std::size_t kBefore = kMagic.size() + 2;
  while ((kBefore + text.size() + 1) % kAlignment != 0) text += ' ';
  text += '\n';
  const std::array<char, 2> length = {static_cast<char>(text.size() & 0xFF),
                                      static_cast<char>(text.size() >> 8)};
  return std::string(kMagic) + std::string(length.data(), length.size()) + text;
}

}  // namespace

void write_npy(const FilePlace& place, std::span<const std::size_t> dims,
               std::span<const float> data) {
  assert(std::accumulate(dims.begin(), dims.end(), std::size_t{1}, std::multiplies<>()) ==
         data.size());
  const std::string start = header(dims);
  const std::array parts = {std::as_bytes(std::span(start)), std::as_bytes(data)};
  write_file(place, parts);
}

}  // namespace cnn
