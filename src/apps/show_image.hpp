// A picture as text: what the network sees, for `cnn-predict --show`.

#pragma once

#include <string>

#include "cnn/image.hpp"

namespace cnn::app {

// Two pixel rows a line of text, as upper and lower half blocks; colours by 24-bit escape codes if
// stdout is a terminal and NO_COLOR is not set, otherwise a character by brightness and one line
// for two rows.
std::string show_image(const Image& image);

}  // namespace cnn::app
