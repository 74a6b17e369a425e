// LayerClock: how long each layer takes, forward and backward, on one thread.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "nn/network.hpp"
#include "nn/workspace.hpp"

namespace cnn {

// The seconds of one image.
struct LayerTime {
  std::string name;
  double forward = 0;
  double backward = 0;  // 0 if nobody wants the layer's gradients
};

// Runs the passes of one group, layer by layer with a look at the clock in between. Keeps
// references to network, workspace and gradients, which are used by nobody else meanwhile. What the
// workspace holds is lost, and sums are added into the gradients.
class LayerClock {
 public:
  // Fills the group of n images with random pixels; its first passes only warm up. Throws as
  // Network::forward does.
  LayerClock(const Network& network, Workspace& workspace, Gradients& gradients, std::size_t n);

  // Like a real pass it takes a few samples at a time through the layers that do not want all, each
  // time other ones, so that the caches hold what they hold in training.
  void pass();
  std::size_t passes() const { return passes_; }

  // Per layer, the median of the passes.
  std::vector<LayerTime> times() const;

 private:
  const Network& network_;
  Workspace& workspace_;
  Gradients& gradients_;
  std::size_t n_;
  std::size_t passes_ = 0;
  std::vector<std::vector<double>> forward_;  // per layer, an image's seconds in each pass
  std::vector<std::vector<double>> backward_;
};

}  // namespace cnn
