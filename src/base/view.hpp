// Real, and the two ways of looking at memory that somebody else owns: flat views and matrices.

#pragma once

#include <cassert>
#include <cstddef>
#include <span>
#include <type_traits>

namespace cnn {

// The number type of all mathematics. float; the tests build the library a second time with double
// to check gradients far below float's rounding.
#ifdef CNN_DOUBLE
using Real = double;
#else
using Real = float;
#endif

using View = std::span<Real>;
using CView = std::span<const Real>;

// Row-major rows x columns; rows need not touch: element (i, j) is data[i * stride + j].
template <typename T>
struct BasicMatrix {
  T* data = nullptr;
  int rows = 0;
  int columns = 0;
  int stride = 0;

  BasicMatrix() = default;
  BasicMatrix(T* first, int row_count, int column_count)
      : data(first), rows(row_count), columns(column_count), stride(column_count) {}
  BasicMatrix(std::span<T> view, int row_count, int column_count)
      : BasicMatrix(view.data(), row_count, column_count) {
    assert(view.size() >=
           static_cast<std::size_t>(row_count) * static_cast<std::size_t>(column_count));
  }
  // A matrix to read is made from one to write, not the other way round.
  template <typename U>
  requires(std::is_same_v<const U, T>) BasicMatrix(const BasicMatrix<U>& other)
      : data(other.data), rows(other.rows), columns(other.columns), stride(other.stride) {}
};

using Matrix = BasicMatrix<Real>;
using ConstMatrix = BasicMatrix<const Real>;

}  // namespace cnn
