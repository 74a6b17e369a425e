#include "data/picture_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
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
#include "data/image_limits.hpp"

namespace cnn {
namespace {

// How many times its samples a picture takes while it is decoded; preparing it takes less.
constexpr std::int64_t kCopies = 5;
// The most that decoding takes, see read_image.
constexpr std::int64_t kMostDecoding = 1'400'000'000;
constexpr std::int64_t kWithAlpha = 4;

// Pixels of a picture that is small enough to be decoded; 0 for others.
std::int64_t area(std::int64_t width, std::int64_t height) {
  const auto is_side = [](std::int64_t side) { return side >= 1 && side <= kMostPixelsASide; };
  const std::int64_t pixels = is_side(width) && is_side(height) ? width * height : 0;
  return pixels <= kMostPixels ? pixels : 0;
}

// Each of these gives the bytes of a picture's samples, as its header says. Throws PictureError if
// the file ends within it.

std::int64_t png_samples(ByteReader& reader) {
  reader.take(kPngSignature.size() + 8);  // and the length and name of the first chunk
  const std::int64_t width = reader.u32_big(), height = reader.u32_big();
  const int bytes = reader.u8() == 16 ? 2 : 1;
  const std::uint32_t colours = reader.u8();
  return area(width, height) * bytes * (colours == 0 ? 1 : colours == 2 ? 3 : kWithAlpha);
}

std::int64_t jpeg_samples(ByteReader& reader) {
  reader.take(2);
  for (;;) {
    while (reader.u8() != 0xff) continue;  // libjpeg skips what stands between segments, too
    std::uint32_t marker = reader.u8();
    while (marker == 0xff) marker = reader.u8();
    const std::uint32_t length = reader.u16_big();
    // SOF0 to SOF15, among which stand DHT, JPG and DAC.
    const bool is_frame =
        marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (is_frame) {
      reader.take(1);
      const std::int64_t height = reader.u16_big(), width = reader.u16_big();
      return area(width, height) * std::max<std::int64_t>(reader.u8(), 3);
    }
    if (length < 2) return 0;
    reader.take(length - 2);
  }
}

// The canvas is enlarged to its first picture.
std::int64_t gif_samples(ByteReader& reader) {
  reader.take(6);
  std::int64_t width = reader.u16_little(), height = reader.u16_little();
  const auto skip_colours = [&](std::uint32_t flags) {
    constexpr std::uint32_t kThere = 0x80;
    if ((flags & kThere) != 0) reader.take(std::size_t{3} << ((flags & 7) + 1));
  };
  const std::uint32_t flags = reader.u8();
  reader.take(2);
  skip_colours(flags);
  constexpr std::uint32_t kExtension = 0x21, kPicture = 0x2c;
  std::uint32_t block = reader.u8();
  for (; block == kExtension; block = reader.u8()) {
    reader.take(1);
    while (const std::uint32_t bytes = reader.u8()) reader.take(bytes);
  }
  if (block == kPicture) {
    const std::int64_t left = reader.u16_little(), top = reader.u16_little();
    width = std::max(width, left + reader.u16_little());
    height = std::max(height, top + reader.u16_little());
  }
  return area(width, height) * kWithAlpha;
}

std::int64_t bmp_samples(ByteReader& reader) {
  reader.take(14);
  constexpr std::uint32_t kOldHeader = 12;  // whose extents have 16 bits
  const bool is_old = reader.u32_little() == kOldHeader;
  const auto side = [&]() -> std::int64_t {
    return is_old ? std::int64_t{reader.u16_little()}
                  : std::int64_t{static_cast<std::int32_t>(reader.u32_little())};
  };
  const std::int64_t width = side(), height = side();
  return area(width, std::max(height, -height)) * kWithAlpha;
}

// `bytes` are the first ones of a file of `size` bytes.
std::int64_t samples_of(std::string_view bytes, std::uint64_t size) {
  ByteReader reader(bytes, "picture");
  if (bytes.starts_with(kPngSignature)) return png_samples(reader);
  if (bytes.starts_with(kJpegSignature)) return jpeg_samples(reader);
  if (bytes.starts_with(kGifSignature)) return gif_samples(reader);
  if (bytes.starts_with(kBmpSignature)) return bmp_samples(reader);
  if (looks_like_webp(bytes)) return webp_pixels(bytes) * kWithAlpha;
  if (!looks_like_pnm(bytes)) return 0;
  // It is not compressed: a sample takes a byte, or a bit where there are only two levels.
  const auto samples = static_cast<std::int64_t>(size);
  return bytes.starts_with("P4") ? 8 * samples : samples;
}

// A picture says its size at its beginning, as a rule: a JPEG may have large segments before that.
std::int64_t samples_of(InputFile& file) {
  constexpr std::uint64_t kBeginning = std::uint64_t{1} << 14;
  std::string bytes(std::min(file.size(), kBeginning), '\0');
  bytes.resize(file.read(std::as_writable_bytes(std::span(bytes))));
  try {
    return samples_of(bytes, file.size());
  } catch (const PictureError&) {
    const std::size_t begun = bytes.size();
    bytes.resize(file.size());
    file.read(std::as_writable_bytes(std::span(bytes).subspan(begun)));
    return samples_of(bytes, file.size());
  }
}

}  // namespace

std::size_t picture_bytes(const std::filesystem::path& path) {
  try {
    InputFile file(path);
    if (file.size() > kMostPictureBytes) return 0;
    const std::int64_t decoding = std::min(kCopies * samples_of(file), kMostDecoding);
    return file.size() + static_cast<std::size_t>(decoding);
  } catch (const FileError&) {
    return 0;
  } catch (const PictureError&) {
    return 0;
  }
}

}  // namespace cnn
