#include "support/picture_files.hpp"

#include <zlib.h>

namespace cnn {
namespace {

std::string big32(std::uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
  return text;
}

std::string little(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string from_hex(std::string_view digits) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(16 * value(digits[i]) + value(digits[i + 1]));
  }
  return bytes;
}

}  // namespace

std::string png_chunk(const PngChunk& chunk) {
  const std::string body = chunk.first + chunk.second;
  const uLong checksum = crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  return big32(static_cast<std::uint32_t>(chunk.second.size())) + body +
         big32(static_cast<std::uint32_t>(checksum));
}

std::string png_header(const PngFields& fields) {
  std::string header = big32(fields.width) + big32(fields.height);
  for (const std::uint8_t byte :
       {fields.depth, fields.colour, std::uint8_t{0}, std::uint8_t{0}, fields.interlace}) {
    header += static_cast<char>(byte);
  }
  return std::string("\x89PNG\r\n\x1a\n", 8) + png_chunk({"IHDR", header});
}

std::string zlib_compressed(std::string_view bytes) {
  uLongf length = compressBound(static_cast<uLong>(bytes.size()));
  std::string out(length, '\0');
  compress(reinterpret_cast<Bytef*>(out.data()), &length,
           reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uLong>(bytes.size()));
  out.resize(length);
  return out;
}

std::string png_file(const PngFields& fields, std::string_view rows,
                     const std::vector<PngChunk>& before) {
  std::string file = png_header(fields);
  for (const PngChunk& chunk : before) file += png_chunk(chunk);
  return file + png_chunk({"IDAT", zlib_compressed(rows)}) + png_chunk({"IEND", ""});
}

std::string bmp_file(std::int32_t width, std::int32_t height, std::uint16_t bits,
                     std::string_view palette, std::string_view rows) {
  const auto pixels_at = static_cast<std::uint32_t>(14 + 40 + palette.size());
  std::string file = "BM" + little(pixels_at + static_cast<std::uint32_t>(rows.size()), 4);
  file += little(0, 4) + little(pixels_at, 4);
  file += little(40, 4) + little(static_cast<std::uint32_t>(width), 4) +
          little(static_cast<std::uint32_t>(height), 4);
  file += little(1, 2) + little(bits, 2) + std::string(24, '\0');
  return file.append(palette).append(rows);
}

std::string gray_jpeg() {
  return from_hex(
      "ffd8ffe000104a46494600010100000100010000ffdb00430001010101010101010101010101010101010101"
      "0101010101010101010101010101010101010101010101010101010101010101010101010101010101010101"
      "01ffc0000b080010001801011100ffc4001600010101000000000000000000000000000a090bffc400141001"
      "00000000000000000000000000000000ffda0008010100003f007a0c83cf005fd2fd2fdfffd9");
}

std::string cmyk_jpeg() {
  return from_hex(
      "ffd8ffee000e41646f626500640000000000ffdb004300010101010101010101010101010101010101010101"
      "01010101010101010101010101010101010101010101010101010101010101010101010101010101010101ff"
      "c000140800080008044311004d11005911004b1100ffc4001f00000105010101010101000000000000000001"
      "02030405060708090a0bffc400b5100002010303020403050504040000017d01020300041105122131410613"
      "516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a"
      "434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495"
      "969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3"
      "e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffda000e0443004d0059004b00003f00fefe2abd7f9ffd7f4c15ff"
      "d9");
}

std::string progressive_jpeg() {
  return from_hex(
      "ffd8ffe000104a46494600010100000100010000ffdb00430003020203020203030303040303040508050504"
      "04050a070706080c0a0c0c0b0a0b0b0d0e12100d0e110e0b0b1016101113141515150c0f1718161418121415"
      "14ffdb00430103040405040509050509140d0b0d141414141414141414141414141414141414141414141414"
      "1414141414141414141414141414141414141414141414141414ffc200110800100010030111000211010311"
      "01ffc4001500010100000000000000000000000000000506ffc4001601010101000000000000000000000000"
      "00080607ffda000c03010002100310000001819fdc0a4a18d535a70a4a18ff00ffc400141001000000000000"
      "00000000000000000020ffda00080101000105021fffc40014110100000000000000000000000000000020ff"
      "da0008010301013f011fffc40014110100000000000000000000000000000020ffda0008010201013f011fff"
      "c40014100100000000000000000000000000000020ffda0008010100063f021fffc400141001000000000000"
      "00000000000000000020ffda0008010100013f211fffda000c03010002000300000010924fffc40014110100"
      "000000000000000000000000000020ffda0008010301013f101fffc400141101000000000000000000000000"
      "00000020ffda0008010201013f101fffc40014100100000000000000000000000000000020ffda0008010100"
      "013f101fffd9");
}

std::string restart_jpeg() {
  return from_hex(
      "ffd8ffe000104a46494600010100000100010000ffdb00430002010101010102010101020202020204030202"
      "02020504040304060506060605060606070908060709070606080b08090a0a0a0a0a06080b0c0b0a0c090a0a"
      "0affdb004301020202020202050303050a0706070a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
      "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0affc000110800100010030122000211010311"
      "01ffc4001500010100000000000000000000000000000708ffc4001410010000000000000000000000000000"
      "0000ffc40014010100000000000000000000000000000007ffc4001811000203000000000000000000000000"
      "0000084584c4ffdd00040001ffda000c03010002110311003f0091c7e401f9f9369cada06675206d673fffd9");
}

std::string lossy_webp() {
  return from_hex(
      "524946463c0000005745425056503820300000009001009d012a1000100001402625a00274ba00039800fef3"
      "f4fed363f8b7feec1639ff663ffde33f835ffb8cfae80000");
}

std::string lossless_webp() {
  return from_hex(
      "5249464636000000574542505650384c2a0000002f024000101720164c4312bb83482c98fc83883dd47bd80b"
      "48127cdef302173f100850a60a4344f43f76");
}

std::string animated_webp() {
  return from_hex(
      "524946468400000057454250565038580a00000002000000070000070000414e494d06000000000000000000"
      "414e4d4628000000000000000000070000070000000000025650384c0f0000002f07c001000710fd8ffe0722"
      "a2ff0100414e4d4628000000000000000000070000070000000000005650384c0f0000002f07c0010007d0ff"
      "88fe0722a2ff0100");
}

std::string turned_webp() {
  return from_hex(
      "524946466600000057454250565038580a000000080000000200000100005650384c260000002f0240000017"
      "20164c4312bb83482c98fc83883dd47bd8cf7f60f181408032551822a2ffb103455849461a0000004d4d002a"
      "00000008000101120003000000010006000000000000");
}

std::string gif_file(std::uint16_t width, std::uint16_t height, std::string_view blocks) {
  // 4 colours for all pictures.
  return "GIF89a" + little(width, 2) + little(height, 2) + from_hex("910000") +
         from_hex("0a141e28323cc86432ffffff") + std::string(blocks) + ";";
}

std::string gif_picture(std::uint16_t left, std::uint16_t top, std::uint16_t width,
                        std::uint16_t height, std::string_view indices, bool interlaced) {
  // Codes of 3 bits. As the table of codes would grow, it is cleared after every other one.
  constexpr unsigned kClear = 4;
  constexpr unsigned kEnd = 5;
  std::string coded;
  unsigned bits = 0;
  int count = 0;
  const auto put = [&](unsigned code) {
    bits |= code << count;
    for (count += 3; count >= 8; count -= 8, bits >>= 8) coded += static_cast<char>(bits);
  };
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (i % 2 == 0) put(kClear);
    put(static_cast<std::uint8_t>(indices[i]));
  }
  put(kEnd);
  coded += static_cast<char>(bits);
  return "," + little(left, 2) + little(top, 2) + little(width, 2) + little(height, 2) +
         std::string(1, interlaced ? '\x40' : '\0') + '\2' +
         std::string(1, static_cast<char>(coded.size())) + coded + '\0';
}

std::string progressive_scans(std::uint16_t width, std::uint16_t height, std::uint8_t components,
                              int scans) {
  const auto big16 = [](std::uint16_t value) {
    return std::string{static_cast<char>(value >> 8), static_cast<char>(value)};
  };
  const auto byte = [](int value) { return std::string(1, static_cast<char>(value)); };
  std::string file = from_hex("ffd8ffdb004300") + std::string(64, '\1') + from_hex("ffc2") +
                     big16(static_cast<std::uint16_t>(8 + 3 * components)) + byte(8) +
                     big16(height) + big16(width) + byte(components);
  for (int c = 1; c <= components; ++c) file += byte(c) + from_hex("1100");
  // One code each, the bit 0. DC: no difference; AC: a run of blocks without more, of 16384 and as
  // many as 14 bits say.
  file += from_hex("ffc4001400") + byte(1) + std::string(15, '\0') + byte(0);
  file += from_hex("ffc4001410") + byte(1) + std::string(15, '\0') + byte(0xe0);
  const std::size_t blocks = (std::size_t{width} + 7) / 8 * ((std::size_t{height} + 7) / 8);
  file += from_hex("ffda0008010100000001") + std::string((blocks + 7) / 8, '\0');
  // Codes of 15 bits: 0 and fourteen 1s, 0xff followed by 0.
  std::string runs;
  unsigned bits = 0;
  int count = 0;
  const auto put = [&](unsigned next) {
    runs += static_cast<char>(next);
    if ((next & 0xff) == 0xff) runs += '\0';
  };
  for (std::size_t coded = 0; coded < blocks; coded += 32767) {
    bits = bits << 15 | 0x3fff;
    for (count += 15; count >= 8; count -= 8) put(bits >> (count - 8));
  }
  if (count > 0) put(bits << (8 - count) | ((1U << (8 - count)) - 1));
  for (int scan = 1; scan < scans; ++scan) {
    const int place = (scan - 1) % 63 + 1;
    const int depth = (scan - 1) / 63;  // each refinement codes one bit more
    const int finer = depth == 0 ? 13 : (14 - depth) << 4 | (13 - depth);
    file += from_hex("ffda00080101") + byte(0) + byte(place) + byte(place) + byte(finer) + runs;
  }
  return file + from_hex("ffd9");
}

std::string with_orientation(const std::string& jpeg, std::uint8_t orientation,
                             bool little_endian) {
  // Byte order, 42, place of the directory; one entry: tag 0x112, a short, one of it; no next
  // directory.
  std::string tiff = little_endian ? from_hex(
                                         "49492a00080000000100"
                                         "1201"
                                         "0300"
                                         "01000000")
                                   : from_hex(
                                         "4d4d002a000000080001"
                                         "0112"
                                         "0003"
                                         "00000001");
  tiff += little_endian ? std::string{static_cast<char>(orientation), '\0'}
                        : std::string{'\0', static_cast<char>(orientation)};
  const std::string segment = std::string("Exif\0\0", 6) + tiff + std::string(6, '\0');
  const auto length = static_cast<char>(segment.size() + 2);
  return jpeg.substr(0, 2) + std::string{'\xff', '\xe1', '\0', length} + segment + jpeg.substr(2);
}

}  // namespace cnn
