// concat: the channels of two or more inputs of one height and width, one after the other, named by
// `from:`.

#pragma once

#include <memory>

#include "nn/layer.hpp"

namespace cnn {

// Output (Σ_k C_k) x H x W. No options, no parameters.
std::unique_ptr<Layer> make_concat();

}  // namespace cnn
