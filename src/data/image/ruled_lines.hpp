// Ruled and squared paper.

#pragma once

#include "data/image/gray.hpp"

namespace cnn {

// Takes thin straight lines away that run across the whole picture, level or upright but for a few
// degrees, and leaves the strokes that cross them. `ink` has paper at 0. A line counts only if what
// else is drawn ends well before it at both sides: the bar of a 7 that was cut out closely stays.
void remove_ruled_lines(Gray& ink);

}  // namespace cnn
