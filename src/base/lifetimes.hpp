// Buffers that share memory, because they are not needed at the same time.

#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace cnn {

// A buffer that must be there from one moment to another, both included. Moments are numbers of any
// meaning.
struct Lifetime {
  std::size_t size;
  std::size_t first;
  std::size_t last;
};

// Where each buffer stands in memory that they share; and the size of that memory.
struct SharedMemory {
  std::vector<std::size_t> offsets;
  std::size_t size = 0;
};

// Places them so that no two overlap that live at the same time. The largest come first, each at
// the lowest place that is free: seldom the best there is, and never far from it. Offsets are sums
// of sizes.
SharedMemory place(std::span<const Lifetime> buffers);

}  // namespace cnn
