// batch_norm: gives each channel mean 0 and variance 1 over the samples it is called with, then
// scales and shifts it (Ioffe, Szegedy 2015).
//
// Legend: n samples, C channels, P = H·W positions; a vector is C x 1 x 1, so that each of its
// elements is a channel. m = n·P values of a channel.

#pragma once

#include <memory>

#include "nn/layer.hpp"

namespace cnn {

// In training, with the mean μ and the variance σ² = 1/m Σ (x − μ)² of the n samples of the call:
//   x̂ = (x − μ)/√(σ² + epsilon),   y = weight·x̂ + bias.
// In evaluation μ = running_mean and σ² = running_var. After each step
//   running ← (1 − momentum)·running + momentum·s,
// where s is the mean over the batch's calls, weighted by their samples, of μ and of the unbiased
// variance σ²·m/(m − 1).
// If a channel has a single value (one sample of a vector), there is nothing to compare it with:
// y = bias, dx = 0, and running_var is taken for the variance.
//
// Parameters, each (C): weight, bias; running_mean, running_var (statistics). The output has the
// input's shape.
std::unique_ptr<Layer> make_batch_norm();

}  // namespace cnn
