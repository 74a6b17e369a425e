#include "layers/pool_2x2.hpp"

#include "vectors.hpp"

namespace cnn::pool_2x2 {
namespace {

// What lies between the image and its half: rows of pairs. `pairs` is (⌊height/2⌋, even width).
struct Sizes {
  explicit Sizes(const Planes& planes)
      : rows(planes.height / 2),
        width(planes.width / 2 * 2),
        pixels(planes.height * planes.width) {}
  std::size_t rows;
  std::size_t width;
  std::size_t pixels;

  std::size_t pairs() const { return rows * width; }
  std::size_t outputs() const { return pairs() / 2; }
};

// Zeros for the last row and column of an odd plane, which no window reads.
CNN_INLINE void clear_rest(const Planes& planes, Real* plane) {
  if (planes.width % 2 != 0) {
    for (std::size_t row = 0; row < planes.height; ++row) plane[(row + 1) * planes.width - 1] = 0;
  }
  if (planes.height % 2 != 0) {
    Real* const last = plane + (planes.height - 1) * planes.width;
    for (std::size_t i = 0; i < planes.width; ++i) last[i] = 0;
  }
}

}  // namespace

// All four go in two steps, rows and then columns or the other way round, so that each loop runs
// over contiguous memory, and the longer one over a whole plane.

// Of the upper and the lower pixel, then of the left and the right. A place is a Real until the
// end: values and places fill vectors of the same width.
CNN_VECTORIZED
void forward_max(const Planes& planes, const Real* x, Real* scratch, Real* y,
                 std::uint8_t* winners) {
  const Sizes sizes(planes);
  Real* __restrict const values = scratch;
  Real* __restrict const places = scratch + sizes.pairs();
  for (std::size_t plane = 0; plane < planes.count; ++plane) {
    for (std::size_t row = 0; row < sizes.rows; ++row) {
      const Real* __restrict const a = x + plane * sizes.pixels + 2 * row * planes.width;
      const Real* __restrict const b = a + planes.width;
      Real* __restrict const value = values + row * sizes.width;
      Real* __restrict const place = places + row * sizes.width;
      for (std::size_t i = 0; i < sizes.width; ++i) {
        const bool lower = (b[i] > a[i]) | (b[i] != b[i]);
        value[i] = lower ? b[i] : a[i];
        place[i] = lower ? Real{2} : Real{0};
      }
    }
    Real* __restrict const to = y + plane * sizes.outputs();
    std::uint8_t* __restrict const winner =
        winners == nullptr ? nullptr : winners + plane * sizes.outputs();
    const auto right_wins = [=](std::size_t i) CNN_INLINE_LAMBDA {
      const Real left = values[2 * i];
      const Real right = values[2 * i + 1];
      return (right > left) | ((right == left) & (places[2 * i + 1] < places[2 * i])) |
             (right != right);
    };
    if (winner == nullptr) {
      for (std::size_t i = 0; i < sizes.outputs(); ++i) {
        to[i] = right_wins(i) ? values[2 * i + 1] : values[2 * i];
      }
      continue;
    }
    for (std::size_t i = 0; i < sizes.outputs(); ++i) {
      const bool wins = right_wins(i);
      to[i] = wins ? values[2 * i + 1] : values[2 * i];
      winner[i] =
          static_cast<std::uint8_t>(static_cast<int>(wins ? places[2 * i + 1] + 1 : places[2 * i]));
    }
  }
}

CNN_VECTORIZED
void backward_max(const Planes& planes, const Real* dy, const std::uint8_t* winners, Real* scratch,
                  Real* dx) {
  const Sizes sizes(planes);
  Real* __restrict const shares = scratch;
  Real* __restrict const places = scratch + sizes.pairs();
  for (std::size_t plane = 0; plane < planes.count; ++plane) {
    const Real* __restrict const from = dy + plane * sizes.outputs();
    const std::uint8_t* __restrict const winner = winners + plane * sizes.outputs();
    // places: 0 or 2 where this column has the winner, in the upper or in the lower row.
    for (std::size_t i = 0; i < sizes.outputs(); ++i) {
      const auto place = static_cast<Real>(static_cast<int>(winner[i]));
      shares[2 * i] = shares[2 * i + 1] = from[i];
      places[2 * i] = place;
      places[2 * i + 1] = place - 1;
    }
    Real* const to = dx + plane * sizes.pixels;
    for (std::size_t row = 0; row < sizes.rows; ++row) {
      Real* __restrict const a = to + 2 * row * planes.width;
      Real* __restrict const b = a + planes.width;
      const Real* __restrict const share = shares + row * sizes.width;
      const Real* __restrict const place = places + row * sizes.width;
      for (std::size_t i = 0; i < sizes.width; ++i) {
        a[i] = place[i] == 0 ? share[i] : 0;
        b[i] = place[i] == 2 ? share[i] : 0;
      }
    }
    clear_rest(planes, to);
  }
}

CNN_VECTORIZED
void forward_mean(const Planes& planes, const Real* x, Real* scratch, Real* y) {
  const Sizes sizes(planes);
  for (std::size_t plane = 0; plane < planes.count; ++plane) {
    for (std::size_t row = 0; row < sizes.rows; ++row) {
      const Real* __restrict const a = x + plane * sizes.pixels + 2 * row * planes.width;
      const Real* __restrict const b = a + planes.width;
      Real* __restrict const sum = scratch + row * sizes.width;
      for (std::size_t i = 0; i < sizes.width; ++i) sum[i] = a[i] + b[i];
    }
    const Real* __restrict const sums = scratch;
    Real* __restrict const to = y + plane * sizes.outputs();
    for (std::size_t i = 0; i < sizes.outputs(); ++i) {
      to[i] = (sums[2 * i] + sums[2 * i + 1]) * Real{0.25};
    }
  }
}

CNN_VECTORIZED
void backward_mean(const Planes& planes, const Real* dy, Real* scratch, Real* dx) {
  const Sizes sizes(planes);
  for (std::size_t plane = 0; plane < planes.count; ++plane) {
    const Real* __restrict const from = dy + plane * sizes.outputs();
    Real* __restrict const shares = scratch;
    for (std::size_t i = 0; i < sizes.outputs(); ++i) {
      shares[2 * i] = shares[2 * i + 1] = from[i] * Real{0.25};
    }
    Real* const to = dx + plane * sizes.pixels;
    for (std::size_t row = 0; row < sizes.rows; ++row) {
      Real* __restrict const a = to + 2 * row * planes.width;
      Real* __restrict const b = a + planes.width;
      for (std::size_t i = 0; i < sizes.width; ++i) a[i] = b[i] = shares[row * sizes.width + i];
    }
    clear_rest(planes, to);
  }
}

}  // namespace cnn::pool_2x2
