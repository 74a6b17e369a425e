// A sheet of pictures side by side in rows, for --preview and --sheet.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "cnn/image.hpp"

#include "base/view.hpp"

namespace cnn::app {

class Sheet {
 public:
  // Of pictures that have neither one nor three channels, the first channel. `captions`: each row
  // has a line of text above it.
  Sheet(const Shape& picture, std::size_t rows, std::size_t columns, bool captions = false);

  // values: (C, H, W), of 0 … 255; what lies outside is cut off.
  void put(std::size_t row, std::size_t column, std::span<const Real> values);
  void put(std::size_t row, std::size_t column, std::span<const std::uint8_t> pixels);
  // The caption of a row, cut at the sheet's end.
  void write(std::size_t row, std::string_view text);

  Image take() &&;

 private:
  std::size_t top_of(std::size_t row) const;  // of its pictures
  void set(std::size_t channel, std::size_t y, std::size_t x, std::uint8_t value);

  std::size_t channels_;
  std::size_t height_;
  std::size_t width_;
  std::size_t caption_;  // height of it
  Image image_;
};

}  // namespace cnn::app
