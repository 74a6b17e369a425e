#include "data/picture_options.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "data/image/colour.hpp"

namespace cnn {
namespace {

constexpr std::array<std::string_view, 3> kFitNames = {"crop", "pad", "stretch"};
constexpr std::array<std::string_view, 2> kColourNames = {"gray", "rgb"};
constexpr std::array<std::string_view, 2> kBrokenNames = {"refuse", "skip"};
constexpr double kLargestSize = 16384;

}  // namespace

void PictureOptions::options(ConfigVisitor& visitor) {
  if (visitor.wants("size", size.has_value())) {
    Size2 both = size.value_or(Size2{1, 1});
    visitor.size2("size", both, {.low = 1, .high = kLargestSize});
    size = both;
  }
  if (visitor.wants("fit", size || fit != Fit::crop)) visitor.choice("fit", fit, kFitNames);
  if (visitor.wants("colour", colour.has_value())) {
    Colour value = colour.value_or(Colour::rgb);
    visitor.choice("colour", value, kColourNames);
    colour = value;
  }
  if (visitor.wants("broken", broken != Broken::refuse)) {
    visitor.choice("broken", broken, kBrokenNames);
  }
}

Image fitted_picture(Image picture, const Shape& shape, Fit fit) {
  return fitted(recoloured(std::move(picture), shape.channels), {shape.height, shape.width}, fit);
}

}  // namespace cnn
