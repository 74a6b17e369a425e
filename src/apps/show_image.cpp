#include "show_image.hpp"

#include <array>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

#include "terminal.hpp"

namespace cnn::app {
namespace {

struct Colour {
  int red, green, blue;
};

Colour colour_at(const Image& image, int y, int x) {
  if (y >= image.shape.height) return {0, 0, 0};
  const auto plane = static_cast<std::size_t>(image.shape.height * image.shape.width);
  const auto at = static_cast<std::size_t>(y * image.shape.width + x);
  if (image.shape.channels < 3) {
    const int grey = image.pixels[at];
    return {grey, grey, grey};
  }
  return {image.pixels[at], image.pixels[plane + at], image.pixels[2 * plane + at]};
}

std::string coloured_pair(Colour upper, Colour lower) {
  return fmt::format("\033[38;2;{};{};{};48;2;{};{};{}m▀", upper.red, upper.green, upper.blue,
                     lower.red, lower.green, lower.blue);
}

char shade(Colour upper, Colour lower) {
  constexpr std::string_view kShades = " .:-=+*#%@";
  const int sum = upper.red + upper.green + upper.blue + lower.red + lower.green + lower.blue;
  return kShades[static_cast<std::size_t>(sum) * (kShades.size() - 1) / (6 * 255)];
}

}  // namespace

std::string show_image(const Image& image) {
  const bool coloured = understands_escapes(STDOUT_FILENO) && std::getenv("NO_COLOR") == nullptr;
  std::string text;
  for (int y = 0; y < image.shape.height; y += 2) {
    text += "  ";
    for (int x = 0; x < image.shape.width; ++x) {
      const Colour upper = colour_at(image, y, x);
      const Colour lower = colour_at(image, y + 1, x);
      if (coloured) {
        text += coloured_pair(upper, lower);
      } else {
        text += shade(upper, lower);
      }
    }
    text += coloured ? "\033[0m\n" : "\n";
  }
  return text;
}

}  // namespace cnn::app
