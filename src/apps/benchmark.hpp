// How fast a network trains and infers on this machine, measured against the machine's own sgemm.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/workers.hpp"
#include "nn/network.hpp"
#include "run/run_config.hpp"

namespace cnn::app {

struct BenchmarkSetup {
  const RunConfig& config;
  Network& network;
  Workers& workers;
  std::size_t batch;  // images, in training and in inference
  double seconds;     // that each part may take: products, training, inference, layers
};

// Times of one batch on one thread, the others idle.
struct LayerTimes {
  std::string name;
  double forward_ms = 0;
  double backward_ms = 0;     // 0 if nobody wants the layer's gradients
  double forward_gflops = 0;  // per second; 0 for layers without products
  double backward_gflops = 0;
};

// All figures are medians. Operations are those of the convolutions and fully connected layers as
// their definitions count them, two for a multiply-add: a layer that takes fewer may pass the peak.
struct BenchmarkResult {
  double train_images_per_second = 0;
  double inference_images_per_second = 0;
  double train_gflops_per_second = 0;
  double inference_gflops_per_second = 0;
  double sgemm_peak_gflops = 0;  // per second, of all workers together
  std::vector<LayerTimes> layers;

  double fraction_of_peak() const { return train_gflops_per_second / sgemm_peak_gflops; }
};

// Training is RandomTraining's, inference is what cnn-eval does, on random pixels. Products,
// training and inference take turns, so that all see the same machine. The network's weights stay
// as they are.
BenchmarkResult benchmark(const BenchmarkSetup& setup);

}  // namespace cnn::app
