// add: the element-wise sum of two or more inputs of one shape, named by `from:`.

#pragma once

#include <memory>

#include "nn/layer.hpp"

namespace cnn {

// y = Σ_k x_k. No options, no parameters.
std::unique_ptr<Layer> make_add();

}  // namespace cnn
