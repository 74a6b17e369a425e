#include "data/image/bmp.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "data/image/byte_reader.hpp"

namespace cnn {
namespace {

constexpr std::size_t kFileHeader = 14;

struct Header {
  std::size_t pixels_at = 0;    // from the start of the file
  std::size_t header_size = 0;  // without the file header
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::size_t bits = 0;  // a pixel

  // Rows are filled up to 4 bytes.
  std::size_t row_bytes() const { return (static_cast<std::size_t>(width) * bits + 31) / 32 * 4; }
};

Header read_header(ByteReader& reader) {
  constexpr std::size_t kInfoHeader = 40;
  Header header;
  reader.take(10);
  header.pixels_at = reader.u32_little();
  header.header_size = reader.u32_little();
  if (header.header_size < kInfoHeader) {
    throw PictureError("a BMP file of a kind older than Windows 3; save it as PNG");
  }
  header.width = static_cast<std::int32_t>(reader.u32_little());
  header.height = std::abs(std::int64_t{static_cast<std::int32_t>(reader.u32_little())});
  check_picture_size(header.width, header.height);
  reader.take(2);  // planes
  header.bits = reader.u16_little();
  const std::uint32_t compression = reader.u32_little();
  if (compression != 0 && compression != 3) {
    throw PictureError("a compressed BMP file; save it as PNG");
  }
  return header;
}

// `pixels` holds rows of indices of 1, 4 or 8 bits, most significant first.
void check_indices(std::string_view pixels, const Header& header, std::size_t colours) {
  const std::size_t mask = (std::size_t{1} << header.bits) - 1;
  for (std::size_t start = 0; start < pixels.size(); start += header.row_bytes()) {
    for (std::size_t bit = 0; bit < static_cast<std::size_t>(header.width) * header.bits;
         bit += header.bits) {
      const auto byte = static_cast<std::uint8_t>(pixels[start + bit / 8]);
      const std::size_t index =
          static_cast<std::size_t>(byte) >> (8 - header.bits - bit % 8) & mask;
      if (index >= colours) {
        throw PictureError("broken BMP: a pixel has colour " + std::to_string(index) +
                           " of a palette of " + std::to_string(colours) + "; save it again");
      }
    }
  }
}

}  // namespace

void check_bmp(std::string_view bytes) {
  ByteReader reader(bytes, "BMP");
  const Header header = read_header(reader);
  const std::size_t headers_end = kFileHeader + header.header_size;
  if (header.pixels_at < headers_end) {
    throw PictureError("broken BMP: its pixels would begin inside its header; save it again");
  }
  reader.take(header.pixels_at - reader.position());
  const std::string_view pixels =
      reader.take(header.row_bytes() * static_cast<std::size_t>(header.height));
  if (header.bits == 1 || header.bits == 4 || header.bits == 8) {
    check_indices(pixels, header, (header.pixels_at - headers_end) / 4);
  }
}

}  // namespace cnn
