#include "data/image/bmp.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "data/image/byte_reader.hpp"
#include "data/image/canvas.hpp"

namespace cnn {
namespace {

constexpr std::size_t kFileHeader = 14;
constexpr std::size_t kCoreHeader = 12;  // of OS/2 1.x
constexpr std::size_t kInfoHeader = 40;  // of Windows 3
constexpr std::size_t kOs2Header = 64;   // of OS/2 2.x, or its first 16 bytes and more

enum Compression : std::uint32_t { kPlain, kRuns8, kRuns4, kMasks, kJpeg, kPng, kAlphaMasks };

[[noreturn]] void throw_broken(const std::string& what) {
  throw PictureError("broken BMP: " + what + "; save it again");
}

struct Header {
  std::size_t pixels_at = 0;     // from the start of the file
  std::size_t palette_at = 0;    // likewise
  std::size_t palette_step = 4;  // bytes per colour
  int width = 0;
  int height = 0;
  bool from_the_top = false;
  std::size_t bits = 0;  // per pixel
  std::uint32_t compression = kPlain;
  std::array<std::uint32_t, 4> masks{};  // red, green, blue, alpha; of 16 and 32 bits

  bool has_palette() const { return bits <= 8; }
  // Rows are filled up to 4 bytes.
  std::size_t row_bytes() const { return (static_cast<std::size_t>(width) * bits + 31) / 32 * 4; }
  // The place in the picture of the row that comes i-th in the file.
  int place_of_row(int i) const { return from_the_top ? i : height - 1 - i; }
};

void check_compression(const Header& header, bool os2) {
  const std::uint32_t how = header.compression;
  const std::size_t bits = header.bits;
  if ((os2 && how >= kMasks) || how > kAlphaMasks || how == kJpeg || how == kPng) {
    throw PictureError("a BMP file in a rare way of compression; save it as PNG");
  }
  const bool plain = how == kPlain && (bits == 1 || bits == 4 || bits == 8 || bits == 16 ||
                                       bits == 24 || bits == 32);
  const bool runs = (how == kRuns8 && bits == 8) || (how == kRuns4 && bits == 4);
  const bool masked = (how == kMasks || how == kAlphaMasks) && (bits == 16 || bits == 32);
  if (!plain && !runs && !masked) {
    throw_broken(std::to_string(bits) + " bits per pixel, which do not go with its way of coding");
  }
  if (runs && header.from_the_top) throw_broken("run-length coded from the top down");
}

void read_masks(ByteReader& reader, Header& header, std::size_t header_size) {
  if (header.compression == kPlain) {
    if (header.bits == 16) header.masks = {0x7c00, 0x03e0, 0x001f, 0};
    // The fourth byte fills up: Windows, browsers and Pillow show such a picture opaque.
    if (header.bits == 32) header.masks = {0xff0000, 0xff00, 0xff, 0};
    return;
  }
  if (header.compression != kMasks && header.compression != kAlphaMasks) return;
  // In the header, from its 41st byte on, or behind it.
  const bool alpha = header_size >= kInfoHeader + 16 || header.compression == kAlphaMasks;
  for (std::size_t c = 0; c < (alpha ? 4U : 3U); ++c) header.masks[c] = reader.u32_little();
  if (header_size == kInfoHeader) header.palette_at += alpha ? 16 : 12;
  for (const std::uint32_t mask : header.masks) {
    if (mask != 0 && !std::has_single_bit((std::uint64_t{mask} >> std::countr_zero(mask)) + 1)) {
      throw_broken("a mask of bits that do not follow each other");
    }
  }
}

Header read_header(std::string_view bytes) {
  ByteReader reader(bytes, "BMP");
  Header header;
  reader.take(10);
  header.pixels_at = reader.u32_little();
  const std::size_t size = reader.u32_little();
  const bool core = size == kCoreHeader;
  const bool windows =
      size == kInfoHeader || size == 52 || size == 56 || size == 108 || size == 124;
  const bool os2 = !core && !windows;
  if (size < kCoreHeader || (os2 && (size < 16 || size > kOs2Header))) {
    throw_broken("a header of a size that BMP does not have");
  }
  header.palette_at = kFileHeader + size;
  std::int64_t width = 0;
  std::int64_t height = 0;
  if (core) {
    header.palette_step = 3;
    width = reader.u16_little();
    height = reader.u16_little();
  } else {
    width = static_cast<std::int32_t>(reader.u32_little());
    height = static_cast<std::int32_t>(reader.u32_little());
  }
  header.from_the_top = height < 0;
  height = std::abs(height);
  check_picture_size(width, height);
  header.width = static_cast<int>(width);
  header.height = static_cast<int>(height);
  reader.take(2);  // planes
  header.bits = reader.u16_little();
  if (size >= 20) header.compression = reader.u32_little();
  check_compression(header, os2);
  if (size >= kInfoHeader) reader.take(kFileHeader + kInfoHeader - reader.position());
  read_masks(reader, header, size);
  if (header.pixels_at < header.palette_at) {
    throw_broken("its pixels would begin inside its header");
  }
  return header;
}

struct Colour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

std::vector<Colour> read_palette(std::string_view bytes, const Header& header) {
  ByteReader reader(bytes, "BMP");
  reader.take(header.palette_at);
  const std::size_t room = (header.pixels_at - header.palette_at) / header.palette_step;
  std::vector<Colour> palette(std::min(room, std::size_t{1} << header.bits));
  for (Colour& colour : palette) {
    const std::string_view entry = reader.take(header.palette_step);
    colour = {static_cast<std::uint8_t>(entry[2]), static_cast<std::uint8_t>(entry[1]),
              static_cast<std::uint8_t>(entry[0])};
  }
  return palette;
}

// A row of indices through the palette. One beyond it is black, as viewers show it.
void put_indices(Canvas<std::uint8_t>& canvas, int y, const std::vector<std::uint8_t>& indices,
                 const std::vector<Colour>& palette, std::vector<std::uint8_t>& row) {
  row.clear();
  for (const std::uint8_t index : indices) {
    const Colour colour = index < palette.size() ? palette[index] : Colour{};
    row.insert(row.end(), {colour.red, colour.green, colour.blue});
  }
  canvas.put_row(y, row.data());
}

// Rows of indices of 1, 4 or 8 bits, most significant first.
void read_indices(std::string_view pixels, const Header& header, const std::vector<Colour>& palette,
                  Canvas<std::uint8_t>& canvas) {
  const std::size_t mask = (std::size_t{1} << header.bits) - 1;
  std::vector<std::uint8_t> indices(static_cast<std::size_t>(header.width));
  std::vector<std::uint8_t> row;
  for (int i = 0; i < header.height; ++i) {
    const std::string_view packed =
        pixels.substr(static_cast<std::size_t>(i) * header.row_bytes(), header.row_bytes());
    for (std::size_t x = 0; x < indices.size(); ++x) {
      const std::size_t bit = x * header.bits;
      const auto byte = static_cast<std::uint8_t>(packed[bit / 8]);
      indices[x] = static_cast<std::uint8_t>(byte >> (8 - header.bits - bit % 8) & mask);
    }
    put_indices(canvas, header.place_of_row(i), indices, palette, row);
  }
}

// Runs of one index (8 bits) or of two in turn (4 bits), indices as they are, and moves; what is
// passed over has index 0. As in viewers, what leads out of the picture is cut off, and behind the
// last pixel the end mark may be missing.
class RunReader {
 public:
  RunReader(std::string_view bytes, const Header& header)
      : header_(header),
        reader_(bytes, "BMP"),
        rows_(static_cast<std::size_t>(header.height),
              std::vector<std::uint8_t>(static_cast<std::size_t>(header.width))) {
    reader_.take(header.pixels_at);
  }

  // From the bottom up.
  const std::vector<std::vector<std::uint8_t>>& read() {
    while (reader_.left() > 0 || !is_full()) {
      const std::uint32_t count = reader_.u8();
      const std::uint32_t value = reader_.u8();
      if (count > 0) {
        for (std::uint32_t i = 0; i < count; ++i) put(part(value, i));
      } else if (value == 0) {
        x_ = 0;
        ++y_;
      } else if (value == 1) {
        return rows_;
      } else if (value == 2) {
        x_ += reader_.u8();
        y_ += reader_.u8();
      } else {
        read_plain(value);
      }
    }
    return rows_;
  }

 private:
  bool is_full() const {
    return y_ >= rows_.size() || (y_ + 1 == rows_.size() && x_ >= rows_[y_].size());
  }

  // Of a byte that holds one index or two, the i-th, over and over.
  std::uint32_t part(std::uint32_t byte, std::uint32_t i) const {
    if (header_.bits == 8) return byte;
    return i % 2 == 0 ? byte >> 4 : byte & 15;
  }

  void read_plain(std::uint32_t count) {
    const std::size_t bytes = (count * header_.bits + 7) / 8;
    const std::string_view packed = reader_.take((bytes + 1) / 2 * 2);
    for (std::uint32_t i = 0; i < count; ++i) {
      put(part(static_cast<std::uint8_t>(packed[i * header_.bits / 8]), i));
    }
  }

  void put(std::uint32_t index) {
    if (y_ < rows_.size() && x_ < rows_[y_].size()) {
      rows_[y_][x_] = static_cast<std::uint8_t>(index);
    }
    ++x_;
  }

  const Header& header_;
  ByteReader reader_;
  std::vector<std::vector<std::uint8_t>> rows_;
  std::size_t x_ = 0;
  std::size_t y_ = 0;
};

std::uint8_t masked(std::uint32_t pixel, std::uint32_t mask) {
  if (mask == 0) return 0;
  const int shift = std::countr_zero(mask);
  const std::uint64_t most = mask >> shift;
  const std::uint64_t value = (pixel & mask) >> shift;
  return static_cast<std::uint8_t>((value * 255 + most / 2) / most);
}

std::uint32_t pixel_at(std::string_view row, std::size_t x, std::size_t bytes) {
  std::uint32_t pixel = 0;
  for (std::size_t i = bytes; i > 0; --i) {
    pixel = pixel << 8 | static_cast<std::uint8_t>(row[x * bytes + i - 1]);
  }
  return pixel;
}

// Alpha that is 0 everywhere was not meant.
bool has_alpha(std::string_view pixels, const Header& header) {
  const std::uint32_t mask = header.masks[3];
  if (mask == 0) return false;
  for (std::size_t i = 0; i < static_cast<std::size_t>(header.height); ++i) {
    const std::string_view row = pixels.substr(i * header.row_bytes(), header.row_bytes());
    for (std::size_t x = 0; x < static_cast<std::size_t>(header.width); ++x) {
      if ((pixel_at(row, x, header.bits / 8) & mask) != 0) return true;
    }
  }
  return false;
}

Image read_masked(std::string_view pixels, const Header& header, Stored stored) {
  stored.alpha = has_alpha(pixels, header);
  Canvas<std::uint8_t> canvas(stored);
  std::vector<std::uint8_t> row;
  for (int i = 0; i < header.height; ++i) {
    row.clear();
    const std::string_view packed =
        pixels.substr(static_cast<std::size_t>(i) * header.row_bytes(), header.row_bytes());
    for (std::size_t x = 0; x < static_cast<std::size_t>(header.width); ++x) {
      const std::uint32_t pixel = pixel_at(packed, x, header.bits / 8);
      for (std::size_t s = 0; s < stored.samples(); ++s) {
        row.push_back(masked(pixel, header.masks[s]));
      }
    }
    canvas.put_row(header.place_of_row(i), row.data());
  }
  return std::move(canvas).finish();
}

}  // namespace

Image decode_bmp(std::string_view bytes) {
  Header header = read_header(bytes);
  Stored stored;
  stored.width = header.width;
  stored.height = header.height;
  const bool runs = header.compression == kRuns8 || header.compression == kRuns4;
  if (runs) {
    check_bytes_for(stored.width, stored.height, bytes.size());
    const std::vector<Colour> palette = read_palette(bytes, header);
    RunReader reader(bytes, header);
    const auto& rows = reader.read();
    Canvas<std::uint8_t> canvas(stored);
    std::vector<std::uint8_t> row;
    for (int i = 0; i < header.height; ++i) {
      put_indices(canvas, header.place_of_row(i), rows[static_cast<std::size_t>(i)], palette, row);
    }
    return std::move(canvas).finish();
  }
  ByteReader reader(bytes, "BMP");
  reader.take(header.pixels_at);
  const std::string_view pixels =
      reader.take(header.row_bytes() * static_cast<std::size_t>(header.height));
  if (header.has_palette()) {
    Canvas<std::uint8_t> canvas(stored);
    read_indices(pixels, header, read_palette(bytes, header), canvas);
    return std::move(canvas).finish();
  }
  if (header.bits == 24) header.masks = {0xff0000, 0xff00, 0xff, 0};
  return read_masked(pixels, header, stored);
}

}  // namespace cnn
