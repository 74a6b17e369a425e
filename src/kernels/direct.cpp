#include "kernels/direct.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "kernels/direct_loops.hpp"
#include "kernels/interleave.hpp"
#include "kernels/padding.hpp"

namespace cnn {

using namespace direct;

namespace {

std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

std::size_t padded_count(int count) {
  return product((count + lane_count() - 1) / lane_count(), lane_count());
}

Panel panel_of(int first, int last) {
  return {first, last - first, (last - first + lane_count() - 1) / lane_count()};
}

// Calls body(panel, first lane) for all of `count` kernels.
template <typename Body>
void for_panels(int count, const Body& body) {
  const int most = kVectors * lane_count();
  for (int first = 0; first < count; first += most) {
    body(panel_of(first, std::min(first + most, count)), static_cast<std::size_t>(first));
  }
}

// For the way back: packed[tap, lane] = weight[element of the tap + lane·step], zero behind the
// panel's last lane.
void pack_taps(const Panel& panel, const std::vector<Direct::Tap>& taps, const Real* weight,
               std::size_t step, Real* packed) {
  const std::size_t width = panel.width();
  weight += static_cast<std::size_t>(panel.first) * step;
  for (std::size_t t = 0; t < taps.size(); ++t, packed += width) {
    const Real* const from = weight + taps[t].element;
    for (int lane = 0; lane < panel.count; ++lane) {
      packed[lane] = from[static_cast<std::size_t>(lane) * step];
    }
    std::fill(packed + panel.count, packed + width, Real{0});
  }
}

// From the first pixel that a window sees to the last.
int reach(const WindowAxis& axis) {
  return (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1;
}

Frame frame_of_x(int channels, const WindowAxis& down, const WindowAxis& across) {
  return {channels, down.input, across.input, down.pad, across.pad, reach(down), reach(across)};
}

Frame frame_of_dy(int count, const WindowAxis& down, const WindowAxis& across) {
  return {count,           down.output, across.output, down.farthest,
          across.farthest, down.padded, across.padded};
}

}  // namespace

bool Direct::pays(const Window& window, int count) {
  constexpr std::int64_t kMostWeights = std::int64_t{1} << 22;  // not measured beyond
  constexpr int kLargestStride = 8;
  return window.kernel != Size2{1, 1} && window.patch() * std::int64_t{count} <= kMostWeights &&
         std::max(window.stride.height, window.stride.width) <= kLargestStride;
}

// Whether the rows of dy are spread over those of dx, without the zeros that surround them: where
// dx is wider, and sees all that the kernel does.
bool Direct::spreads() const {
  return (across_.kernel == 3 || across_.kernel == 5) && across_.pad == 0 &&
         across_.dilation == 1 && shares_.size() == 1;
}

// The padding and the lanes without a channel are multiplied, too: unless most of it is of use,
// products and col2im are faster.
bool Direct::dx_pays() const {
  double done = 0;
  for (const Share& share : shares_) {
    for (const Band& band : share.bands) {
      const int columns = spreads() ? across_.output : share.columns.count;
      done += static_cast<double>(product(band.rows, columns)) * static_cast<double>(band.taps) *
              static_cast<double>(padded_count(channels_));
    }
  }
  const double needed = static_cast<double>(product(down_.output, across_.output)) *
                        static_cast<double>(taps_.size()) * count_;
  return needed >= 0.5 * done;
}

Direct::Direct(const Window& window, int count)
    : channels_(window.input.channels),
      count_(count),
      down_(window.input.height, window.output.height, window.kernel.height, window.stride.height,
            window.pad.height, window.dilation.height),
      across_(window.input.width, window.output.width, window.kernel.width, window.stride.width,
              window.pad.width, window.dilation.width) {
  const Frame x = frame_of_x(channels_, down_, across_);
  const std::size_t elements = product(down_.kernel, across_.kernel);  // of a kernel's plane
  const auto for_elements = [&](const auto& body) {
    for (int ky = 0; ky < down_.kernel; ++ky) {
      for (int kx = 0; kx < across_.kernel; ++kx) {
        body(ky, kx, product(ky, across_.kernel) + static_cast<std::size_t>(kx));
      }
    }
  };
  for (int c = 0; c < channels_; ++c) {
    for_elements([&](int ky, int kx, std::size_t element) {
      const auto channel = static_cast<std::size_t>(c);
      taps_.push_back({channel * x.plane() + product(ky * down_.dilation, x.pitch()) +
                           static_cast<std::size_t>(kx * across_.dilation),
                       channel * elements + element});
    });
  }
  for (int r = 0; r < down_.stride; ++r) {
    for (int c = 0; c < across_.stride; ++c) add_share(r, c);
  }
}

void Direct::add_share(int row_phase, int column_phase) {
  const Frame dy = frame_of_dy(count_, down_, across_);
  Share share{down_.pixels(row_phase), across_.pixels(column_phase), {}, {}};
  if (share.rows.count == 0 || share.columns.count == 0) return;
  const int skipped = down_.skipped(row_phase);
  // The tap behind the last of each row of the kernel, and the row's shift.
  std::vector<std::pair<std::size_t, int>> kernel_rows;
  for (int ky = 0; ky < down_.kernel; ++ky) {
    if (down_.phase(ky) != row_phase) continue;
    const int row = skipped + down_.farthest - down_.shift(ky);
    for (int f = 0; f < count_; ++f) {
      for (int kx = 0; kx < across_.kernel; ++kx) {
        if (across_.phase(kx) != column_phase) continue;
        const auto kernel = static_cast<std::size_t>(f);
        const int column = across_.skipped(column_phase) + across_.farthest - across_.shift(kx);
        share.taps.push_back(
            {kernel * dy.plane() + product(row, dy.pitch()) + static_cast<std::size_t>(column),
             kernel * taps_.size() + product(ky, across_.kernel) + static_cast<std::size_t>(kx)});
      }
    }
    kernel_rows.emplace_back(share.taps.size(), down_.shift(ky));
  }
  for (int i = 0; i < share.rows.count; ++i) {
    std::size_t first = 0;
    std::size_t last = 0;
    std::size_t begin = 0;
    for (const auto& [end, shift] : kernel_rows) {
      const int row = skipped + i - shift;
      if (row >= 0 && row < down_.output) {
        if (last == 0) first = begin;
        last = end;
      }
      begin = end;
    }
    const Band band{i, 1, first, last - first};
    if (!share.bands.empty() && share.bands.back().first_tap == band.first_tap &&
        share.bands.back().taps == band.taps) {
      ++share.bands.back().rows;
    } else {
      share.bands.push_back(band);
    }
  }
  shares_.push_back(std::move(share));
}

std::size_t Direct::scratch() const {
  const Frame x = frame_of_x(channels_, down_, across_);
  const Frame dy = frame_of_dy(count_, down_, across_);
  const std::size_t width = product(kVectors, lane_count());
  const std::size_t outputs = product(down_.output, across_.output);
  std::size_t pixels = 0;
  std::size_t taps = 0;
  for (const Share& share : shares_) {
    pixels = std::max(pixels, share.size());
    taps += share.taps.size();
  }
  const std::size_t forward =
      x.padded_size() + taps_.size() * padded_count(count_) + outputs * width;
  // Of a pair of shares: rows, and planes of the same size.
  const std::size_t parts = shares_.size() == 1 ? 1 : 4;
  const std::size_t backward =
      dy.padded_size() + taps * padded_count(channels_) + parts * pixels * width;
  return std::max(forward, backward) + width;
}

std::size_t Direct::step() {
  return static_cast<std::size_t>(lane_count());
}

std::size_t Direct::packed() const {
  return taps_.size() * padded_count(count_);
}

// Panel by panel (taps, width).
void Direct::pack(CView weight, View packed) const {
  for_panels(count_, [&](const Panel& panel, std::size_t first) {
    planes_to_rows(TurnedPlanes{taps_.size(), panel.count, panel.width(), taps_.size()},
                   &weight[first * taps_.size()], &packed[first * taps_.size()]);
  });
}

void Direct::forward(std::size_t n, Filters filters, CView x, CView weight, CView packed,
                     CView bias, View y, View scratch, const OutputRange& range) const {
  const Frame frame = frame_of_x(channels_, down_, across_);
  const std::size_t x_size = product(channels_ * down_.input, across_.input);
  const std::size_t positions = product(down_.output, across_.output);
  Real* const start = scratch.data();
  const View room = scratch.subspan(product(kVectors, lane_count()));
  const View own = room.subspan(frame.padded_size());
  Real* const rows = own.data() + this->packed();
  if (packed.empty()) {
    pack(weight, own);
    packed = own;
  }
  const Grid grid{down_.output, across_.output, product(down_.stride, frame.pitch()),
                  static_cast<std::size_t>(across_.stride)};
  for (std::size_t i = 0; i < n; ++i) {
    const Real* const pixels = padded(frame, x.subspan(i * x_size, x_size), room);
    Real* const planes = &y[i * static_cast<std::size_t>(count_) * positions];
    for_panels(count_, [&](const Panel& whole, std::size_t begin) {
      const std::size_t first = std::max(begin, filters.first);
      const std::size_t last = std::min(begin + whole.width(), filters.last);
      if (first >= last) return;
      const Panel panel = panel_of(static_cast<int>(first), static_cast<int>(last));
      std::fill_n(start, panel.width(), Real{0});
      if (!bias.empty()) std::copy_n(&bias[first], panel.count, start);
      correlate(panel,
                {pixels, grid, taps_.data(), taps_.size(),
                 &packed[begin * taps_.size() + first - begin], whole.width(), start, rows, range});
      rows_to_planes(TurnedPlanes{positions, panel.count, panel.width(), positions}, rows,
                     planes + first * positions);
    });
  }
}

// Forward was y[o] = Σ w[k]·x[stride·o + dilation·k − pad], so
//   dx[i] = Σ w[k]·dy[(i + pad − dilation·k)/stride]  over the k where that is whole, and the
// kernels: the lecture's sliding of the rotated kernel over the zero-padded δ.
void Direct::dx(std::size_t n, CView dy, CView weight, View dx, View scratch) const {
  const Frame frame = frame_of_dy(count_, down_, across_);
  const std::size_t plane = product(down_.input, across_.input);
  const std::size_t elements = product(down_.kernel, across_.kernel);
  const std::size_t y_size = product(count_ * down_.output, across_.output);
  Real* const start = scratch.data();
  const View room = scratch.subspan(product(kVectors, lane_count()));
  const View packed = room.subspan(frame.padded_size());
  std::fill_n(start, product(kVectors, lane_count()), Real{0});
  std::size_t end = 0;
  for (const Share& share : shares_) {
    for_panels(channels_, [&](const Panel& panel, std::size_t first) {
      pack_taps(panel, share.taps, weight.data(), elements,
                &packed[end + first * share.taps.size()]);
    });
    end += share.taps.size() * padded_count(channels_);
  }
  Real* const rows = packed.data() + end;
  for (std::size_t i = 0; i < n; ++i) {
    const Real* const deltas = padded(frame, dy.subspan(i * y_size, y_size), room);
    Real* const planes = &dx[i * static_cast<std::size_t>(channels_) * plane];
    const Real* weights = packed.data();
    for (std::size_t s = 0; s < shares_.size(); ++s) {
      const Share& share = shares_[s];
      const std::size_t size = share.taps.size() * padded_count(channels_);
      const bool is_pair = s + 1 < shares_.size() && across_.stride == 2 &&
                           shares_[s + 1].rows.first == share.rows.first;
      for_panels(channels_, [&](const Panel& panel, std::size_t first) {
        const std::size_t lanes = share.size() * panel.width();
        const TurnedPlanes turn{share.size(), panel.count, panel.width(), plane};
        Real* const to = planes + first * plane;
        correlate_share(share, panel, deltas, &weights[first * share.taps.size()], start, rows);
        if (shares_.size() == 1) {  // all pixels
          rows_to_planes(turn, rows, to);
        } else if (is_pair) {
          const Share& other = shares_[s + 1];
          Real* const others = rows + lanes;
          correlate_share(other, panel, deltas, &weights[size + first * other.taps.size()], start,
                          others);
          join(share, other, panel, rows, others, to);
        } else {
          rows_to_combs(turn, rows, share.rows, share.columns, across_.input, to);
        }
      });
      weights += size;
      if (is_pair) weights += shares_[++s].taps.size() * padded_count(channels_);
    }
  }
}

// The sums of one share for one panel: (pixels, lanes).
void Direct::correlate_share(const Share& share, const Panel& panel, const Real* deltas,
                             const Real* weights, const Real* start, Real* rows) const {
  const Frame frame = frame_of_dy(count_, down_, across_);
  if (spreads()) std::fill_n(rows, share.size() * panel.width(), Real{0});
  for (const Band& band : share.bands) {
    const Real* const from = deltas + product(band.first_row, frame.pitch());
    const Direct::Tap* const taps = share.taps.data() + band.first_tap;
    const Real* const weight = weights + band.first_tap * panel.width();
    Real* const to = rows + product(band.first_row, share.columns.count) * panel.width();
    if (spreads()) {
      const Grid grid{band.rows, across_.output, static_cast<std::size_t>(frame.pitch()), 1};
      spread(panel, across_.kernel, {from, grid, taps, band.taps, weight, to});
      continue;
    }
    const Grid grid{band.rows, share.columns.count, static_cast<std::size_t>(frame.pitch()), 1};
    correlate(panel, {from, grid, taps, band.taps, weight, panel.width(), start, to});
  }
}

// Two shares of the same rows, of which one has the even columns, go to their planes.
void Direct::join(const Share& share, const Share& other, const Panel& panel, const Real* rows,
                  Real* others, Real* planes) const {
  const bool is_even = share.columns.first == 0;
  const Share& even = is_even ? share : other;
  const Share& odd = is_even ? other : share;
  Real* const even_planes = others + other.size() * panel.width();
  Real* const odd_planes = even_planes + even.size() * panel.width();
  const auto turn = [&](const Share& of, const Real* from, Real* to) {
    rows_to_planes({of.size(), panel.count, panel.width(), of.size()}, from, to);
  };
  turn(even, is_even ? rows : others, even_planes);
  turn(odd, is_even ? others : rows, odd_planes);
  for (int k = 0; k < panel.count; ++k) {
    const auto lane = static_cast<std::size_t>(k);
    interleave({share.rows.count, even_planes + lane * even.size(), even.columns.count,
                odd_planes + lane * odd.size(), odd.columns.count,
                planes + lane * product(down_.input, across_.input) +
                    product(share.rows.first, across_.input),
                product(share.rows.step, across_.input)});
  }
}

void Direct::add_dweight(std::size_t n, Taps taps, CView x, CView dy, View dweight,
                         View scratch) const {
  const Frame frame = frame_of_x(channels_, down_, across_);
  const std::size_t x_size = product(channels_ * down_.input, across_.input);
  const std::size_t positions = product(down_.output, across_.output);
  const std::size_t count = taps.last - taps.first;
  const View sums = scratch.subspan(frame.padded_size());
  Real* const rows = sums.data() + count * padded_count(count_);
  const auto turn_of = [&](const Panel& panel) {
    return TurnedPlanes{count, panel.count, panel.width(), taps_.size()};
  };
  for_panels(count_, [&](const Panel& panel, std::size_t first) {
    planes_to_rows(turn_of(panel), &dweight[first * taps_.size() + taps.first],
                   &sums[first * count]);
  });
  const Grid grid{down_.output, across_.output, product(down_.stride, frame.pitch()),
                  static_cast<std::size_t>(across_.stride)};
  for (std::size_t i = 0; i < n; ++i) {
    const Real* const pixels = padded(frame, x.subspan(i * x_size, x_size), scratch);
    const Real* const planes = &dy[i * static_cast<std::size_t>(count_) * positions];
    for_panels(count_, [&](const Panel& panel, std::size_t first) {
      planes_to_rows(TurnedPlanes{positions, panel.count, panel.width(), positions},
                     planes + first * positions, rows);
      add_gradients(panel,
                    {pixels, grid, taps_.data() + taps.first, count, rows, &sums[first * count]});
    });
  }
  for_panels(count_, [&](const Panel& panel, std::size_t first) {
    rows_to_planes(turn_of(panel), &sums[first * count],
                   &dweight[first * taps_.size() + taps.first]);
  });
}

}  // namespace cnn
