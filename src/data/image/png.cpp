#include "data/image/png.hpp"

#include <array>
#include <cstdint>
#include <vector>

#include <zlib.h>

#include "data/image/byte_reader.hpp"

namespace cnn {
namespace {

// Decoding holds them twice.
constexpr std::uint64_t kMostPixelBytes = std::uint64_t{1} << 28;

constexpr std::size_t kPaletteBytes = std::size_t{256} * 3;

struct Chunk {
  std::string_view type;
  std::string_view data;
};

struct Header {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t depth = 0;   // bits per sample
  std::uint32_t colour = 0;  // type: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha
  bool interlaced = false;
};

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

Chunk next_chunk(ByteReader& reader) {
  const std::uint32_t length = reader.u32_big();
  const std::string_view body = reader.take(std::size_t{4} + length);
  const Chunk chunk{body.substr(0, 4), body.substr(4)};
  if (reader.u32_big() != checksum(body)) {
    throw PictureError("broken PNG: a chunk's checksum is wrong; copy or download it again");
  }
  return chunk;
}

int samples_a_pixel(std::uint32_t colour) {
  switch (colour) {
    case 2:
      return 3;
    case 4:
      return 2;
    case 6:
      return 4;
    default:
      return 1;
  }
}

// Table 11.1 of the Recommendation.
bool allowed(std::uint32_t colour, std::uint32_t depth) {
  const bool small = depth == 1 || depth == 2 || depth == 4;
  switch (colour) {
    case 0:
      return small || depth == 8 || depth == 16;
    case 3:
      return small || depth == 8;
    case 2:
    case 4:
    case 6:
      return depth == 8 || depth == 16;
    default:
      return false;
  }
}

Header parse_header(const Chunk& chunk) {
  if (chunk.type != "IHDR" || chunk.data.size() != 13) {
    throw PictureError("broken PNG: it does not begin with its header; save it again");
  }
  ByteReader reader(chunk.data, "PNG");
  Header header;
  header.width = reader.u32_big();
  header.height = reader.u32_big();
  check_picture_size(header.width, header.height);
  header.depth = reader.u8();
  header.colour = reader.u8();
  const bool deflated = reader.u8() == 0;
  const bool filtered = reader.u8() == 0;
  const std::uint32_t interlace = reader.u8();
  if (!allowed(header.colour, header.depth) || !deflated || !filtered || interlace > 1) {
    throw PictureError("broken PNG: its header holds values that PNG does not have; save it again");
  }
  header.interlaced = interlace == 1;
  return header;
}

// Bytes of one pass: rows of packed samples, each after one byte that names its filter.
std::uint64_t pass_bytes(const Header& header, std::uint64_t width, std::uint64_t height) {
  if (width == 0) return 0;
  const auto bits = static_cast<std::uint64_t>(samples_a_pixel(header.colour)) * header.depth;
  return height * (1 + (width * bits + 7) / 8);
}

std::uint64_t promised_bytes(const Header& header) {
  if (!header.interlaced) return pass_bytes(header, header.width, header.height);
  struct Pass {
    std::uint32_t x, y, step_x, step_y;
  };
  // Adam7 (Recommendation, 8.2).
  constexpr std::array<Pass, 7> kPasses{{{0, 0, 8, 8},
                                         {4, 0, 8, 8},
                                         {0, 4, 4, 8},
                                         {2, 0, 4, 4},
                                         {0, 2, 2, 4},
                                         {1, 0, 2, 2},
                                         {0, 1, 1, 2}}};
  const auto places = [](std::uint32_t extent, std::uint32_t first, std::uint32_t step) {
    return extent > first ? (extent - first + step - 1) / step : 0;
  };
  std::uint64_t bytes = 0;
  for (const Pass& pass : kPasses) {
    bytes += pass_bytes(header, places(header.width, pass.x, pass.step_x),
                        places(header.height, pass.y, pass.step_y));
  }
  return bytes;
}

class Inflater {
 public:
  explicit Inflater(std::string_view data) {
    // zlib's interface lacks a const here; it does not write to its input.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream_.avail_in = static_cast<uInt>(data.size());
    if (inflateInit(&stream_) != Z_OK) throw PictureError("zlib could not be started");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  // Decompresses into `buffer`, returns zlib's code; `produced` is how much came out.
  int step(std::vector<Bytef>& buffer, std::uint64_t& produced) {
    stream_.next_out = buffer.data();
    stream_.avail_out = static_cast<uInt>(buffer.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    produced = buffer.size() - stream_.avail_out;
    return code;
  }

 private:
  z_stream stream_{};
};

// Throws unless `data` is one whole zlib stream of exactly `promised` bytes. Stops soon after too
// many.
void check_pixel_data(std::string_view data, std::uint64_t promised) {
  Inflater inflater(data);
  std::vector<Bytef> buffer(std::size_t{1} << 16);
  std::uint64_t total = 0;
  int code = Z_OK;
  while (code == Z_OK && total <= promised) {
    std::uint64_t produced = 0;
    code = inflater.step(buffer, produced);
    total += produced;
  }
  if (total > promised || (code == Z_STREAM_END && total < promised)) {
    throw PictureError("broken PNG: its header promises " + std::to_string(promised) +
                       " bytes of pixel data, there are " +
                       (total > promised ? "more" : std::to_string(total)) + "; save it again");
  }
  if (code != Z_STREAM_END) {
    throw PictureError("broken PNG: its pixel data cannot be decompressed after " +
                       std::to_string(total) + " of " + std::to_string(promised) +
                       " bytes; copy or download it again");
  }
}

void append_chunk(std::string& out, std::string_view type, std::string_view data) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(data.size() >> shift);
  out.append(type).append(data).append(4, '\0');  // the decoder skips checksums
}

}  // namespace

std::string check_png(std::string_view bytes) {
  ByteReader reader(bytes, "PNG");
  reader.take(kPngSignature.size());
  const Chunk first = next_chunk(reader);
  const Header header = parse_header(first);

  std::string palette;
  std::string_view transparency;
  std::string pixels;
  for (Chunk chunk = next_chunk(reader); chunk.type != "IEND"; chunk = next_chunk(reader)) {
    constexpr char kAncillary = 0x20;  // this bit of the first letter: the chunk may be left out
    if (chunk.type == "IDAT") {
      pixels += chunk.data;
    } else if (chunk.type == "PLTE") {
      palette = chunk.data;
    } else if (chunk.type == "tRNS") {
      transparency = chunk.data;
    } else if ((chunk.type[0] & kAncillary) == 0) {
      throw PictureError("broken PNG: it has a chunk that PNG does not know; save it again");
    }
  }
  const std::uint64_t promised = promised_bytes(header);
  if (promised > kMostPixelBytes) {
    throw PictureError("the picture takes " + std::to_string(promised >> 20) + " MiB, more than " +
                       std::to_string(kMostPixelBytes >> 20) +
                       "; save it with fewer bits per sample, or make it smaller");
  }
  check_pixel_data(pixels, promised);

  std::string stripped(kPngSignature);
  append_chunk(stripped, first.type, first.data);
  if (header.colour == 3) {
    if (palette.empty() || palette.size() > kPaletteBytes || palette.size() % 3 != 0) {
      throw PictureError("broken PNG: it needs a palette of 1 to 256 colours; save it again");
    }
    palette.resize(kPaletteBytes);
    append_chunk(stripped, "PLTE", palette);
  }
  if (!transparency.empty()) append_chunk(stripped, "tRNS", transparency);
  append_chunk(stripped, "IDAT", pixels);
  append_chunk(stripped, "IEND", {});
  return stripped;
}

}  // namespace cnn
