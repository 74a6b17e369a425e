#include "report/pictures.hpp"

#include <algorithm>
#include <string_view>

#include "data/image/fit.hpp"
#include "data/image/png.hpp"

namespace cnn::report {
namespace {

// RFC 4648, section 4.
std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<std::uint8_t>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

}  // namespace

std::string png_uri(const Image& image) {
  return "data:image/png;base64," + base64(encode_png(image));
}

Image small_picture(std::span<const std::uint8_t> pixels, const Shape& shape) {
  constexpr int kMost = 64;
  const int channels = shape.channels == 3 ? 3 : 1;
  Image image{{channels, shape.height, shape.width}, {}};
  image.pixels.assign(pixels.begin(),
                      pixels.begin() + static_cast<std::ptrdiff_t>(image.shape.size()));
  const int longer = std::max(shape.height, shape.width);
  if (longer <= kMost) return image;
  const auto scaled = [&](int extent) { return std::max(1, extent * kMost / longer); };
  return fitted(image, {scaled(shape.height), scaled(shape.width)}, Fit::stretch);
}

std::optional<std::string> PictureBudget::uri(const Image& image) {
  std::string uri = png_uri(image);
  if (spent_ || uri.size() > left_) {
    spent_ = true;
    return std::nullopt;
  }
  left_ -= uri.size();
  return uri;
}

}  // namespace cnn::report
