// Planes copied into the middle of larger ones, between zeros.

#pragma once

#include <cstddef>

#include "base/view.hpp"

namespace cnn {

// Planes of height x width, and where they stand within their padding. What lies outside of that is
// left out.
struct Frame {
  int planes;
  int height;
  int width;
  int top;
  int left;
  int padded_height;
  int padded_width;

  bool is_needed() const {
    return top != 0 || left != 0 || height < padded_height || width < padded_width;
  }
  // From row to row, and from plane to plane; of the planes themselves if they need no padding.
  int pitch() const { return is_needed() ? padded_width : width; }
  std::size_t plane() const {
    const int rows = is_needed() ? padded_height : height;
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(pitch());
  }
  std::size_t padded_size() const {
    return is_needed() ? static_cast<std::size_t>(planes) * plane() : 0;
  }
};

// `from` itself if it needs no padding, else the padded planes, which are assigned to scratch.
const Real* padded(const Frame& frame, CView from, View scratch);

}  // namespace cnn
