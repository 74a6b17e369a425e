// Counts heap allocations, for tests of code that promises none.
//
// A test binary that calls this function has the global operator new replaced by one that counts.

#pragma once

#include <cstddef>

namespace cnn {

// How often the calling thread has called operator new since it started.
std::size_t allocations_of_this_thread();

}  // namespace cnn
