// Max pooling with windows of any size that step by one or two pixels across: first the largest of
// each column of a row of windows, by vectors as wide as the image, then the largest of each
// window's columns.

#pragma once

#include <cstddef>
#include <cstdint>

#include "base/view.hpp"
#include "kernels/im2col.hpp"

namespace cnn::pool_rows {

// Not for images of more than some hundred columns.
bool applies(const Window& window);

// y = max over the window's pixels, for so many planes of the window's size; a NaN wins. winners:
// the index of the winning pixel within its plane, the first in row order among equals; nullptr if
// nobody wants to know.
void forward_max(const Window& window, std::size_t planes, const Real* x, Real* y,
                 std::uint32_t* winners);

}  // namespace cnn::pool_rows
