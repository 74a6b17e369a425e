#include "cnn/shape.hpp"

namespace cnn {

std::string to_string(const Shape& shape) {
  std::string text = std::to_string(shape.channels);
  if (shape.height == 1 && shape.width == 1) return text;
  return text + "x" + std::to_string(shape.height) + "x" + std::to_string(shape.width);
}

std::string to_string(Size2 size) {
  return std::to_string(size.height) + "x" + std::to_string(size.width);
}

std::size_t element_count(const Dims& dims) {
  std::size_t count = 1;
  for (const std::int64_t extent : dims) count *= static_cast<std::size_t>(extent);
  return count;
}

std::string to_string(const Dims& dims) {
  std::string text = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(dims[i]);
  }
  return text + "]";
}

}  // namespace cnn
