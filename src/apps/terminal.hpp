// What the terminal can do.

#pragma once

namespace cnn::app {

// May escape codes (colours, a line that is drawn again) be written to this stream (1 or 2)? Only
// to a terminal that understands them: not where TERM is unset, empty or "dumb".
bool understands_escapes(int stream);

}  // namespace cnn::app
