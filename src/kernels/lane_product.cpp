#include "kernels/lane_product.hpp"

#include <algorithm>

#include "base/lanes.hpp"
#include "kernels/hold.hpp"

namespace cnn {
namespace {

// Rows `row` … of the columns from `lane` on.
template <typename V, int vectors, int rows>
CNN_INLINE void block(const LaneProduct& job, std::size_t lane, std::size_t& row, std::size_t end) {
  constexpr std::size_t kWidth = sizeof(V) / sizeof(Real);
  for (; row + rows <= end; row += rows) {
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
}

// As many sums at once as registers hold beside what is multiplied.
template <typename V, int vectors>
CNN_INLINE void columns_from(const LaneProduct& job, std::size_t first, std::size_t end,
                             std::size_t& lane) {
  constexpr bool kIsWide = sizeof(V) > sizeof(Lanes8);
  constexpr std::size_t kStep = vectors * sizeof(V) / sizeof(Real);
  for (; lane + kStep <= job.lanes; lane += kStep) {
    std::size_t row = first;
    if constexpr (vectors == 4) {
      block<V, vectors, 3>(job, lane, row, end);
    } else {
      block<V, vectors, vectors == 2 ? (kIsWide ? 12 : 6) : 12>(job, lane, row, end);
      block<V, vectors, 4>(job, lane, row, end);
    }
    block<V, vectors, 2>(job, lane, row, end);
    block<V, vectors, 1>(job, lane, row, end);
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
  const std::size_t blocks = (job.rows + kBlock - 1) / kBlock;
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t first = blocks * part / parts * kBlock;
    const std::size_t end = std::min(job.rows, blocks * (part + 1) / parts * kBlock);
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
  vector_level() == VectorLevel::x86_64_v4 ? vectorized<multiply_by<Lanes16>>(product)
                                           : vectorized<multiply_by<Lanes8>>(product);
}

}  // namespace cnn
