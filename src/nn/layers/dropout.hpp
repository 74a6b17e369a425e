// dropout: in training, each value is set to zero with probability `rate` and the others are
// divided by 1 − rate, so that the expectation stays (Srivastava et al. 2014, "inverted"). In
// evaluation it passes everything through.

#pragma once

#include <memory>

#include "nn/layer.hpp"

namespace cnn {

// No parameters; the output has the input's shape. Which values become zero is a function of (seed,
// step, layer, sample).
std::unique_ptr<Layer> make_dropout();

}  // namespace cnn
