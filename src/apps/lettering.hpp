// Letters for pictures: ASCII, 5x7 pixels each.

#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace cnn::app {

inline constexpr std::size_t kLetterHeight = 7;
inline constexpr std::size_t kLetterWidth = 6;  // the space behind it included

// Calls dot(x, y) for each pixel of the text in UTF-8, from its upper left corner. A character that
// is not ASCII, or that cannot be seen, is a small square.
void draw_letters(std::string_view text,
                  const std::function<void(std::size_t x, std::size_t y)>& dot);

}  // namespace cnn::app
