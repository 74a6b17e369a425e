#include "config/path_bytes.hpp"

#include "base/text.hpp"

namespace cnn {
namespace {

constexpr char32_t kBlock = 0x10FE00;

// U+10FEXX in UTF-8.
std::string stand_in(char byte) {
  const auto low = static_cast<unsigned char>(byte);
  std::string text = "\xF4\x8F";
  text += static_cast<char>(0xB8 | (low >> 6));
  text += static_cast<char>(0x80 | (low & 0x3F));
  return text;
}

}  // namespace

bool stands_for_byte(char32_t code) {
  return kBlock + 0x80 <= code && code <= kBlock + 0xFF;
}

std::string path_to_yaml(std::string_view path) {
  std::string text;
  while (!path.empty()) {
    const Character c = first_character(path);
    const std::string_view bytes = path.substr(0, c.bytes);
    if (c.valid && !stands_for_byte(c.code)) {
      text += bytes;
    } else {
      for (const char byte : bytes) text += stand_in(byte);
    }
    path.remove_prefix(c.bytes);
  }
  return text;
}

std::string path_from_yaml(std::string_view text) {
  std::string path;
  while (!text.empty()) {
    const Character c = first_character(text);
    if (stands_for_byte(c.code)) {
      path += static_cast<char>(c.code - kBlock);
    } else {
      path += text.substr(0, c.bytes);
    }
    text.remove_prefix(c.bytes);
  }
  return path;
}

}  // namespace cnn
