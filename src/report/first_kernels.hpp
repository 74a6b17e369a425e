// The kernels of a network's first convolution, as pictures: what it looks for in an image.

#pragma once

#include "nn/network.hpp"
#include "report/template.hpp"

namespace cnn::report {

// Adds them; nothing where no convolution reads the image, or its kernels are too large to be
// drawn.
void add_first_kernels(Fields& fields, const Network& network);

}  // namespace cnn::report
