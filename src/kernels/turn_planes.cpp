#include "kernels/turn_planes.hpp"

#include <algorithm>

#include "base/lanes.hpp"

namespace cnn {
namespace {

constexpr std::size_t kSquare = 8;

CNN_INLINE
void planes_to_lanes(const TurnedPlanes& turn, const Real* planes, Real* rows) {
  for (std::size_t first = 0; first < turn.width; first += kSquare) {
    const std::size_t count = static_cast<std::size_t>(
        std::clamp(turn.count - static_cast<int>(first), 0, static_cast<int>(kSquare)));
    const Real* const from = planes + first * turn.plane;
    std::size_t p = 0;
    for (; p + kSquare <= turn.positions; p += kSquare) {
      Lanes8 square[kSquare]{};
      for (std::size_t k = 0; k < count; ++k) square[k] = load<Lanes8>(from + k * turn.plane + p);
      transpose(square);
      for (std::size_t k = 0; k < kSquare; ++k) {
        store(square[k], rows + (p + k) * turn.width + first);
      }
    }
    for (; p < turn.positions; ++p) {
      for (std::size_t k = 0; k < kSquare; ++k) {
        rows[p * turn.width + first + k] = k < count ? from[k * turn.plane + p] : Real{0};
      }
    }
  }
}

CNN_INLINE
void lanes_to_planes(const TurnedPlanes& turn, const Real* rows, Real* planes) {
  for (std::size_t first = 0; first < static_cast<std::size_t>(turn.count); first += kSquare) {
    const std::size_t count = std::min(static_cast<std::size_t>(turn.count) - first, kSquare);
    Real* const to = planes + first * turn.plane;
    std::size_t p = 0;
    for (; p + kSquare <= turn.positions; p += kSquare) {
      Lanes8 square[kSquare];
      for (std::size_t k = 0; k < kSquare; ++k) {
        square[k] = load<Lanes8>(rows + (p + k) * turn.width + first);
      }
      transpose(square);
      for (std::size_t k = 0; k < count; ++k) store(square[k], to + k * turn.plane + p);
    }
    for (; p < turn.positions; ++p) {
      for (std::size_t k = 0; k < count; ++k) {
        to[k * turn.plane + p] = rows[p * turn.width + first + k];
      }
    }
  }
}

}  // namespace

void planes_to_rows(const TurnedPlanes& turn, const Real* planes, Real* rows) {
  vectorized<planes_to_lanes>(turn, planes, rows);
}

void rows_to_planes(const TurnedPlanes& turn, const Real* rows, Real* planes) {
  vectorized<lanes_to_planes>(turn, rows, planes);
}

}  // namespace cnn
