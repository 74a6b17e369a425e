// The order in which a run sees its images.

#pragma once

#include <cstdint>

#include "cnn/dataset.hpp"

#include "data/selection.hpp"

namespace cnn {

// The images of a selection in the order of one epoch: a function of (seed, epoch). Without
// shuffle, the selection as it is.
Selection epoch_order(const Selection& selection, bool shuffle, std::uint64_t seed,
                      std::uint64_t epoch);

}  // namespace cnn
