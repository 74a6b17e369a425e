// Pictures inside the page, as PNGs in data URIs.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "cnn/image.hpp"

namespace cnn::report {

// "data:image/png;base64,…"
std::string png_uri(const Image& image);

// (C, H, W) bytes as a picture of at most 64 pixels on a side. Of other than 3 channels the first
// is shown.
Image small_picture(std::span<const std::uint8_t> pixels, const Shape& shape);

// What the pictures of a page may take together.
class PictureBudget {
 public:
  explicit PictureBudget(std::size_t bytes) : left_(bytes) {}

  // The picture, or nothing once the bytes are used up.
  std::optional<std::string> uri(const Image& image);
  bool is_spent() const { return spent_; }
  std::size_t left() const { return left_; }

 private:
  std::size_t left_;
  bool spent_ = false;
};

}  // namespace cnn::report
