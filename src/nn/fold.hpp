// FoldedNetwork: a network for inference, with every batch_norm that can be done away with merged
// into the layer before it.
//
// In evaluation batch_norm is a scale and a shift of each channel, and so is what a conv or fc may
// do with its kernels and biases. With γ, β, μ, σ² the batch_norm's weight, bias, running_mean and
// running_var:
//   W' = W·γ/√(σ² + ε),   b' = (b − μ)·γ/√(σ² + ε) + β.

#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "nn/network.hpp"

namespace cnn {

// Merges each batch_norm that reads a conv or fc which nobody else reads, also several in a row.
// Keeps a reference to the original. Used by one thread at a time; the network() is immutable but
// for update().
class FoldedNetwork {
 public:
  explicit FoldedNetwork(const Network& original);

  // The original itself if there is nothing to merge. A layer keeps its name, a merged one takes
  // that of the conv or fc; a bias may be new.
  const Network& network() const { return folded_ ? *folded_ : original_; }

  // Takes over the original's values as they are now. Allocates nothing.
  void update();

 private:
  struct Copy {
    const Parameter* from;  // of the original
    const Parameter* to;    // of the folded
  };
  struct Merge {
    const Network::Node* batch_norm;  // of the original
    const Parameter* weight;          // of the folded
    const Parameter* bias;
  };

  void merge(const Merge& m);

  const Network& original_;
  std::optional<Network> folded_;
  std::vector<Copy> copies_;
  std::vector<const Parameter*> new_biases_;
  std::vector<Merge> merges_;  // in the order in which they apply
};

}  // namespace cnn
