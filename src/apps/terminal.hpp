// What the terminal can do.

#pragma once

#include <string>

namespace cnn::app {

// May escape codes (colours, a line that is drawn again) be written to this stream (1 or 2)? Only
// to a terminal that understands them: not where TERM is unset, empty or "dumb".
bool understands_escapes(int stream);

// Writes a drawing to stdout, with the escape codes that it is made of.
void draw(const std::string& drawing);

}  // namespace cnn::app
