#include "data/image/pnm.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string>
#include <vector>

#include "data/image/byte_reader.hpp"
#include "data/image/sample_depth.hpp"

namespace cnn {
namespace {

constexpr std::uint32_t kLargestSample = 65535;

bool is_space(std::uint32_t byte) {
  return std::isspace(static_cast<int>(byte)) != 0;
}

// Reads a number and the one character after it. Blanks and comments (from # to the line's end) may
// go before.
std::uint32_t next_number(ByteReader& reader) {
  std::uint32_t byte = reader.u8();
  while (is_space(byte) || byte == '#') {
    if (byte == '#') {
      while (byte != '\n' && byte != '\r') byte = reader.u8();
    }
    byte = reader.u8();
  }
  std::uint32_t number = 0;
  bool digits = false;
  for (; byte >= '0' && byte <= '9'; byte = reader.u8()) {
    number = std::min(10 * number + (byte - '0'), kLargestSample + 1);
    digits = true;
  }
  if (!digits || !is_space(byte)) {
    throw PictureError(
        "broken PGM or PPM: width, height and largest value were expected after its first two "
        "letters; save it again");
  }
  return number;
}

}  // namespace

bool looks_like_pnm(std::string_view bytes) {
  return bytes.size() >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' &&
         (is_space(static_cast<std::uint8_t>(bytes[2])) || bytes[2] == '#');
}

Image decode_pnm(std::string_view bytes) {
  ByteReader reader(bytes, "PGM or PPM");
  const std::string magic(reader.take(2));
  if (magic != "P5" && magic != "P6") {
    throw PictureError("of this family only binary PGM and PPM (P5, P6) are read, this is " +
                       magic + "; save it as PNG");
  }
  const std::uint32_t width = next_number(reader);
  const std::uint32_t height = next_number(reader);
  const std::uint32_t largest = next_number(reader);
  check_picture_size(width, height);
  if (largest < 1 || largest > kLargestSample) {
    throw PictureError("broken PGM or PPM: its largest value is not 1 … 65535; save it again");
  }
  Image image;
  image.shape = {magic == "P5" ? 1 : 3, static_cast<int>(height), static_cast<int>(width)};
  const std::size_t sample_bytes = largest > 255 ? 2 : 1;
  const std::size_t promised = image.shape.size() * sample_bytes;
  if (reader.left() > promised) {
    throw PictureError("broken PGM or PPM: its header promises " + std::to_string(promised) +
                       " bytes of pixels, " + std::to_string(reader.left()) +
                       " follow; save it again");
  }
  ByteReader samples(reader.take(promised), "PGM or PPM");
  const auto channels = static_cast<std::size_t>(image.shape.channels);
  const std::size_t area = image.shape.size() / channels;
  std::vector<std::uint16_t> deep(image.shape.size());
  std::uint32_t used = 0;
  for (std::size_t pixel = 0; pixel < area; ++pixel) {
    for (std::size_t channel = 0; channel < channels; ++channel) {
      const std::uint32_t sample = sample_bytes == 2 ? samples.u16_big() : samples.u8();
      if (sample > largest) {
        throw PictureError("broken PGM or PPM: a sample of " + std::to_string(sample) +
                           ", its header allows " + std::to_string(largest) + "; save it again");
      }
      used = std::max(used, sample);
      deep[channel * area + pixel] = static_cast<std::uint16_t>(sample);
    }
  }
  const std::uint32_t range = used_range(used, largest);
  image.pixels.reserve(deep.size());
  for (const std::uint16_t sample : deep) image.pixels.push_back(to_byte(sample, range));
  return image;
}

}  // namespace cnn
