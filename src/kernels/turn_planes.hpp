// Planes turned round, so that the same position of several of them stands side by side, and back.

#pragma once

#include <cstddef>

#include "base/view.hpp"

namespace cnn {

// Planes, `plane` apart, and the same as rows of lanes: (positions, width).
struct TurnedPlanes {
  std::size_t positions;
  int count;          // planes
  std::size_t width;  // at least as many
  std::size_t plane;
};

// `planes` may be fewer than the width: the lanes behind them become zero.
void planes_to_rows(const TurnedPlanes& turn, const Real* planes, Real* rows);
void rows_to_planes(const TurnedPlanes& turn, const Real* rows, Real* planes);

}  // namespace cnn
