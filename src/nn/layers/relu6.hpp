// relu6: a relu that ends at 6, as small networks for small numbers have it (Howard et al. 2017).

#pragma once

#include <memory>

#include "nn/layer.hpp"

namespace cnn {

// f(z) = min(max(z, 0), 6); f'(z) = 1 where 0 < z < 6, else 0. No parameters; the output has the
// input's shape. A NaN stays NaN.
std::unique_ptr<Layer> make_relu6();

}  // namespace cnn
