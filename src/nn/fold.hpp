// FoldedNetwork: a network for inference, in which layers that only scale and shift channels are
// merged into the layer before them where that is possible.
//
// In evaluation batch_norm is y = (x − mean)·scale + shift for each channel, and a conv or fc can
// do that with its weights and biases:
//   W' = W·scale,   b' = (b − mean)·scale + shift.
// A relu, whose outputs are its inputs held to a range, is merged likewise where the kernels of a
// layer can do that as they write.
// Layers say themselves what they are (Layer::as_affine, Layer::with_bias; as_range, with_range).

#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "nn/network.hpp"

namespace cnn {

// Merges each affine layer whose only input is a layer with_bias that no other layer reads, also
// several in a row, and then a range, if any.
// Keeps a reference to the original. Used by one thread at a time; the network() is immutable but
// for update().
class FoldedNetwork {
 public:
  // What is merged: all of it; or affine maps alone, and every layer that remains is one whose
  // options describe it.
  enum class Merges { all, affine };
  explicit FoldedNetwork(const Network& original, Merges merges = Merges::all);

  // The original itself if there is nothing to merge. A layer keeps its name, and a merged one
  // takes that of the layer it is merged into, whose bias may be new.
  const Network& network() const { return folded_ ? *folded_ : original_; }

  // Takes over the original's values as they are now. Allocates nothing.
  void update();

 private:
  struct Copy {
    const Parameter* from;  // of the original
    const Parameter* to;    // of the folded
  };
  struct Merge {
    const Network::Node* affine;  // of the original
    const Parameter* weight;      // of the folded
    const Parameter* bias;
  };

  void merge(const Merge& m);

  const Network& original_;
  std::optional<Network> folded_;
  std::vector<Copy> copies_;
  std::vector<const Parameter*> new_biases_;
  std::vector<Merge> merges_;  // in the order in which they apply
  std::vector<CView> values_;  // of one layer's parameters, kept so that update() allocates nothing
};

}  // namespace cnn
