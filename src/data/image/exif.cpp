#include "data/image/exif.hpp"

#include <cstdint>

#include "data/image/byte_reader.hpp"

namespace cnn {

int exif_orientation(std::string_view tiff) {
  constexpr std::uint32_t kOrientation = 0x112;  // EXIF 2.3, 4.6.4
  const bool little = tiff.starts_with("II");
  try {
    ByteReader header(tiff, "EXIF");
    const auto u16 = [little](ByteReader& r) { return little ? r.u16_little() : r.u16_big(); };
    const auto u32 = [little](ByteReader& r) { return little ? r.u32_little() : r.u32_big(); };
    header.take(4);
    ByteReader directory(tiff, "EXIF");
    directory.take(u32(header));
    for (std::uint32_t entries = u16(directory); entries > 0; --entries) {
      ByteReader entry(directory.take(12), "EXIF");
      if (u16(entry) != kOrientation) continue;
      constexpr std::uint32_t kLong = 4;  // some programs write the value with 32 bits
      const bool is_long = u16(entry) == kLong;
      entry.take(4);  // count
      const std::uint32_t value = is_long ? u32(entry) : u16(entry);
      return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
  } catch (const PictureError&) {
    return 1;
  }
  return 1;
}

}  // namespace cnn
