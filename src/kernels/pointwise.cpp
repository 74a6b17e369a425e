#include "kernels/pointwise.hpp"

#include <algorithm>

#include "base/lanes.hpp"
#include "kernels/lane_product.hpp"

namespace cnn {
namespace {

// Positions that are multiplied together: as many as stay in the cache.
std::size_t panel_of(std::size_t planes) {
  constexpr std::size_t kCached = 4096;  // Reals
  constexpr std::size_t kLeast = 32;     // two of the widest vectors
  constexpr std::size_t kMost = 128;
  return std::clamp(kCached / planes / kLeast * kLeast, kLeast, kMost);
}

// Positions first … first+count−1 of a call, counted through its samples, as the columns of
// matrices that have a row per plane.
struct Columns {
  std::size_t first;
  std::size_t count;
  std::size_t positions;  // of a sample
  std::size_t per_row;
  std::size_t step;  // from row to row of the matrices
};

// Calls run(pixel within the call's first plane, columns, first column) for all runs of pixels that
// are evenly spaced.
template <typename Run>
CNN_INLINE void for_runs(const Columns& columns, const Pointwise::Planes& planes, const Run& run) {
  const bool whole = planes.column_step == 1 && planes.row_step == columns.per_row;
  for (std::size_t done = 0; done < columns.count;) {
    const std::size_t sample = (columns.first + done) / columns.positions;
    const std::size_t position = (columns.first + done) % columns.positions;
    const std::size_t row = position / columns.per_row;
    const std::size_t column = position % columns.per_row;
    const std::size_t together = whole ? columns.positions - position : columns.per_row - column;
    const std::size_t count = std::min(columns.count - done, together);
    run(sample * planes.count * planes.size + row * planes.row_step + column * planes.column_step,
        count, done);
    done += count;
  }
}

CNN_INLINE
void gather(const Columns& columns, const Pointwise::Planes& planes, const Real* from, Real* to) {
  const std::size_t step = planes.column_step;
  for_runs(columns, planes,
           [&](std::size_t pixel, std::size_t count, std::size_t column) CNN_INLINE_LAMBDA {
             for (std::size_t plane = 0; plane < planes.count; ++plane) {
               const Real* const source = from + pixel + plane * planes.size;
               Real* const target = to + column + plane * columns.step;
               if (step == 1 && count % 8 == 0) {
                 for (std::size_t i = 0; i < count; i += 8) {
                   store(load<Lanes8>(source + i), target + i);
                   __builtin_prefetch(source + count + i);  // for the next panel
                 }
               } else if (step == 2) {
                 copy_even(source, count, target);
               } else {
                 for (std::size_t i = 0; i < count; ++i) target[i] = source[i * step];
               }
             }
           });
}

CNN_INLINE
void scatter(const Columns& columns, const Pointwise::Planes& planes, const Real* from, Real* to) {
  const std::size_t step = planes.column_step;
  for_runs(columns, planes,
           [&](std::size_t pixel, std::size_t count, std::size_t column) CNN_INLINE_LAMBDA {
             for (std::size_t plane = 0; plane < planes.count; ++plane) {
               const Real* const source = from + column + plane * columns.step;
               Real* const target = to + pixel + plane * planes.size;
               for (std::size_t i = 0; i < count; ++i) target[i * step] = source[i];
             }
           });
}

// to ← a·from + bias, held to a range, at every position. a: (to.count, from.count).
struct Job {
  std::size_t n;
  std::size_t positions;
  std::size_t per_row;
  Pointwise::Planes from;
  Pointwise::Planes to;
  const Real* a;
  const Real* bias;  // one for each row of a, or null
  OutputRange range = {};
};

void multiply_positions(const Job& job, const Real* from, Real* to, View scratch) {
  const std::size_t panel = panel_of(job.from.count);
  Real* const gathered = scratch.data();
  Real* const products = gathered + job.from.count * panel;
  const bool in_place = job.to.column_step == 1 && job.to.row_step == job.per_row;
  const std::size_t all = job.n * job.positions;
  for (std::size_t first = 0; first < all; first += panel) {
    const std::size_t count = std::min(panel, all - first);
    const std::size_t lanes = (count + kProductLanes - 1) / kProductLanes * kProductLanes;
    const Columns columns{first, count, job.positions, job.per_row, lanes};
    // A whole panel of one sample goes straight to its planes.
    const std::size_t sample = first / job.positions;
    const std::size_t position = first % job.positions;
    const bool direct = in_place && count == lanes && position + count <= job.positions;
    Real* const c = direct ? to + sample * job.to.count * job.to.size + position : products;
    const std::size_t c_step = direct ? job.to.size : lanes;
    if (count < lanes) std::fill_n(gathered, job.from.count * lanes, Real{0});
    vectorized<gather>(columns, job.from, from, gathered);
    multiply({.rows = job.to.count,
              .inner = job.from.count,
              .lanes = lanes,
              .a = job.a,
              .a_row_step = job.from.count,
              .a_inner_step = 1,
              .b = gathered,
              .b_step = lanes,
              .c = c,
              .c_step = c_step,
              .row_start = job.bias,
              .range = job.range});
    if (!direct) vectorized<scatter>(columns, job.to, products, to);
  }
}

}  // namespace

bool Pointwise::pays(const Window& window, int count) {
  // Beyond, neither a row of weights nor the columns stay in the cache.
  constexpr int kLongestSum = 512;
  return window.kernel == Size2{1, 1} && window.pad == Size2{0, 0} &&
         window.input.channels <= kLongestSum && count <= kLongestSum;
}

Pointwise::Pointwise(const Window& window, int count)
    : columns_(static_cast<std::size_t>(window.output.width)),
      positions_(static_cast<std::size_t>(window.positions())) {
  const auto width = static_cast<std::size_t>(window.input.width);
  x_ = {static_cast<std::size_t>(window.input.channels),
        static_cast<std::size_t>(window.input.height) * width,
        static_cast<std::size_t>(window.stride.height) * width,
        static_cast<std::size_t>(window.stride.width)};
  y_ = {static_cast<std::size_t>(count), positions_, columns_, 1};
}

std::size_t Pointwise::scratch() const {
  const std::size_t panel = std::max(panel_of(x_.count), panel_of(y_.count));
  return (x_.count + y_.count) * panel + x_.count * y_.count;
}

void Pointwise::forward(std::size_t n, CView x, CView weight, CView bias, View y, View scratch,
                        const OutputRange& range) const {
  multiply_positions(
      {n, positions_, columns_, x_, y_, weight.data(), bias.empty() ? nullptr : bias.data(), range},
      x.data(), y.data(), scratch);
}

void Pointwise::forward_some(std::size_t filters, CView x, CView weight, CView bias, View y,
                             View scratch, const OutputRange& range) const {
  Planes planes = y_;
  planes.count = filters;
  multiply_positions({1, positions_, columns_, x_, planes, weight.data(),
                      bias.empty() ? nullptr : bias.data(), range},
                     x.data(), y.data(), scratch);
}

void Pointwise::dx(std::size_t n, CView dy, CView weight, View dx, View scratch) const {
  // Pixels between the windows.
  if (x_.size != positions_) std::fill(dx.begin(), dx.end(), Real{0});
  // Rows that are read along: elements a power of two apart would share few lines of the cache.
  const View turned = scratch.first(weight.size());
  for (std::size_t f = 0; f < y_.count; ++f) {
    for (std::size_t c = 0; c < x_.count; ++c) turned[c * y_.count + f] = weight[f * x_.count + c];
  }
  multiply_positions({n, positions_, columns_, y_, x_, turned.data(), nullptr}, dy.data(),
                     dx.data(), scratch.subspan(weight.size()));
}

}  // namespace cnn
