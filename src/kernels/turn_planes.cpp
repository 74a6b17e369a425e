#include "kernels/turn_planes.hpp"

#include <algorithm>
#include <type_traits>

#include "base/lanes.hpp"

namespace cnn {
namespace {

constexpr std::size_t kSquare = 8;

// Calls square(position) for all positions, eight by eight, of which the last may overlap those
// before; or single(position) where there are fewer.
template <typename Square, typename Single>
CNN_INLINE void for_squares(std::size_t positions, const Square& square, const Single& single) {
  if (positions < kSquare) {
    for (std::size_t p = 0; p < positions; ++p) single(p);
    return;
  }
  for (std::size_t p = 0; p < positions; p += kSquare) square(std::min(p, positions - kSquare));
}

// `count` planes, kSquare of which keep a square in registers.
template <typename Count>
CNN_INLINE void some_to_lanes(const TurnedPlanes& turn, Count count, const Real* planes,
                              Real* rows) {
  const auto square = [&](std::size_t p) CNN_INLINE_LAMBDA {
    Lanes8 v[kSquare]{};
    for (std::size_t k = 0; k < count; ++k) v[k] = load<Lanes8>(planes + k * turn.plane + p);
    transpose(v);
    for (std::size_t k = 0; k < kSquare; ++k) store(v[k], rows + (p + k) * turn.width);
  };
  for_squares(turn.positions, square, [&](std::size_t p) CNN_INLINE_LAMBDA {
    for (std::size_t k = 0; k < kSquare; ++k) {
      rows[p * turn.width + k] = k < count ? planes[k * turn.plane + p] : Real{0};
    }
  });
}

template <typename Count>
CNN_INLINE void some_to_planes(const TurnedPlanes& turn, Count count, const Real* rows,
                               Real* planes) {
  const auto square = [&](std::size_t p) CNN_INLINE_LAMBDA {
    Lanes8 v[kSquare];
    for (std::size_t k = 0; k < kSquare; ++k) v[k] = load<Lanes8>(rows + (p + k) * turn.width);
    transpose(v);
    for (std::size_t k = 0; k < count; ++k) store(v[k], planes + k * turn.plane + p);
  };
  for_squares(turn.positions, square, [&](std::size_t p) CNN_INLINE_LAMBDA {
    for (std::size_t k = 0; k < count; ++k) planes[k * turn.plane + p] = rows[p * turn.width + k];
  });
}

using AllOfSquare = std::integral_constant<std::size_t, kSquare>;

CNN_INLINE
void planes_to_lanes(const TurnedPlanes& turn, const Real* planes, Real* rows) {
  for (std::size_t first = 0; first < turn.width; first += kSquare) {
    const std::size_t count = static_cast<std::size_t>(
        std::clamp(turn.count - static_cast<int>(first), 0, static_cast<int>(kSquare)));
    const Real* const from = planes + first * turn.plane;
    count == kSquare ? some_to_lanes(turn, AllOfSquare(), from, rows + first)
                     : some_to_lanes(turn, count, from, rows + first);
  }
}

CNN_INLINE
void lanes_to_planes(const TurnedPlanes& turn, const Real* rows, Real* planes) {
  for (std::size_t first = 0; first < static_cast<std::size_t>(turn.count); first += kSquare) {
    const std::size_t count = std::min(static_cast<std::size_t>(turn.count) - first, kSquare);
    Real* const to = planes + first * turn.plane;
    count == kSquare ? some_to_planes(turn, AllOfSquare(), rows + first, to)
                     : some_to_planes(turn, count, rows + first, to);
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
