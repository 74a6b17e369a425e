#include "kernels/packed_product.hpp"

#include <algorithm>

#include "base/vectors.hpp"
#include "kernels/lane_product.hpp"

namespace cnn {
namespace {

// Rows of y that go through scratch at once, where a panel's lanes end behind those of y.
constexpr std::size_t kRows = 24;
// Inputs that go through scratch at once, where w is not packed.
constexpr std::size_t kInputs = 256;

std::size_t rounded_up(std::size_t n, std::size_t step) {
  return (n + step - 1) / step * step;
}

}  // namespace

PackedProduct::PackedProduct(std::size_t outputs, std::size_t inputs)
    : outputs_(outputs), inputs_(inputs) {}

// Four vectors: with a single row of x, sums enough that none waits for the one before.
std::size_t PackedProduct::step() {
  return vector_level() == VectorLevel::x86_64_v4 ? 64 : 32;
}

std::size_t PackedProduct::packed() const {
  return rounded_up(outputs_, step()) * inputs_;
}

std::size_t PackedProduct::scratch() const {
  return (kRows + std::min(inputs_, kInputs)) * step();
}

void PackedProduct::pack_panel(std::size_t first, Inputs inputs, CView w, Real* to) const {
  const std::size_t lanes = std::min(step(), outputs_ - first);
  for (std::size_t lane = 0; lane < step(); ++lane) {
    for (std::size_t k = inputs.from; k < inputs.to; ++k) {
      to[(k - inputs.from) * step() + lane] =
          lane < lanes ? w[(first + lane) * inputs_ + k] : Real{0};
    }
  }
}

void PackedProduct::pack(CView w, View packed) const {
  for (std::size_t first = 0; first < outputs_; first += step()) {
    pack_panel(first, {0, inputs_}, w, &packed[first * inputs_]);
  }
}

void PackedProduct::multiply(std::size_t n, Outputs outputs, CView x, CView w, CView packed,
                             CView bias, View y, View scratch, const OutputRange& range) const {
  Real* const sums = scratch.data();
  Real* const room = sums + kRows * step();
  const std::size_t inputs_at_once = packed.empty() ? kInputs : inputs_;
  for (std::size_t first = outputs.first; first < outputs.last; first += step()) {
    const std::size_t count = std::min(step(), outputs_ - first);
    const std::size_t lanes = rounded_up(count, kProductLanes);
    const bool in_place = count == lanes;
    const std::size_t rows_at_once = in_place ? n : kRows;
    for (std::size_t row = 0; row < n; row += rows_at_once) {
      const std::size_t rows = std::min(rows_at_once, n - row);
      Real* const target = &y[row * outputs_ + first];
      Real* const c = in_place ? target : sums;
      const std::size_t c_step = in_place ? outputs_ : lanes;
      for (std::size_t i = 0; i < rows && !bias.empty(); ++i) {
        std::copy_n(&bias[first], count, c + i * c_step);
      }
      for (std::size_t k = 0; k < inputs_; k += inputs_at_once) {
        const Inputs inputs{k, std::min(k + inputs_at_once, inputs_)};
        if (packed.empty()) pack_panel(first, inputs, w, room);
        cnn::multiply({.rows = rows,
                       .inner = inputs.to - inputs.from,
                       .lanes = lanes,
                       .a = &x[row * inputs_ + k],
                       .a_row_step = inputs_,
                       .a_inner_step = 1,
                       .b = packed.empty() ? room : &packed[first * inputs_],
                       .b_step = step(),
                       .c = c,
                       .c_step = c_step,
                       .adds = k > 0 || !bias.empty(),
                       .range = inputs.to == inputs_ ? range : OutputRange{}});
      }
      for (std::size_t i = 0; i < rows && !in_place; ++i) {
        std::copy_n(sums + i * lanes, count, target + i * outputs_);
      }
    }
  }
}

}  // namespace cnn
