// Networks for tests of whole passes, and one training pass through any of them.

#pragma once

#include <cstdint>
#include <vector>

#include "nn/loss.hpp"
#include "nn/network.hpp"
#include "nn/workspace.hpp"
#include "support/values.hpp"

namespace cnn {

// What all but the smallest of these networks read: an MNIST image.
inline constexpr Shape kDigit{1, 28, 28};

// LeNet as Caffe has it.
Network lenet();
// A chain of every kind of layer that is smooth.
Network smooth_chain();
// A graph in which tensors are read once, twice and three times, by different layers and by one.
Network smooth_graph();
// A chain with batch_norm for maps and for vectors, both in the middle and on the images.
Network normalised_chain();
// A chain of the layers that have kinks.
Network kinked_chain();

// Assigns all weights, gains and biases.
void draw_parameters(Network& network);

// One training pass of n drawn images and labels through a network, which must outlive it.
class Pass {
 public:
  // The workspace has room for `spare` samples more.
  Pass(Network& network, std::size_t n, Loss loss = Loss::softmax_cross_entropy,
       std::size_t spare = 0);

  // J's data term: the mean loss.
  double forward();
  // After forward: adds into the gradients.
  void backward();

  View input() { return workspace_.input(n_); }
  CView output() const { return workspace_.output(n_); }
  View gradients() { return gradients_.values(); }
  // Output and gradients.
  Values results();

 private:
  Network& network_;
  std::size_t n_;
  Loss loss_;
  Workspace workspace_;
  Gradients gradients_;
  std::vector<std::uint16_t> labels_;
  std::vector<double> losses_;
};

}  // namespace cnn
