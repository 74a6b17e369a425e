#include "apps/show_image.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <unistd.h>

#include "apps/terminal.hpp"
#include "data/prepare_image.hpp"

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

// The pixels of two rows, y and y + 1, and blanks up to `width`.
std::string line_of(const Image& image, int y, int width, bool coloured) {
  std::string text;
  for (int x = 0; x < image.shape.width && y < image.shape.height; ++x) {
    const Colour upper = colour_at(image, y, x);
    const Colour lower = colour_at(image, y + 1, x);
    if (coloured) {
      text += coloured_pair(upper, lower);
    } else {
      text += shade(upper, lower);
    }
  }
  const int drawn = y < image.shape.height ? image.shape.width : 0;
  if (coloured) text += "\033[0m";
  return text + std::string(static_cast<std::size_t>(std::max(0, width - drawn)), ' ');
}

}  // namespace

Image thumbnail(const Image& image, const Shape& beside) {
  constexpr int kLine = 80;
  constexpr int kGaps = 5;  // before and between the two
  constexpr int kNarrowest = 20;
  const double columns = std::max(kNarrowest, kLine - kGaps - beside.width);
  const double scale = std::min(
      {1.0, static_cast<double>(beside.height) / image.shape.height, columns / image.shape.width});
  const auto scaled = [scale](int extent) {
    return std::max(1, static_cast<int>(std::lround(extent * scale)));
  };
  const Shape shape{image.shape.channels, scaled(image.shape.height), scaled(image.shape.width)};
  return {shape, prepare_image(image, shape, {}, Invert::no).pixels};
}

std::string show_side_by_side(const Image& before, const Image& after) {
  constexpr const char* kBefore = "the picture";
  constexpr const char* kAfter = "what the network sees";
  const char* const no_color = std::getenv("NO_COLOR");
  const bool refused = no_color != nullptr && *no_color != '\0';
  const bool coloured = understands_escapes(STDOUT_FILENO) && !refused;
  const int width = std::max(before.shape.width, static_cast<int>(std::strlen(kBefore)));
  std::string text = fmt::format("  {:<{}}   {}\n", kBefore, width, kAfter);
  for (int y = 0; y < std::max(before.shape.height, after.shape.height); y += 2) {
    text +=
        "  " + line_of(before, y, width, coloured) + "   " + line_of(after, y, 0, coloured) + "\n";
  }
  return text;
}

}  // namespace cnn::app
