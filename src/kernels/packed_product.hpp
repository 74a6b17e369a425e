// Products x·Wᵀ + b with a W that serves many of them: packed once, in panels of a few of its rows
// side by side, which a product reads from one end to the other.
//
// Every element of a product is the same sum in the same order, whatever rows and columns are
// computed with it. Legend: n samples, K inputs, F outputs.

#pragma once

#include <cstddef>

#include "base/view.hpp"
#include "kernels/output_range.hpp"

namespace cnn {

// Immutable once made.
class PackedProduct {
 public:
  PackedProduct() = default;
  // W: (outputs, inputs)
  PackedProduct(std::size_t outputs, std::size_t inputs);

  // Outputs of a panel: no product may begin or end within one.
  static std::size_t step();

  // Reals that pack assigns, and Reals of scratch that multiply needs.
  std::size_t packed() const;
  std::size_t scratch() const;

  void pack(CView w, View packed) const;

  // y ← x·Wᵀ + b for outputs first … last-1, held to a range. x: (n, K); w: (F, K), of which
  // `packed` may be empty: panels are packed then one by one; bias: (F) or empty; y: (n, F).
  struct Outputs {
    std::size_t first;
    std::size_t last;
  };
  void multiply(std::size_t n, Outputs outputs, CView x, CView w, CView packed, CView bias, View y,
                View scratch, const OutputRange& range = {}) const;

 private:
  // The inputs `from` … to-1 of a panel.
  struct Inputs {
    std::size_t from;
    std::size_t to;
  };
  void pack_panel(std::size_t first, Inputs inputs, CView w, Real* to) const;

  std::size_t outputs_ = 0;
  std::size_t inputs_ = 0;
};

}  // namespace cnn
