#include "data/image/colour.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace cnn {
namespace {

std::uint8_t luma(unsigned red, unsigned green, unsigned blue) {
  return static_cast<std::uint8_t>((299 * red + 587 * green + 114 * blue + 500) / 1000);
}

}  // namespace

Image recoloured(Image picture, int channels) {
  if (picture.shape.channels == channels) return picture;
  const std::size_t area = picture.pixels.size() / static_cast<std::size_t>(picture.shape.channels);
  std::vector<std::uint8_t>& pixels = picture.pixels;
  if (channels == 3) {
    pixels.resize(3 * area);
    for (std::size_t copy = 1; copy < 3; ++copy) {
      std::copy_n(pixels.data(), area, pixels.data() + copy * area);
    }
  } else {
    for (std::size_t i = 0; i < area; ++i) {
      pixels[i] = luma(pixels[i], pixels[area + i], pixels[2 * area + i]);
    }
    pixels.resize(area);
  }
  picture.shape.channels = channels;
  return picture;
}

}  // namespace cnn
