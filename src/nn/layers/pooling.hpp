// pool: each window of a channel becomes one value, its maximum or its mean.

#pragma once

#include <memory>

#include "nn/layer.hpp"

namespace cnn {

// Windows are those of `conv`, channel by channel. With `round: ceil` there is one more for what is
// left over; with `global: true` there is only one, the whole image. Neither padding nor what
// overhangs ever counts: a maximum is that of the real pixels, a mean is the sum of the real pixels
// divided by their number (PyTorch's count_include_pad=False). Each window holds a real pixel
// because pad < kernel is required. No parameters. Output C x OH x OW.
std::unique_ptr<Layer> make_pooling();

}  // namespace cnn
