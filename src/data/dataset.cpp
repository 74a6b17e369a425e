#include "cnn/dataset.hpp"

#include <algorithm>
#include <string>

#include "cnn/error.hpp"

namespace cnn {

std::size_t Dataset::label_bound() const {
  const auto largest = std::max_element(labels.begin(), labels.end());
  return largest == labels.end() ? 0 : std::size_t{*largest} + 1;
}

std::size_t Dataset::class_count() const {
  return std::max(class_names.size(), label_bound());
}

void Dataset::refuse_image(std::size_t i) const {
  const std::size_t images =
      shape.size() > 0 ? (mapped_pixels.size() + pixels.size()) / shape.size() : 0;
  throw ArgumentError("data set: there is no image " + std::to_string(i) + ", it holds " +
                      std::to_string(images) + ", counted from 0");
}

}  // namespace cnn
