// How straight a shape is.

#pragma once

#include <cstdint>
#include <vector>

#include "cnn/image.hpp"
#include "cnn/shape.hpp"

namespace cnn {

// The smallest part of a side of the box that pixels of the value cover, seen from outside to a
// depth that is given in parts of the box: 1 for a rectangle, about 0.7 for an ellipse at a depth
// of 0.14.
double covered_side(const std::vector<std::uint8_t>& mask, Size2 size, const Box& box,
                    std::uint8_t value, double depth);

}  // namespace cnn
