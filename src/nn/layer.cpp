#include "nn/layer.hpp"

#include "cnn/error.hpp"

namespace cnn {

const Shape& only_input(std::span<const Shape> inputs) {
  if (inputs.size() != 1) {
    throw ShapeError("takes one input, got " + std::to_string(inputs.size()) +
                     "; join them first with add or concat");
  }
  return inputs.front();
}

}  // namespace cnn
