// Convolution of stride 1 with square kernels of 3 or 5 pixels by Winograd's method: 4 or 2.8 times
// fewer multiplications than its definition has, still as matrix products.
//
// The image is cut into tiles of 6x6 pixels, which overlap by kernel − 1. Tiles and kernels are
// polynomials; their product is computed from its values at the points 0, 1, −1, 2, −2, ∞ in each
// direction, 36 in all, where convolution is a plain product. For one tile of m x m outputs,
// m = 7 − kernel,
//   y = Aᵀ [ Σ_c (G w_c Gᵀ) ⊙ (Bᵀ x_c B) ] A,
// and the sum over channels, for all tiles and kernels at once, is one matrix product per point.
// Source: S. Winograd, "Arithmetic Complexity of Computations" (1980); A. Lavin and S. Gray, "Fast
// Algorithms for Convolutional Neural Networks" (2015). Backward is the adjoint of each step.
//
// Rounding: the values at ±2 are larger than the results that they cancel into. Norm-wise, results
// are off by 1 to 4·10⁻⁶ where plain sums in float are off by 2·10⁻⁷
// (tests/kernels/winograd_test.cpp bounds it); results of integers of -1, 0 and 1 are exact.
//
// Legend: F kernels (`count`), C input channels, T tiles.

#pragma once

#include <cstddef>

#include "base/part_of.hpp"
#include "base/view.hpp"
#include "kernels/im2col.hpp"
#include "kernels/output_range.hpp"
#include "kernels/way.hpp"

namespace cnn {

class Winograd {
 public:
  // Is the window supported: stride 1, dilation 1, a kernel of 3x3 or 5x5?
  static bool applies(const Window& window);
  // Is it supported, and expected to be clearly faster than im2col? (With few channels, tiles cost
  // more than they save.)
  static bool pays(const Window& window, int count);

  Winograd() = default;
  // For a window that it applies to.
  Winograd(const Window& window, int count);

  // Images whose products are made together. The bits of one depend on no other.
  std::size_t block() const { return static_cast<std::size_t>(block_images_); }
  // So few images, which divide block(), make products of enough rows to be worth a call.
  std::size_t fewest() const { return static_cast<std::size_t>(fewest_); }
  // Images of a part of a call, a multiple of block(): backward adds up dweight part by part.
  std::size_t part() const { return static_cast<std::size_t>(part_); }

  // Reals of scratch that the functions below need.
  std::size_t scratch() const;

  // y ← W ⋆ x + b, held to a range, of some kernels, which are ranges of whole kStep. The bits of
  // an image's outputs depend on nothing else. x: (n, C, H, W); weight: (F, C, K, K); packed: what
  // pack assigns for these weights, or empty; bias: (F) or empty; y: (n, F, OH, OW).
  static constexpr std::size_t kStep = 16;
  struct Filters {
    std::size_t first;
    std::size_t last;
  };
  void forward(std::size_t n, Filters filters, CView x, CView weight, CView packed, CView bias,
               View y, View scratch, const OutputRange& range = {}) const;
  // What calls need of the weights, forward or for dx: one can serve several calls, and several
  // threads can share in making it.
  std::size_t packed(Way way) const;  // Reals
  void pack(Way way, const PartOf& part, CView weight, View packed) const;

  // dweight += ∂J/∂W; dx ← ∂J/∂x unless dx is empty.
  void backward(std::size_t n, CView x, CView weight, CView dy, View dweight, View dx,
                View scratch) const;
  // The same for one part, at most part() images; its share of dweight stays in scratch until
  // add_dweight adds it. Without x it computes dx alone, of any number of images. packed: what pack
  // assigns, or empty; it may be the first Reals of any scratch. half: a call without dx may leave
  // the share of one of kHalves parts of the input's channels alone, to the same bits.
  static constexpr int kHalves = 2;
  struct Images {
    std::size_t n;
    CView x;
    CView dy;
    PartOf half = {};
  };
  void backward_part(const Images& images, CView weight, CView packed, View dx, View scratch) const;
  void add_dweight(const PartOf& part, View dweight, View scratch) const;

 private:
  struct Memory;
  Memory divide(View scratch) const;
  void clear_pixels(const Memory& m) const;
  void backward_part(const Memory& m, const Images& part, View dx) const;
  // Calls block(first image, images, first row of tiles, rows of tiles) until all of n are done.
  template <typename Block>
  void for_blocks(std::size_t n, const Block& block) const;

  Window window_;
  int count_ = 0;
  int outputs_ = 0;       // m: a tile's outputs in each direction
  int tile_rows_ = 0;     // of an image
  int tile_columns_ = 0;  // of an image
  // A block: several whole images, or some rows of tiles of one.
  int block_images_ = 1;  // a power of two
  int block_rows_ = 1;
  int part_ = 1;  // images; a multiple of block_images_
  int fewest_ = 1;
  int panel_ = 1;  // kernels whose points stand side by side
};

}  // namespace cnn
