#include "data/image/byte_reader.hpp"

#include <string>

namespace cnn {

void check_picture_size(std::int64_t width, std::int64_t height) {
  const std::string found = std::to_string(width) + "x" + std::to_string(height) + " pixels";
  if (width < 1 || height < 1) {
    throw PictureError("the picture has " + found + "; save it again");
  }
  if (width > kMostPixelsASide || height > kMostPixelsASide) {
    const std::string most = std::to_string(kMostPixelsASide);
    throw PictureError("the picture has " + found + ", more than " + most + "x" + most +
                       "; make it smaller");
  }
  if (width * height > kMostPixels) {
    throw PictureError("the picture has " + found + ", more than " +
                       std::to_string(kMostPixels / 1'000'000) + " million; make it smaller");
  }
}

void check_bytes_for(std::int64_t width, std::int64_t height, std::size_t bytes) {
  constexpr std::int64_t kAlways = 32'000'000;
  constexpr std::int64_t kFromAByte = 4096;
  const std::int64_t pixels = width * height;
  if (pixels <= kAlways || pixels / kFromAByte <= static_cast<std::int64_t>(bytes)) return;
  throw PictureError("the picture has " + std::to_string(width) + "x" + std::to_string(height) +
                     " pixels in " + std::to_string(bytes) +
                     " bytes, more than a picture with something on it; make it smaller");
}

PictureError truncated_picture(std::string_view format, std::size_t size) {
  return PictureError("truncated " + std::string(format) + ": the file ends after " +
                      std::to_string(size) +
                      " bytes, before the picture does; copy or download it again");
}

std::string_view ByteReader::take(std::size_t count) {
  if (count > left()) throw truncated_picture(format_, bytes_.size());
  const std::string_view taken = bytes_.substr(position_, count);
  position_ += count;
  return taken;
}

std::uint32_t ByteReader::big_endian(std::size_t count) {
  std::uint32_t value = 0;
  for (const char byte : take(count)) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

std::uint32_t ByteReader::little_endian(std::size_t count) {
  std::uint32_t value = 0;
  std::uint32_t shift = 0;
  for (const char byte : take(count)) {
    value |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(byte)) << shift;
    shift += 8;
  }
  return value;
}

}  // namespace cnn
