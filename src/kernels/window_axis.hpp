// One direction of a sliding window, seen from the pixels: which taps see them, and where.

#pragma once

#include <algorithm>

namespace cnn {

// Equally spaced rows or columns of a plane: those of index first + i·step.
struct Comb {
  int first;
  int step;
  int count;
};

// The tap k of the window at position o sees the pixel stride·o + dilation·k − pad, which is
//   stride·(o + shift(k)) + phase(k) − pad:
// the pixels of a phase are seen by taps of that phase alone, as if the stride were 1.
struct WindowAxis {
  WindowAxis() = default;
  WindowAxis(int input_size, int output_size, int kernel_size, int window_stride, int window_pad,
             int window_dilation)
      : input(input_size),
        output(output_size),
        kernel(kernel_size),
        stride(window_stride),
        pad(window_pad),
        dilation(window_dilation),
        farthest(shift(kernel_size - 1)) {
    for (int p = 0; p < stride; ++p) padded = std::max(padded, skipped(p) + pixels(p).count);
    padded += farthest;
  }

  int phase(int tap) const { return tap * dilation % stride; }
  int shift(int tap) const { return tap * dilation / stride; }
  // Positions before the first pixel of a phase, all of padding.
  int skipped(int phase) const { return phase < pad ? (pad - phase + stride - 1) / stride : 0; }
  Comb pixels(int phase) const {
    const int first = skipped(phase) * stride + phase - pad;
    return {first, stride, first < input ? (input - first + stride - 1) / stride : 0};
  }

  int input = 0;
  int output = 0;
  int kernel = 0;
  int stride = 1;
  int pad = 0;
  int dilation = 1;
  int farthest = 0;  // the largest shift
  // To send dy back to the pixels it is padded: `farthest` zeros before it, and so many in all that
  // pixel i of a phase finds what tap k sends it at skipped + i + farthest − shift(k).
  int padded = 0;
};

}  // namespace cnn
