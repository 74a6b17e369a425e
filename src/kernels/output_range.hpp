// What the outputs of a kernel are held to, as relu holds them to 0 and more.

#pragma once

#include <limits>

#include "base/view.hpp"

namespace cnn {

struct OutputRange {
  Real low = -std::numeric_limits<Real>::infinity();
  Real high = std::numeric_limits<Real>::infinity();

  bool operator==(const OutputRange&) const = default;
};

}  // namespace cnn
