// Where in a text a byte stands, and how far the scalar reaches that begins there. Internal to
// config_reader.

#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "config/diagnostics.hpp"

namespace cnn {

// Places of one source. Walks on from the last place asked for, as most questions come in the order
// of the text.
class Locator {
 public:
  // `text` must outlive the locator.
  Locator(std::size_t source, std::string_view text);

  // Offsets beyond the text stand for its end.
  Place at(std::size_t offset, std::size_t length = 1);

  // The part before `offset` of the line that it is in.
  std::string_view before(std::size_t offset) const;

 private:
  std::size_t source_;
  std::string_view text_;
  std::vector<std::size_t> lines_;  // offsets of their first bytes
  std::size_t offset_ = 0;
  std::size_t column_ = 1;  // of offset_
};

// Does a scalar in quotes, or a block scalar, begin here?
bool begins_in_quotes(std::string_view text);

// Bytes of the scalar that `text` begins with and whose value is `value`, at most to the end of the
// line; npos if it is in quotes that never end.
std::size_t scalar_bytes(std::string_view text, std::string_view value);

}  // namespace cnn
