#include "kernels/padding.hpp"

#include <algorithm>

#include "base/lanes.hpp"

namespace cnn {
namespace {

constexpr int kLanes = 8;

// Zeros around the columns left … left+count-1 of a row; those next to them may become zero, too.
CNN_INLINE void clear_around(int left, int count, int width, Real* row) {
  if (width < kLanes) {
    for (int i = 0; i < width; ++i) row[i] = 0;
    return;
  }
  for (int i = 0; i < left; i += kLanes) store(Lanes8{}, row + std::min(i, width - kLanes));
  for (int i = width; i > left + count; i -= kLanes) store(Lanes8{}, row + std::max(0, i - kLanes));
}

CNN_INLINE
void pad(const Frame& frame, const Real* from, Real* to) {
  const auto size = [](int a, int b) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
  };
  const int rows = std::max(0, std::min(frame.height, frame.padded_height - frame.top));
  const int columns = std::max(0, std::min(frame.width, frame.padded_width - frame.left));
  const int above = std::min(frame.top, frame.padded_height);
  const int below = frame.padded_height - above - rows;
  for (int plane = 0; plane < frame.planes; ++plane) {
    const Real* source = from + size(plane * frame.height, frame.width);
    to = std::fill_n(to, size(above, frame.padded_width), Real{0});
    for (int row = 0; row < rows; ++row, source += frame.width, to += frame.padded_width) {
      clear_around(std::min(frame.left, frame.padded_width), columns, frame.padded_width, to);
      if (columns > 0) copy_short(source, columns, to + frame.left);
    }
    to = std::fill_n(to, size(below, frame.padded_width), Real{0});
  }
}

}  // namespace

const Real* padded(const Frame& frame, CView from, View scratch) {
  if (!frame.is_needed()) return from.data();
  vectorized<pad>(frame, from.data(), scratch.data());
  return scratch.data();
}

}  // namespace cnn
