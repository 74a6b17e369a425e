// The kernels that are timed one by one, grouped by file. Each function registers its group with
// Google Benchmark.

#pragma once

#include <benchmark/benchmark.h>

namespace cnn {

void register_products();  // gemm at the shapes of the networks' layers
void register_layers();    // forward and backward of single layers
void register_steps();  // what a training step does besides: bytes to floats, columns, loss, solver
void register_augmentation();  // each kind of distortion, per image

// A counter of operations a second, in thousands of millions.
inline benchmark::Counter gflops(double operations_of_an_iteration) {
  return {1e-9 * operations_of_an_iteration, benchmark::Counter::kIsIterationInvariantRate};
}

}  // namespace cnn
