// Uneven light on a sheet of paper.

#pragma once

#include "data/image/gray.hpp"

namespace cnn {

// Of light ink on dark paper: how much light the ink takes away, in proportion to what the paper at
// its place reflects, 0 … 255. The paper's level is that of a surface of the second degree, and of
// shadows, with soft edges or sharp ones: whatever is as wide as `drawn_on`, a part of the
// picture's side. What is narrower is ink. Takes time in proportion to the picture's pixels.
Gray without_shading(const Gray& picture, double drawn_on);

}  // namespace cnn
