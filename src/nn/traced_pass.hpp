// One image's way through a network and back, with everything that stands between the layers: for
// people who want to look at it, not for speed.
//
// The network is as in evaluation: dropout does nothing, batch_norm scales and shifts by its
// statistics.

#pragma once

#include <cstddef>
#include <vector>

#include "base/arena.hpp"
#include "base/view.hpp"
#include "nn/network.hpp"
#include "nn/workspace.hpp"

namespace cnn {

// Keeps a reference to the network. Used by one thread.
class TracedPass {
 public:
  // image: (C, H, W) of the network's input, preprocessed.
  TracedPass(const Network& network, CView image);

  // Tensor 0 is the image, i + 1 the output of layer i.
  CView tensor(std::size_t i) const { return tensors_[i]; }
  CView output() const { return tensors_.back(); }
  // Goes back from δ of the output: afterwards delta(i) = ∂J/∂tensor(i), and gradient(p) is
  // ∂J/∂W of that parameter, zero for those of batch_norm. May be called again.
  void go_back(CView doutput);
  CView delta(std::size_t i) const { return deltas_[i]; }
  CView gradient(const Parameter& p) const { return gradients_.values().subspan(p.offset, p.size); }

 private:
  std::vector<CView> parameters_of(const Network::Node& node) const;
  void forward(std::size_t i);
  void backward(std::size_t i);

  const Network& network_;
  Gradients gradients_;
  Arena arena_;
  std::vector<View> tensors_;
  std::vector<View> deltas_;
  std::vector<View> shares_;                 // per tensor, what one reader adds to its delta
  std::vector<std::span<std::byte>> saved_;  // per layer
  View scratch_;
};

}  // namespace cnn
