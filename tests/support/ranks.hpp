// Ranks of one process: what several of MPI do, on a thread each.

#pragma once

#include <functional>

#include "base/collective.hpp"

namespace cnn {

// Calls body on `count` threads, each with a collective of its own. When all have returned, what
// the first of them threw is thrown; one that throws ends the others with code 1.
void run_ranks(int count, const std::function<void(Collective&)>& body);

}  // namespace cnn
