// relu, sigmoid, tanh: a = f(z) for every element. No options, no parameters; the output has the
// input's shape.

#pragma once

#include <memory>

#include "nn/layer.hpp"

namespace cnn {

// f(z) = max(0, z); f'(z) = 1 where f(z) > 0, else 0. A NaN stays NaN, so that it is never hidden.
std::unique_ptr<Layer> make_relu();
// f(z) = 1/(1 + e^−z); f' = f·(1 − f)
std::unique_ptr<Layer> make_sigmoid();
// f(z) = tanh z; f' = 1 − f²
std::unique_ptr<Layer> make_tanh();

}  // namespace cnn
