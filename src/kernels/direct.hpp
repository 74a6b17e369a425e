// Convolution as its definition has it, without a column matrix, for shapes where that matrix costs
// more than the product or the product is too small for BLAS. The lanes of a vector are kernels: a
// pixel is multiplied by the same element of all of them, and sums stay in registers from the first
// tap to the last.
//
// Legend: n samples, C·H·W input, F kernels (`count`), KH·KW kernel, OH·OW output, taps = C·KH·KW.

#pragma once

#include <cstddef>
#include <vector>

#include "base/view.hpp"
#include "kernels/im2col.hpp"
#include "kernels/output_range.hpp"
#include "kernels/window_axis.hpp"

namespace cnn {

namespace direct {
struct Panel;
}

// Immutable once made.
class Direct {
 public:
  // Whether its forward and dweight are faster than products with a column matrix.
  static bool pays(const Window& window, int count);

  Direct() = default;
  Direct(const Window& window, int count);

  // Whether its dx is, too.
  bool dx_pays() const;

  // Reals of scratch that the functions below need.
  std::size_t scratch() const;

  // y ← W ⋆ x + b, held to a range, for the kernels first … last-1, a range of whole step(). x: (n,
  // C, H, W); weight: (F, taps); packed: what pack assigns for these, or empty; bias: (F) or empty;
  // y: (n, F, OH, OW).
  struct Filters {
    std::size_t first;
    std::size_t last;
  };
  void forward(std::size_t n, Filters filters, CView x, CView weight, CView packed, CView bias,
               View y, View scratch, const OutputRange& range = {}) const;
  static std::size_t step();
  std::size_t packed() const;  // Reals
  void pack(CView weight, View packed) const;
  // Assigns dx = ∂J/∂x.
  void dx(std::size_t n, CView dy, CView weight, View dx, View scratch) const;
  // dweight += ∂J/∂W of the taps first … last-1, one sample after the other.
  struct Taps {
    std::size_t first;
    std::size_t last;
  };
  void add_dweight(std::size_t n, Taps taps, CView x, CView dy, View dweight, View scratch) const;

  // Where a tap finds its pixel when the kernel is at the first position, and its element of the
  // first kernel.
  struct Tap {
    std::size_t offset;
    std::size_t element;
  };

 private:
  // What sends pixels of one phase back to dx: a correlation of the padded dy, for bands of rows
  // that see dy itself, and not padding alone, under the same rows of the kernel.
  struct Band {
    int first_row;
    int rows;
    std::size_t first_tap;
    std::size_t taps;
  };
  struct Share {
    Comb rows;
    Comb columns;
    std::vector<Tap> taps;  // row by row of the kernel
    std::vector<Band> bands;

    std::size_t size() const {  // in pixels
      return static_cast<std::size_t>(rows.count) * static_cast<std::size_t>(columns.count);
    }
  };

  bool spreads() const;
  void add_share(int row_phase, int column_phase);
  void correlate_share(const Share& share, const direct::Panel& panel, const Real* deltas,
                       const Real* weights, const Real* start, Real* rows) const;
  void join(const Share& share, const Share& other, const direct::Panel& panel, const Real* rows,
            Real* others, Real* planes) const;

  int channels_ = 0;
  int count_ = 0;
  WindowAxis down_;
  WindowAxis across_;
  std::vector<Tap> taps_;
  std::vector<Share> shares_;
};

}  // namespace cnn
