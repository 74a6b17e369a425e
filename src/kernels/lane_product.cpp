#include "kernels/lane_product.hpp"

#include <algorithm>

#include "base/lanes.hpp"
#include "kernels/hold.hpp"

namespace cnn {
namespace {

// `rows` rows from `row` on, of the columns from `lane` on.
template <typename V, int vectors, int rows>
CNN_INLINE void block(const LaneProduct& job, std::size_t lane, std::size_t row) {
  constexpr std::size_t kWidth = sizeof(V) / sizeof(Real);
  V sums[rows][vectors];
  Real* const c = job.c + row * job.c_step + lane;
  for (int r = 0; r < rows; ++r) {  // the sums take a while
    __builtin_prefetch(c + static_cast<std::size_t>(r) * job.c_step, 1);
  }
  for (int r = 0; r < rows; ++r) {
    const Real start =
        job.row_start == nullptr ? Real{0} : job.row_start[row + static_cast<std::size_t>(r)];
    for (int v = 0; v < vectors; ++v) {
      sums[r][v] = job.adds ? load<V>(c + static_cast<std::size_t>(r) * job.c_step +
                                      static_cast<std::size_t>(v) * kWidth)
                            : V{} + start;
    }
  }
  const Real* a = job.a + row * job.a_row_step;
  const Real* b = job.b + lane;
  for (std::size_t k = 0; k < job.inner; ++k, a += job.a_inner_step, b += job.b_step) {
    V columns[vectors];
    for (int v = 0; v < vectors; ++v) {
      columns[v] = load<V>(b + static_cast<std::size_t>(v) * kWidth);
    }
    for (int r = 0; r < rows; ++r) {
      const Real factor = a[static_cast<std::size_t>(r) * job.a_row_step];
      for (int v = 0; v < vectors; ++v) sums[r][v] += factor * columns[v];
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) {
      store(held_to(job.range, sums[r][v]),
            c + static_cast<std::size_t>(r) * job.c_step + static_cast<std::size_t>(v) * kWidth);
    }
  }
}

// The same for `count` rows, 1 … most.
template <typename V, int vectors, int most>
CNN_INLINE void block_of(const LaneProduct& job, std::size_t lane, std::size_t row,
                         std::size_t count) {
  if constexpr (most > 1) {
    if (count < most) return block_of<V, vectors, most - 1>(job, lane, row, count);
  }
  block<V, vectors, most>(job, lane, row);
}

// As many sums at once as registers hold beside what is multiplied, in blocks of about one size: a
// row that is left over would wait for each of its sums.
template <typename V, int vectors>
CNN_INLINE void columns_from(const LaneProduct& job, std::size_t first, std::size_t end,
                             std::size_t& lane) {
  constexpr bool kIsWide = sizeof(V) > sizeof(Lanes8);
  constexpr std::size_t kStep = vectors * sizeof(V) / sizeof(Real);
  constexpr std::size_t kMost = vectors == 4 ? 3 : vectors == 2 && !kIsWide ? 6 : 12;
  const std::size_t rows = end - first;
  const std::size_t blocks = (rows + kMost - 1) / kMost;
  for (; lane + kStep <= job.lanes; lane += kStep) {
    for (std::size_t k = 0; k < blocks; ++k) {
      const std::size_t row = rows * k / blocks;
      block_of<V, vectors, kMost>(job, lane, first + row, rows * (k + 1) / blocks - row);
    }
  }
}

template <typename V>
CNN_INLINE void multiply_by(const LaneProduct& job) {
  // Rows of a that stay in the cache while all columns pass by, in parts of about one size.
  constexpr std::size_t kCached = 4096;
  constexpr std::size_t kBlock = 12;
  constexpr std::size_t kFewRows = 3;
  const std::size_t most = std::max<std::size_t>(1, kCached / (job.inner * kBlock)) * kBlock;
  const std::size_t parts = (job.rows + most - 1) / most;
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t first = job.rows * part / parts;
    const std::size_t end = job.rows * (part + 1) / parts;
    std::size_t lane = 0;
    // One row has too few sums in two vectors, each of which waits for the one before.
    if (end - first <= kFewRows) columns_from<V, 4>(job, first, end, lane);
    columns_from<V, 2>(job, first, end, lane);
    columns_from<V, 1>(job, first, end, lane);
    if constexpr (sizeof(V) > sizeof(Lanes8)) columns_from<Lanes8, 1>(job, first, end, lane);
  }
}

}  // namespace

void multiply(const LaneProduct& product) {
  vector_level() == VectorLevel::x86_64_v4 ? on_v4<multiply_by<Lanes16>>(product)
                                           : vectorized<multiply_by<Lanes8>>(product);
}

}  // namespace cnn
