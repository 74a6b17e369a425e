// How fast a network trains and infers on this machine, measured against the machine's own sgemm.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cnn/network.hpp"
#include "cnn/run_config.hpp"
#include "cnn/workers.hpp"

namespace cnn::app {

struct BenchmarkSetup {
  const RunConfig& config;
  Network& network;
  Workers& workers;
  std::size_t batch;  // images, in training and in inference
  double seconds;     // that each part of the measurement may take
};

// Times of one batch on one thread.
struct LayerTimes {
  std::string name;
  double forward_ms = 0;
  double backward_ms = 0;
  double forward_gflops = 0;  // per second; 0 for layers without products
  double backward_gflops = 0;
};

// Rates are medians over several rounds.
struct BenchmarkResult {
  double train_images_per_second = 0;
  double inference_images_per_second = 0;
  double train_gflops_per_second = 0;
  double sgemm_peak_gflops = 0;  // of all workers together
  std::vector<LayerTimes> layers;

  double fraction_of_peak() const { return train_gflops_per_second / sgemm_peak_gflops; }
};

// Runs on random pixels, with weights as the network has them; these stay as they are.
BenchmarkResult benchmark(const BenchmarkSetup& setup);

}  // namespace cnn::app
