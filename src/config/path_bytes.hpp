// File names in YAML: a name is bytes, YAML is UTF-8 text. A byte XX of a name that is not UTF-8
// stands there as the character U+10FEXX, of a block that no script uses, and is written as
// "\U0010FEXX".

#pragma once

#include <string>
#include <string_view>

namespace cnn {

// U+10FE80 … U+10FEFF
bool stands_for_byte(char32_t code);

// The bytes of a path as text, and back. Characters of that block are bytes of such a name, too:
// path_from_yaml(path_to_yaml(x)) is x, whatever bytes it holds.
std::string path_to_yaml(std::string_view path);
std::string path_from_yaml(std::string_view text);

}  // namespace cnn
