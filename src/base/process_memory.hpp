// What this process holds.

#pragma once

#include <cstddef>

namespace cnn {

// The most bytes of memory that it has held at once so far, libraries included; 0 if the system
// does not tell.
std::size_t peak_memory();

// What it holds now.
std::size_t present_memory();

}  // namespace cnn
