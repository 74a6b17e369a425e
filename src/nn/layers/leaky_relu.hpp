// leaky_relu: a relu that lets a part of what is negative through (Maas, Hannun, Ng 2013).

#pragma once

#include <memory>

#include "nn/layer.hpp"

namespace cnn {

// f(z) = z where z > 0, slope·z elsewhere; f'(z) = 1 where z > 0, else slope. No parameters; the
// output has the input's shape. A NaN stays NaN.
std::unique_ptr<Layer> make_leaky_relu();

}  // namespace cnn
