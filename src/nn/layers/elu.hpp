// elu: a relu whose negative part bends smoothly towards a bound (Clevert, Unterthiner, Hochreiter
// 2015).

#pragma once

#include <memory>

#include "nn/layer.hpp"

namespace cnn {

// f(z) = z where z > 0, scale·(e^z − 1) elsewhere; f'(z) = 1 where z > 0, else scale·e^z =
// f(z) + scale. No parameters; the output has the input's shape. A NaN stays NaN.
std::unique_ptr<Layer> make_elu();

}  // namespace cnn
