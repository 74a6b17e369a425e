// Convolution of a plane by one kernel of its own (a depthwise convolution is one for each channel)
// without a column matrix, which would be several times the plane, for products of one row.
//
// With stride 2 a plane is split into four, of its even and odd rows and columns, of which each tap
// of the kernel sees one; so all taps see neighbours as neighbours, whatever the stride.
//
// Legend: H·W the plane, KH·KW kernel, OH·OW output.

#pragma once

#include <cstddef>
#include <vector>

#include "base/view.hpp"
#include "kernels/im2col.hpp"

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

  // y ← w ⋆ x + bias. x: (H, W); weight: (KH, KW); y: (OH, OW).
  void forward(CView x, CView weight, Real bias, View y, View scratch) const;
  // dweight += ∂J/∂w
  void add_dweight(CView x, CView dy, View dweight, View scratch) const;
  // Assigns dx = ∂J/∂x.
  void dx(CView dy, CView weight, View dx, View scratch) const;

  // An element of the kernel, and where the pixel under it stands when the kernel is at the first
  // of a range of positions.
  struct Tap {
    std::size_t element;
    std::size_t offset;
  };

  // Equally spaced rows or columns of a plane: those of index first + i·step.
  struct Comb {
    int first;
    int step;
    int count;
  };

 private:
  // One direction of the window.
  struct Axis {
    Axis() = default;
    Axis(int input_size, int output_size, int kernel_size, int window_stride, int window_pad,
         int window_dilation);

    // The taps of a phase see pixels stride·(position + shift) + phase, padding counted.
    int phase(int tap) const { return tap * dilation % stride; }
    int shift(int tap) const { return tap * dilation / stride; }
    // The pixels of a phase: the first is that of position `skipped`.
    int skipped(int phase) const { return phase < pad ? (pad - phase + stride - 1) / stride : 0; }
    Comb pixels(int phase) const;

    int input = 0;
    int output = 0;
    int kernel = 0;
    int stride = 1;
    int pad = 0;
    int dilation = 1;
    int farthest = 0;  // largest shift
    int padded = 0;    // positions of dy between its padding: so many zeros as `farthest` before it
  };

  // What sends pixels of one phase back to dx.
  struct Share {
    Comb rows;
    Comb columns;
    std::vector<Tap> taps;
  };

  std::size_t phase_size() const;
  void split(CView x, View phases) const;

  Axis down_;
  Axis across_;
  std::size_t pitch_ = 0;         // from row to row of a phase
  std::vector<Tap> taps_;         // in the order of the kernel's elements
  std::size_t padded_pitch_ = 0;  // from row to row of the padded dy
  std::vector<Share> shares_;
};

}  // namespace cnn
