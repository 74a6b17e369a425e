#include "apps/terminal.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

namespace cnn::app {

bool understands_escapes(int stream) {
  const char* term = std::getenv("TERM");
  const std::string_view name = term == nullptr ? "" : term;
  return isatty(stream) != 0 && !name.empty() && name != "dumb";
}

void draw(const std::string& drawing) {
  std::fputs(drawing.c_str(), stdout);
}

}  // namespace cnn::app
