// Numbers for tests, from a generator of their own: what is tested does not draw its own data.

#pragma once

#include <cstdint>
#include <random>

#include "cnn/shape.hpp"

#include "base/view.hpp"
#include "support/naive.hpp"

namespace cnn {

class Draw {
 public:
  explicit Draw(std::uint32_t seed) : generator_(seed) {}

  // Uniform on low … high.
  int integer(int low, int high);
  // Uniform on [low, high), a multiple of (high − low)·2^-12: few bits, so that sums of products
  // round little.
  double real(double low, double high);
  Size2 size2(int low, int high);
  // A kernel of up to 5x5 that fits on an image of up to 5x12x12, with strides up to 4 and pads up
  // to 3, drawn for each direction by itself.
  naive::Slide slide();
  // A dilation of up to 3 with which the slide's kernel still fits.
  Size2 dilation(const naive::Slide& slide);
  // A divisor of both numbers.
  int groups(int channels, int count);

  // Assign all of `values`.
  void integers(View values, int bound);  // -bound … bound
  void reals(View values, double bound);  // [-bound, bound)
  // …, -1.5, -0.5, 0.5, 1.5, … times `spacing`, in random order: no two are closer than `spacing`,
  // none is closer to zero than half of it.
  void grid(View values, double spacing);

 private:
  std::mt19937 generator_;
};

}  // namespace cnn
