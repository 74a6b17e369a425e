#include "kernels/depthwise.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "base/lanes.hpp"
#include "kernels/interleave.hpp"
#include "kernels/plane_correlation.hpp"

namespace cnn {
namespace {

constexpr int kLanes = 8;

std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

std::size_t whole_lanes(int count) {
  return static_cast<std::size_t>((count + kLanes - 1) / kLanes * kLanes);
}

// The sums Σ dy[row, column]·x[tap + row·pitch + column], of all taps; dy is a whole number of
// vectors wide.
struct Products {
  const Real* x;
  std::size_t pitch;
  const Tap* taps;
  std::size_t tap_count;
  const Real* dy;
  std::size_t dy_pitch;
  int rows;
};

template <int taps>
CNN_INLINE void add_products_of(const Products& job, std::size_t& tap, Real* dweight) {
  for (; tap + taps <= job.tap_count; tap += taps) {
    Lanes8 sums[taps]{};
    for (int row = 0; row < job.rows; ++row) {
      const Real* const x = job.x + static_cast<std::size_t>(row) * job.pitch;
      const Real* const dy = job.dy + static_cast<std::size_t>(row) * job.dy_pitch;
      for (std::size_t column = 0; column < job.dy_pitch; column += kLanes) {
        const auto share = load<Lanes8>(dy + column);
        for (int t = 0; t < taps; ++t) {
          sums[t] +=
              share * load<Lanes8>(x + job.taps[tap + static_cast<std::size_t>(t)].offset + column);
        }
      }
    }
    for (int t = 0; t < taps; ++t) {
      const Lanes8& v = sums[t];
      dweight[job.taps[tap + static_cast<std::size_t>(t)].element] +=
          ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
    }
  }
}

CNN_INLINE
void add_products(const Products& job, Real* dweight) {
  std::size_t tap = 0;
  add_products_of<9>(job, tap, dweight);
  add_products_of<7>(job, tap, dweight);
  add_products_of<3>(job, tap, dweight);
  add_products_of<1>(job, tap, dweight);
}

// A part of a plane, the pixels of one phase, and where they go.
struct Copy {
  int rows;
  int columns;
  const Real* from;
  std::size_t from_row;  // from row to row
  int step;              // from column to column: 1 or 2
  Real* to;
  std::size_t to_row;
};

CNN_INLINE
void gather(const Copy& copy) {
  const Real* from = copy.from;
  Real* to = copy.to;
  for (int row = 0; row < copy.rows; ++row, from += copy.from_row, to += copy.to_row) {
    copy_short(from, copy.columns, to);
  }
}

// Rows of a plane, their even columns and their odd ones.
struct Division {
  int rows;
  const Real* from;
  std::size_t from_row;  // from row to row
  int evens;
  int odds;
  Real* even;
  Real* odd;
  std::size_t to_row;
};

// So many pairs of columns, in vectors, of which the last may overlap the one before.
template <typename V>
CNN_INLINE void divide_pairs(const Division& job, int pairs) {
  constexpr int kWidth = sizeof(V) / sizeof(Real);
  const Real* from = job.from;
  Real* to_even = job.even;
  Real* to_odd = job.odd;
  const auto divide_at = [&](int i) CNN_INLINE_LAMBDA {
    const auto first = load<V>(from + 2 * i);
    const auto second = load<V>(from + 2 * i + kWidth);
    store(even(first, second), to_even + i);
    store(odd(first, second), to_odd + i);
  };
  const int last = pairs - kWidth;
  for (int row = 0; row < job.rows; ++row) {
    for (int i = 0; i < last; i += kWidth) divide_at(i);
    divide_at(last);
    from += job.from_row;
    to_even += job.to_row;
    to_odd += job.to_row;
  }
}

CNN_INLINE
void divide(const Division& job) {
  const int pairs = std::min(job.evens, job.odds);
  int done = pairs;
  if (pairs >= 8) {
    divide_pairs<Lanes8>(job, pairs);
  } else if (pairs >= 4) {
    divide_pairs<Lanes4>(job, pairs);
  } else {
    done = 0;
  }
  for (int row = 0; row < job.rows && done < std::max(job.evens, job.odds); ++row) {
    const Real* const from = job.from + static_cast<std::size_t>(row) * job.from_row;
    const std::size_t to = static_cast<std::size_t>(row) * job.to_row;
    for (int i = done; i < job.evens; ++i) job.even[to + static_cast<std::size_t>(i)] = from[2 * i];
    for (int i = done; i < job.odds; ++i)
      job.odd[to + static_cast<std::size_t>(i)] = from[2 * i + 1];
  }
}

// The other way round: columns of `to` are `step` apart.
CNN_INLINE
void scatter(const Copy& copy) {
  const Real* from = copy.from;
  Real* to = copy.to;
  for (int row = 0; row < copy.rows; ++row, from += copy.from_row, to += copy.to_row) {
    if (copy.step == 1) {
      copy_short(from, copy.columns, to);
      continue;
    }
    for (int column = 0; column < copy.columns; ++column) to[2 * column] = from[column];
  }
}

}  // namespace

bool Depthwise::applies(const Window& window) {
  constexpr int kMostTaps = 256;
  return window.patch() <= kMostTaps && window.input.channels == 1 && window.stride.height <= 2 &&
         window.stride.width <= 2;
}

Depthwise::Depthwise(const Window& window)
    : is_3x3_(Correlation3x3::pays(window)),
      down_(window.input.height, window.output.height, window.kernel.height, window.stride.height,
            window.pad.height, window.dilation.height),
      across_(window.input.width, window.output.width, window.kernel.width, window.stride.width,
              window.pad.width, window.dilation.width),
      pitch_(whole_lanes(across_.output) + static_cast<std::size_t>(across_.farthest)),
      padded_pitch_(static_cast<std::size_t>(across_.padded + kLanes)) {
  for (int ky = 0; ky < down_.kernel; ++ky) {
    for (int kx = 0; kx < across_.kernel; ++kx) {
      const int phase = down_.phase(ky) * across_.stride + across_.phase(kx);
      taps_.push_back({product(ky, across_.kernel) + static_cast<std::size_t>(kx),
                       static_cast<std::size_t>(phase) * phase_size() +
                           static_cast<std::size_t>(down_.shift(ky)) * pitch_ +
                           static_cast<std::size_t>(across_.shift(kx))});
    }
  }
  find_parts();
  for (int r = 0; r < down_.stride; ++r) {
    for (int c = 0; c < across_.stride; ++c) {
      Share share{down_.pixels(r), across_.pixels(c), {}};
      if (share.rows.count == 0 || share.columns.count == 0) continue;
      for (int ky = 0; ky < down_.kernel; ++ky) {
        for (int kx = 0; kx < across_.kernel; ++kx) {
          if (down_.phase(ky) != r || across_.phase(kx) != c) continue;
          const int row = down_.skipped(r) + down_.farthest - down_.shift(ky);
          const int column = across_.skipped(c) + across_.farthest - across_.shift(kx);
          share.taps.push_back(
              {product(ky, across_.kernel) + static_cast<std::size_t>(kx),
               static_cast<std::size_t>(row) * padded_pitch_ + static_cast<std::size_t>(column)});
        }
      }
      shares_.push_back(std::move(share));
    }
  }
}

// What no window reaches is left out.
void Depthwise::find_parts() {
  const int even = across_.pixels(0).first == 0 ? 0 : 1;  // the phase of the even columns
  for (int r = 0; r < down_.stride; ++r) {
    const Comb rows = down_.pixels(r);
    const int row_count = std::min(rows.count, down_.output + down_.farthest - down_.skipped(r));
    if (row_count <= 0) continue;
    const auto columns = [&](int c) {
      return std::max(0, std::min(across_.pixels(c).count,
                                  across_.output + across_.farthest - across_.skipped(c)));
    };
    const auto place = [&](int c) {
      return static_cast<std::size_t>(r * across_.stride + c) * phase_size() +
             static_cast<std::size_t>(down_.skipped(r)) * pitch_ +
             static_cast<std::size_t>(across_.skipped(c));
    };
    Part part{product(rows.first, across_.input), product(rows.step, across_.input), row_count};
    if (across_.stride == 1) {
      part.columns = columns(0);
      part.from += static_cast<std::size_t>(across_.pixels(0).first);
      part.to = place(0);
    } else {
      part.columns = columns(even);
      part.to = place(even);
      part.odd_columns = columns(1 - even);
      part.to_odd = place(1 - even);
    }
    parts_.push_back(part);
  }
}

std::size_t Depthwise::phase_size() const {
  return static_cast<std::size_t>(down_.output + down_.farthest) * pitch_;
}

std::size_t Depthwise::phases_size() const {
  return product(down_.stride, across_.stride) * phase_size();
}

std::size_t Depthwise::padded_size() const {
  return static_cast<std::size_t>(down_.padded) * padded_pitch_;
}

std::size_t Depthwise::cleared_size() const {
  return phases_size() + padded_size() + static_cast<std::size_t>(across_.input);
}

std::size_t Depthwise::scratch() const {
  const std::size_t dy = static_cast<std::size_t>(down_.output) * whole_lanes(across_.output);
  const std::size_t share = shares_.size() == 1 ? 0 : product(down_.input, across_.input);
  return cleared_size() + std::max(dy, share);
}

void Depthwise::clear(View scratch) const {
  std::fill_n(scratch.begin(), cleared_size(), Real{0});
}

// Forward, or dx with stride 1, by kernels of 3x3: those have the same extents.
Correlation3x3 Depthwise::square(bool turned, View scratch, const OutputRange& range) const {
  return {down_.input,
          across_.input,
          down_.stride,
          turned,
          down_.output,
          across_.output,
          &scratch[phases_size() + padded_size()],
          range};
}

// Assigns the phases of x, within the zeros of padding.
void Depthwise::split(CView x, View phases) const {
  for (const Part& part : parts_) {
    const Real* const from = x.data() + part.from;
    Real* const to = phases.data() + part.to;
    if (across_.stride == 1) {
      vectorized<gather>(Copy{part.rows, part.columns, from, part.from_row, 1, to, pitch_});
    } else {
      vectorized<divide>(Division{part.rows, from, part.from_row, part.columns, part.odd_columns,
                                  to, phases.data() + part.to_odd, pitch_});
    }
  }
}

void Depthwise::forward(std::size_t planes, CView x, CView weight, CView bias, View y, View scratch,
                        const OutputRange& range) const {
  const std::size_t kernels = weight.size() / taps_.size();
  if (is_3x3_) {
    return square(false, scratch, range)
        .run(planes, kernels, x.data(), weight.data(), bias.empty() ? nullptr : bias.data(),
             y.data());
  }
  const std::size_t x_size = product(down_.input, across_.input);
  const std::size_t y_size = product(down_.output, across_.output);
  for (std::size_t p = 0; p < planes; ++p) {
    const std::size_t kernel = p % kernels;
    split(x.subspan(p * x_size, x_size), scratch);
    correlate({scratch.data(), pitch_, taps_, &weight[kernel * taps_.size()],
               bias.empty() ? 0 : bias[kernel], down_.output, across_.output, range},
              &y[p * y_size]);
  }
}

void Depthwise::add_dweight(CView x, CView dy, View dweight, View scratch) const {
  split(x, scratch);
  const std::size_t width = whole_lanes(across_.output);
  const Real* from = dy.data();
  if (width != static_cast<std::size_t>(across_.output)) {
    Real* const to = scratch.data() + cleared_size();
    from = to;
    for (int row = 0; row < down_.output; ++row) {
      Real* const filled = std::copy_n(&dy[product(row, across_.output)], across_.output,
                                       to + static_cast<std::size_t>(row) * width);
      std::fill(filled, to + static_cast<std::size_t>(row + 1) * width, Real{0});
    }
  }
  vectorized<add_products>(
      Products{scratch.data(), pitch_, taps_.data(), taps_.size(), from, width, down_.output},
      dweight.data());
}

// Forward was y[o] = Σ w[k]·x[stride·o + dilation·k − pad], so
//   dx[i] = Σ w[k]·dy[(i + pad − dilation·k)/stride]  over the k where that is whole:
// for the pixels of each phase, a correlation with the rotated kernel's taps of that phase.
void Depthwise::dx(CView dy, CView weight, View dx, View scratch) const {
  if (is_3x3_ && down_.stride == 1) {
    return square(true, scratch, {}).run(1, 1, dy.data(), weight.data(), nullptr, dx.data());
  }
  const int rows = std::min(down_.output, down_.padded - down_.farthest);
  const int columns = std::min(across_.output, across_.padded - across_.farthest);
  Real* const padded = scratch.data() + phases_size();
  if (rows > 0 && columns > 0) {
    vectorized<gather>(
        Copy{rows, columns, dy.data(), static_cast<std::size_t>(across_.output), 1,
             padded + static_cast<std::size_t>(down_.farthest) * padded_pitch_ + across_.farthest,
             padded_pitch_});
  }
  Real* const part = scratch.data() + cleared_size();
  const auto correlate_share = [&](const Share& share, Real* to) {
    correlate({padded, padded_pitch_, share.taps, weight.data(), Real{0}, share.rows.count,
               share.columns.count},
              to);
    return to + product(share.rows.count, share.columns.count);
  };
  if (shares_.size() == 1) {  // all of dx
    correlate_share(shares_.front(), dx.data());
    return;
  }
  for (std::size_t s = 0; s < shares_.size(); ++s) {
    const Share& share = shares_[s];
    Real* const end = correlate_share(share, part);
    Real* const to = &dx[product(share.rows.first, across_.input)];
    const std::size_t to_row = product(share.rows.step, across_.input);
    if (s + 1 < shares_.size() && shares_[s + 1].rows.first == share.rows.first) {
      const Share& other = shares_[++s];  // of the same rows: the columns between
      correlate_share(other, end);
      const bool is_even = share.columns.first == 0;
      const Share& even = is_even ? share : other;
      const Share& odd = is_even ? other : share;
      interleave({share.rows.count, is_even ? part : end, even.columns.count, is_even ? end : part,
                  odd.columns.count, to, to_row});
    } else {
      vectorized<scatter>(Copy{share.rows.count, share.columns.count, part,
                               static_cast<std::size_t>(share.columns.count), share.columns.step,
                               to + share.columns.first, to_row});
    }
  }
}

}  // namespace cnn
