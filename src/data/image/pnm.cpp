#include "data/image/pnm.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "data/image/byte_reader.hpp"
#include "data/image/sample_depth.hpp"

namespace cnn {
namespace {

constexpr std::string_view kFamily = "PNM";
constexpr std::uint32_t kLargestSample = 65535;
// Larger ones are taken for this: ten times it and a digit more is still a number of 32 bits.
constexpr std::uint32_t kLargestNumber = 400'000'000;

[[noreturn]] void throw_broken(const std::string& what) {
  throw PictureError("broken " + std::string(kFamily) + ": " + what + "; save it again");
}

bool is_space(std::uint32_t byte) {
  return std::isspace(static_cast<int>(byte)) != 0;
}

bool is_digit(std::uint32_t byte) {
  return byte >= '0' && byte <= '9';
}

// Passes over the rest of a comment, which runs to the line's end or to the file's.
void skip_comment(ByteReader& reader) {
  while (reader.left() > 0) {
    const std::uint32_t byte = reader.u8();
    if (byte == '\n' || byte == '\r') return;
  }
}

// The first byte after blanks and comments.
std::uint32_t after_blanks(ByteReader& reader) {
  std::uint32_t byte = reader.u8();
  while (is_space(byte) || byte == '#') {
    if (byte == '#') skip_comment(reader);
    byte = reader.u8();
  }
  return byte;
}

// The number that begins with `byte` and the one character after it, which may be the file's end
// where the number may be the last.
std::uint32_t number_from(std::uint32_t byte, ByteReader& reader, bool may_be_last) {
  std::uint32_t number = 0;
  for (; is_digit(byte); byte = reader.u8()) {
    number = std::min(10 * number + (byte - '0'), kLargestNumber);
    if (may_be_last && reader.left() == 0) return number;
  }
  if (!is_space(byte) && byte != '#') throw_broken("a number ends in another character");
  if (byte == '#') skip_comment(reader);
  return number;
}

std::uint32_t header_number(ByteReader& reader) {
  const std::uint32_t byte = after_blanks(reader);
  if (!is_digit(byte)) {
    throw_broken("width, height and largest value were expected after its first two letters");
  }
  return number_from(byte, reader, false);
}

// The samples one after the other, pixel after pixel.
class Samples {
 public:
  Samples(ByteReader reader, int kind, std::uint32_t largest, std::size_t width)
      : reader_(reader), kind_(kind), largest_(largest), width_(width) {}

  std::uint32_t next() {
    const std::uint32_t sample = read();
    if (sample > largest_) {
      throw_broken("a sample of " + std::to_string(sample) + ", its header allows " +
                   std::to_string(largest_));
    }
    // In a bitmap 1 is black.
    return kind_ == 1 || kind_ == 4 ? 1 - sample : sample;
  }

  // Only blanks and comments may be left of the text forms.
  void check_end() {
    while (reader_.left() > 0) {
      const std::uint32_t byte = reader_.u8();
      if (byte == '#') {
        skip_comment(reader_);
      } else if (!is_space(byte)) {
        throw_broken("more follows than its header promises");
      }
    }
  }

 private:
  std::uint32_t read() {
    switch (kind_) {
      case 1:
        return digit() - '0';
      case 2:
      case 3:
        return number_from(digit(), reader_, true);
      case 4:
        return bit();
      default:
        return largest_ > 255 ? reader_.u16_big() : reader_.u8();
    }
  }

  std::uint32_t digit() {
    const std::uint32_t byte = after_blanks(reader_);
    if (!is_digit(byte)) throw_broken("a number was expected");
    return byte;
  }

  // Rows are filled up to whole bytes.
  std::uint32_t bit() {
    if (x_ % 8 == 0) byte_ = reader_.u8();
    const std::uint32_t bit = byte_ >> (7 - x_ % 8) & 1;
    x_ = x_ + 1 == width_ ? 0 : x_ + 1;
    return bit;
  }

  ByteReader reader_;
  int kind_;
  std::uint32_t largest_;
  std::size_t width_;
  std::size_t x_ = 0;
  std::uint32_t byte_ = 0;
};

// The fewest bytes that the pixels take in a file: as text a digit each, and a blank but for bits.
std::size_t promised_bytes(const Shape& shape, int kind, std::uint32_t largest) {
  const std::size_t count = shape.size();
  const auto height = static_cast<std::size_t>(shape.height);
  if (kind == 1) return count;
  if (kind <= 3) return 2 * count - 1;
  if (kind == 4) return (static_cast<std::size_t>(shape.width) + 7) / 8 * height;
  return count * (largest > 255 ? 2 : 1);
}

}  // namespace

bool looks_like_pnm(std::string_view bytes) {
  return bytes.size() >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
         (is_space(static_cast<std::uint8_t>(bytes[2])) || bytes[2] == '#');
}

Image decode_pnm(std::string_view bytes) {
  ByteReader reader(bytes, kFamily);
  const int kind = reader.take(2)[1] - '0';
  const bool bitmap = kind == 1 || kind == 4;
  const bool text = kind <= 3;
  const std::uint32_t width = header_number(reader);
  const std::uint32_t height = header_number(reader);
  const std::uint32_t largest = bitmap ? 1 : header_number(reader);
  check_picture_size(width, height);
  if (largest < 1 || largest > kLargestSample) {
    throw_broken("its largest value is not 1 … 65535");
  }
  Image image;
  image.shape = {kind % 3 == 0 ? 3 : 1, static_cast<int>(height), static_cast<int>(width)};
  const std::size_t promised = promised_bytes(image.shape, kind, largest);
  if (reader.left() < promised) throw truncated_picture(kFamily, bytes.size());
  if (!text && reader.left() > promised) {
    throw_broken("its header promises " + std::to_string(promised) + " bytes of pixels, " +
                 std::to_string(reader.left()) + " follow");
  }
  Samples samples(reader, kind, largest, width);
  const auto channels = static_cast<std::size_t>(image.shape.channels);
  const std::size_t area = image.shape.size() / channels;
  const auto read_all = [&](auto& to) {
    std::uint32_t used = 0;
    for (std::size_t pixel = 0; pixel < area; ++pixel) {
      for (std::size_t channel = 0; channel < channels; ++channel) {
        const std::uint32_t sample = samples.next();
        used = std::max(used, sample);
        to[channel * area + pixel] = static_cast<std::remove_reference_t<decltype(to[0])>>(sample);
      }
    }
    if (text) samples.check_end();
    return used_range(used, largest);
  };
  if (largest <= 255) {
    image.pixels.resize(image.shape.size());
    const std::uint32_t range = read_all(image.pixels);
    if (range == 255) return image;
    for (std::uint8_t& sample : image.pixels) sample = to_byte(sample, range);
    return image;
  }
  std::vector<std::uint16_t> deep(image.shape.size());
  const std::uint32_t range = read_all(deep);
  image.pixels.reserve(deep.size());
  for (const std::uint16_t sample : deep) image.pixels.push_back(to_byte(sample, range));
  return image;
}

}  // namespace cnn
