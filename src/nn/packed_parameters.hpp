// PackedParameters: what the layers of a network make of their parameters for evaluation
// (Layer::pack), once for many passes.

#pragma once

#include <cstddef>
#include <vector>

#include "base/arena.hpp"
#include "base/view.hpp"
#include "nn/network.hpp"

namespace cnn {

// Keeps a reference to the network. Any number of threads may read it at once.
class PackedParameters {
 public:
  // Takes over the network's values as they are.
  explicit PackedParameters(const Network& network);

  // Does so again. Allocates nothing.
  void update();

  // Of one layer; empty if it has nothing to pack.
  CView of(std::size_t layer) const { return views_[layer]; }

  static std::size_t bytes(const Network& network);

 private:
  const Network& network_;
  Arena arena_;
  std::vector<View> views_;        // per layer
  std::vector<CView> parameters_;  // of one layer, kept so that update() allocates nothing
};

}  // namespace cnn
