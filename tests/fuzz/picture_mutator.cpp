// How the targets of pictures mutate: most mutations of a PNG are mended, so that the checksums of
// its chunks fit again.

#include <zlib.h>

#include "fuzz.hpp"

namespace {

using namespace cnn::fuzz;

constexpr std::size_t kSignature = 8;
constexpr std::size_t kChunkFrame = 12;  // length, type, checksum

std::size_t big_endian(std::string_view bytes) {
  std::size_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

void mend_png(std::string& file) {
  for (std::size_t at = kSignature; at + kChunkFrame <= file.size();) {
    const std::size_t length = big_endian(std::string_view(file).substr(at));
    if (length > file.size() - at - kChunkFrame) return;
    const auto* body = reinterpret_cast<const Bytef*>(file.data() + at + 4);
    const uLong crc = crc32_z(0, body, length + 4);
    for (std::size_t i = 0; i < 4; ++i) {
      file[at + 8 + length + i] = static_cast<char>(crc >> (24 - 8 * i));
    }
    at += kChunkFrame + length;
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  std::string file = mutated(text_of(data, size), max_size);
  if (file.starts_with("\x89PNG") && !one_in(8, seed)) mend_png(file);
  return give_back(file, data, size, max_size);
}
