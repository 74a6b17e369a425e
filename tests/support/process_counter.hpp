// Counts what a whole process asks the system for, for tests of code that asks for nothing.
//
// A test binary that calls these functions has malloc and its kin, and pthread_create, replaced by
// ones that count: calls of every library, on every thread, but OpenBLAS, whose AVX-512 kernels for
// small matrices take a block for some shapes and give it back before they return. Not with
// sanitizers (support/sanitizers.hpp), which replace these functions themselves.

#pragma once

#include <cstddef>

namespace cnn {

// Since the process started. All zero with sanitizers.
struct ProcessCounts {
  std::size_t allocations = 0;  // blocks of memory, also those that a block was enlarged to
  std::size_t threads = 0;

  bool operator==(const ProcessCounts&) const = default;
};

ProcessCounts process_counts();

}  // namespace cnn
