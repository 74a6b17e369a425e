// Max pooling with windows of any size: the lanes of a vector are planes, which are turned round
// strip by strip, so that maps of a few pixels fill it as well as large ones.

#pragma once

#include <cstddef>
#include <cstdint>

#include "base/view.hpp"
#include "kernels/im2col.hpp"

namespace cnn::max_pooling {

// Not for windows of more pixels than a cache holds of all lanes.
bool applies(const Window& window);

// Reals of scratch that forward needs.
std::size_t scratch(const Window& window);

// y = max over the window's pixels, for so many planes of the window's size; a NaN wins. winners:
// the index of the winning pixel within its plane, the first in row order among equals; nullptr if
// nobody wants to know.
void forward(const Window& window, std::size_t planes, const Real* x, Real* y,
             std::uint32_t* winners, View scratch);

}  // namespace cnn::max_pooling
