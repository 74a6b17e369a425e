// The fixed binary tree over the slots of a step, and which rank has which slots.
//
// For s = 1, 2, 4, … the sum of slot i takes that of slot i + s over, i being a multiple of 2s. The
// slots i … i + 2^k − 1, with i a multiple of 2^k, are a subtree: whoever has all of them gets what
// the tree has of it, and sends one sum.

#pragma once

#include <algorithm>
#include <cstddef>

#include "base/collective.hpp"

namespace cnn {

// Calls each(first, count) for the largest subtrees of a tree of `slots` that make up a part of it,
// from the first to the last.
template <typename Each>
void for_subtrees(const Part& part, std::size_t slots, const Each& each) {
  const std::size_t last = part.first + part.count;
  std::size_t at = part.first;
  while (at < last) {
    std::size_t size = 1;
    while (at % (2 * size) == 0 && size < slots && std::min(at + 2 * size, slots) <= last) {
      size *= 2;
    }
    const std::size_t count = std::min(size, slots - at);
    each(at, count);
    at += count;
  }
}

}  // namespace cnn
