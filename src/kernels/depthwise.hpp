// Convolution of a plane by one kernel of its own (a depthwise convolution is one for each channel)
// without a column matrix, which would be several times the plane, for products of one row.
//
// With stride 2 a plane is split into four, of its even and odd rows and columns, of which each tap
// of the kernel sees one; so all taps see neighbours as neighbours, whatever the stride. Most
// kernels need no copy of the plane at all (Correlation3x3).
//
// Legend: H·W the plane, KH·KW kernel, OH·OW output.

#pragma once

#include <cstddef>
#include <vector>

#include "base/view.hpp"
#include "kernels/correlation_3x3.hpp"
#include "kernels/im2col.hpp"
#include "kernels/output_range.hpp"
#include "kernels/plane_correlation.hpp"
#include "kernels/window_axis.hpp"

namespace cnn {

// Immutable once made.
class Depthwise {
 public:
  // For windows over one channel, of stride 1 or 2, and kernels of no more than 256 elements.
  static bool applies(const Window& window);

  Depthwise() = default;
  explicit Depthwise(const Window& window);

  // Reals of scratch that the functions below need.
  std::size_t scratch() const;
  // Assigns the zeros of padding that they expect in scratch. They leave them there: once is enough
  // for many planes.
  void clear(View scratch) const;

  // y ← w ⋆ x + b, held to a range, of planes one behind the other, plane p by kernel p mod F.
  // x: (planes, H, W); weight: (F, KH, KW); bias: (F) or empty; y: (planes, OH, OW).
  void forward(std::size_t planes, CView x, CView weight, CView bias, View y, View scratch,
               const OutputRange& range = {}) const;
  // dweight += ∂J/∂w
  void add_dweight(CView x, CView dy, View dweight, View scratch) const;
  // Assigns dx = ∂J/∂x.
  void dx(CView dy, CView weight, View dx, View scratch) const;

 private:
  // Rows of x, and where they go in the phases: with a horizontal stride of 2 their even columns,
  // and their odd ones.
  struct Part {
    std::size_t from;
    std::size_t from_row;  // from row to row
    int rows;
    int columns = 0;
    std::size_t to = 0;
    int odd_columns = 0;
    std::size_t to_odd = 0;
  };
  // What sends pixels of one phase back to dx.
  struct Share {
    Comb rows;
    Comb columns;
    std::vector<Tap> taps;
  };

  // What scratch begins with: the phases of x, then dy between zeros, then a row of zeros.
  std::size_t phase_size() const;
  std::size_t phases_size() const;
  std::size_t padded_size() const;
  std::size_t cleared_size() const;
  Correlation3x3 square(bool turned, View scratch, const OutputRange& range) const;
  void find_parts();
  void split(CView x, View phases) const;

  bool is_3x3_ = false;  // forward, and dx with stride 1, go by Correlation3x3
  WindowAxis down_;
  WindowAxis across_;
  std::size_t pitch_ = 0;  // from row to row of a phase
  std::vector<Tap> taps_;  // in the order of the kernel's elements
  std::vector<Part> parts_;
  std::size_t padded_pitch_ = 0;  // from row to row of the padded dy
  std::vector<Share> shares_;
};

}  // namespace cnn
