#include "data/picture_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "data/image/bmp.hpp"
#include "data/image/byte_reader.hpp"
#include "data/image/decode.hpp"
#include "data/image/gif.hpp"
#include "data/image/jpeg.hpp"
#include "data/image/png.hpp"
#include "data/image/pnm.hpp"
#include "data/image/webp.hpp"

namespace cnn {
namespace {

// How many times its samples a picture takes while it is decoded; preparing it takes less.
constexpr std::int64_t kCopies = 5;
// More are not decoded: four of 16 bits per pixel.
constexpr std::int64_t kMostSampleBytes = 8 * kMostPixels;
constexpr std::int64_t kWithAlpha = 4;

// Each of these gives the bytes of a picture's samples, as its header says. Throws PictureError if
// the file ends within it.

std::int64_t png_samples(ByteReader& reader) {
  reader.take(kPngSignature.size() + 8);  // and the length and name of the first chunk
  const std::int64_t width = reader.u32_big(), height = reader.u32_big();
  const int bytes = reader.u8() == 16 ? 2 : 1;
  switch (reader.u8()) {  // the type of its colours
    case 0:
      return width * height * bytes;
    case 2:
      return width * height * bytes * 3;
    default:
      return width * height * bytes * kWithAlpha;
  }
}

std::int64_t jpeg_samples(ByteReader& reader) {
  reader.take(2);
  for (;;) {
    std::uint32_t marker = reader.u8();
    while (marker == 0xff) marker = reader.u8();
    const std::uint32_t length = reader.u16_big();
    // SOF0 to SOF15, among which stand DHT, JPG and DAC.
    const bool is_frame =
        marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (is_frame) {
      reader.take(1);
      const std::int64_t height = reader.u16_big(), width = reader.u16_big();
      return width * height * std::max<std::int64_t>(reader.u8(), 3);
    }
    if (length < 2) return 0;
    reader.take(length - 2);
    if (reader.u8() != 0xff) return 0;
  }
}

std::int64_t gif_samples(ByteReader& reader) {
  reader.take(6);
  const std::int64_t width = reader.u16_little(), height = reader.u16_little();
  return width * height * kWithAlpha;
}

std::int64_t bmp_samples(ByteReader& reader) {
  reader.take(14);
  constexpr std::uint32_t kOldHeader = 12;  // whose extents have 16 bits
  const bool is_old = reader.u32_little() == kOldHeader;
  const std::int64_t width =
      is_old ? std::int64_t{reader.u16_little()} : static_cast<std::int32_t>(reader.u32_little());
  const std::int64_t height =
      is_old ? std::int64_t{reader.u16_little()} : static_cast<std::int32_t>(reader.u32_little());
  return width * std::max(height, -height) * kWithAlpha;
}

std::int64_t samples_of(std::string_view bytes) {
  ByteReader reader(bytes, "picture");
  if (bytes.starts_with(kPngSignature)) return png_samples(reader);
  if (bytes.starts_with(kJpegSignature)) return jpeg_samples(reader);
  if (bytes.starts_with(kGifSignature)) return gif_samples(reader);
  if (bytes.starts_with(kBmpSignature)) return bmp_samples(reader);
  if (looks_like_webp(bytes)) return webp_pixels(bytes) * kWithAlpha;
  if (!looks_like_pnm(bytes)) return 0;
  // It is not compressed: a sample takes a byte, or a bit where there are only two levels.
  const auto size = static_cast<std::int64_t>(bytes.size());
  return bytes.starts_with("P4") ? 8 * size : size;
}

}  // namespace

std::size_t picture_bytes(const std::filesystem::path& path) {
  try {
    const std::string bytes = read_file(path, kMostPictureBytes);
    const std::int64_t samples = std::clamp<std::int64_t>(samples_of(bytes), 0, kMostSampleBytes);
    return bytes.size() + static_cast<std::size_t>(kCopies * samples);
  } catch (const FileError&) {
    return 0;
  } catch (const PictureError&) {
    return 0;
  }
}

}  // namespace cnn
