// Shapes: of one sample (the batch axis is never part of a Shape), and of a parameter as it stands
// in a file.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cnn/export.hpp"

namespace cnn {

// channels x height x width of one sample, stored in that order. A vector of N values is N x 1 x 1.
struct Shape {
  int channels = 0;
  int height = 1;
  int width = 1;

  std::size_t size() const {
    return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) *
           static_cast<std::size_t>(width);
  }
  bool operator==(const Shape&) const = default;
};

// "20x12x12"; a vector of 500 values is "500".
CNN_EXPORT std::string to_string(const Shape& shape);

// Height and width of a kernel, a stride or a padding.
struct Size2 {
  int height = 0;
  int width = 0;

  bool operator==(const Size2&) const = default;
};

// "5x3"
CNN_EXPORT std::string to_string(Size2 size);

// The extents of a tensor in a file, outermost first.
using Dims = std::vector<std::int64_t>;

// Number of elements; 1 for no extents at all. Requires that the product fits.
CNN_EXPORT std::size_t element_count(const Dims& dims);

// "[50, 20, 5, 5]"
CNN_EXPORT std::string to_string(const Dims& dims);

}  // namespace cnn
