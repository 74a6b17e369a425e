// Lists of numbers, which tests compare: the library's views as doubles.

#pragma once

#include <cstddef>
#include <vector>

#include "base/view.hpp"

namespace cnn {

using Values = std::vector<double>;

Values values(CView view);

// The i-th of n equal parts: sample i of a batch of n.
Values part(CView view, std::size_t i, std::size_t n);

// Assigns all of `view`; the sizes must agree.
void assign(View view, const Values& from);

// a ← a + b
void add(Values& a, const Values& b);

// The largest |a_i − b_i|; infinite if the sizes differ or something is not a number.
double largest_difference(const Values& a, const Values& b);

// Σ_i a_i·b_i
double inner_product(const Values& a, const Values& b);

}  // namespace cnn
