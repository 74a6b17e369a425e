// fc: every output is a weighted sum of all inputs.
//
// Legend: n samples, I = C·H·W inputs of a sample in channel-row-column order, O outputs (`count`).

#pragma once

#include <memory>

#include "nn/layer.hpp"

namespace cnn {

// y (n, O) = x (n, I) · Wᵀ + b, the lecture's z = W·a + b for each sample.
// Parameters: weight (O, I), bias (O) unless bias: false. Output O x 1 x 1.
std::unique_ptr<Layer> make_fully_connected();

}  // namespace cnn
