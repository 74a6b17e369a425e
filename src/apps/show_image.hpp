// A picture as text: what the network sees, for `cnn-predict --show`.

#pragma once

#include <string>

#include "cnn/image.hpp"

namespace cnn::app {

// The picture as small as it must be to stand beside what the network sees, of this shape: as high
// at most, and so wide that both fit a line of 80 characters; its proportions are kept.
Image thumbnail(const Image& image, const Shape& beside);

// The picture as it was and what the network sees, beside one another under a heading. Two pixel
// rows per line of text, as upper and lower half blocks; colours by 24-bit escape codes if stdout
// is a terminal and NO_COLOR is unset or empty, otherwise a character by brightness and one line
// for two rows.
std::string show_side_by_side(const Image& before, const Image& after);

}  // namespace cnn::app
