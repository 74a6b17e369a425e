#include "nn/layers/pooling.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "cnn/error.hpp"

#include "base/lanes.hpp"
#include "kernels/im2col.hpp"
#include "kernels/max_pooling.hpp"
#include "kernels/pool_2x2.hpp"
#include "nn/layers/limits.hpp"

namespace cnn {
namespace {

// best_i ← the larger of best_i and x_{i·stride}, and its index, counted from that of x_0, `first`,
// into winner_i unless winner is null. Without branches, and with a stride known when compiling
// where kStride is not 0, so that the compiler uses vectors.
template <std::size_t kStride>
CNN_INLINE void keep_larger(const Real* x, std::size_t first, std::size_t stride, std::size_t count,
                            Real* best, std::uint32_t* winner) {
  const std::size_t step = kStride != 0 ? kStride : stride;
  const auto larger = [](Real value, Real than) { return value > than || value != value; };
  if (winner == nullptr) {
    for (std::size_t i = 0; i < count; ++i) {
      const Real value = x[i * step];
      best[i] = larger(value, best[i]) ? value : best[i];
    }
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Real value = x[i * step];
    const bool wins = larger(value, best[i]);
    best[i] = wins ? value : best[i];
    winner[i] = wins ? static_cast<std::uint32_t>(first + i * step) : winner[i];
  }
}

// What column kx of the windows reads of any row that they see: outputs first … first+count−1 take
// the pixels offset, offset + stride, …
struct WindowColumn {
  std::size_t offset;
  std::size_t first;
  std::size_t count;
};

// Where the windows of a plan stand, for all of their rows alike.
struct WindowPlaces {
  WindowPlaces() = default;
  explicit WindowPlaces(const Window& of);

  // Calls row(pixel, first, count) for every row of pixels that a column of the windows of output
  // row oy reads: outputs first … first+count−1 read the pixels pixel, pixel + stride, … of the
  // channel.
  template <typename Row>
  CNN_INLINE void for_rows(int oy, const Row& row) const {
    const int top = oy * window.stride.height - window.pad.height;
    const int bottom = std::min(top + window.kernel.height, window.input.height);
    for (int iy = std::max(top, 0); iy < bottom; ++iy) {
      const auto begin = static_cast<std::size_t>(iy * window.input.width);
      for (const WindowColumn& column : columns) {
        row(begin + column.offset, column.first, column.count);
      }
    }
  }

  Window window;
  std::vector<WindowColumn> columns;
  std::vector<std::size_t> leftmost;  // of each output of a row: the first column of its window
};

WindowPlaces::WindowPlaces(const Window& of) : window(of) {
  const int width = of.input.width;
  const int stride = of.stride.width;
  for (int kx = 0; kx < of.kernel.width; ++kx) {
    const int offset = kx - of.pad.width;
    const int first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
    const int last = std::min((width - 1 - offset) / stride + 1, of.output.width);
    if (offset >= width || first >= last) continue;
    columns.push_back({static_cast<std::size_t>(first * stride + offset),
                       static_cast<std::size_t>(first), static_cast<std::size_t>(last - first)});
  }
  for (int ox = 0; ox < of.output.width; ++ox) {
    leftmost.push_back(static_cast<std::size_t>(std::max(ox * stride - of.pad.width, 0)));
  }
}

// y = max over the window; the first in row order among equals. A NaN wins, so that it is never
// hidden. winners: the winning pixel's index within its channel; nullptr if nobody wants to know.
CNN_INLINE
void max_of_windows(const WindowPlaces& places, std::size_t planes, const Real* x, Real* y,
                    std::uint32_t* winners) {
  const Window& window = places.window;
  const auto stride = static_cast<std::size_t>(window.stride.width);
  const std::size_t outputs = places.leftmost.size();
  const std::size_t plane = window.input.size() / static_cast<std::size_t>(window.input.channels);
  for (std::size_t c = 0; c < planes; ++c, x += plane) {
    for (int oy = 0; oy < window.output.height; ++oy, y += outputs) {
      const int top = std::max(oy * window.stride.height - window.pad.height, 0);
      const auto begin = static_cast<std::size_t>(top * window.input.width);
      for (std::size_t ox = 0; ox < outputs; ++ox) {
        const std::size_t corner = begin + places.leftmost[ox];
        y[ox] = x[corner];
        if (winners != nullptr) winners[ox] = static_cast<std::uint32_t>(corner);
      }
      places.for_rows(
          oy, [&](std::size_t pixel, std::size_t first, std::size_t count) CNN_INLINE_LAMBDA {
            std::uint32_t* const winner = winners == nullptr ? nullptr : winners + first;
            if (stride == 2) {
              keep_larger<2>(x + pixel, pixel, 2, count, y + first, winner);
            } else {
              keep_larger<0>(x + pixel, pixel, stride, count, y + first, winner);
            }
          });
      if (winners != nullptr) winners += outputs;
    }
  }
}

// Windows that are whole planes of `size` pixels.

// y = mean of each plane; in eight sums side by side, which fill a vector register.
CNN_INLINE
void mean_of_planes(std::size_t planes, std::size_t size, const Real* x, Real* y) {
  constexpr std::size_t kLanes = 8;
  const std::size_t whole = size / kLanes * kLanes;
  for (std::size_t i = 0; i < planes; ++i, x += size) {
    Lanes8 sums{};
    for (std::size_t p = 0; p < whole; p += kLanes) sums += load<Lanes8>(x + p);
    for (std::size_t p = whole; p < size; ++p) sums[p - whole] += x[p];
    const Real sum =
        ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    y[i] = sum / static_cast<Real>(size);
  }
}

void hand_back_to_planes(std::size_t planes, std::size_t size, const Real* dy, Real* dx) {
  for (std::size_t i = 0; i < planes; ++i, dx += size) {
    std::fill_n(dx, size, dy[i] / static_cast<Real>(size));
  }
}

class Pooling final : public LayerOf<Pooling> {
 public:
  void options(OptionVisitor& visitor) override;
  LayerPlan plan(std::span<const Shape> inputs) override;
  void forward(const ForwardArgs& args) const override;
  void backward(const BackwardArgs& args) const override;

 private:
  enum class Type { max, avg };
  static constexpr std::array<std::string_view, 2> kTypeNames = {"max", "avg"};
  static constexpr std::array<std::string_view, 2> kRoundingNames = {"floor", "ceil"};

  // The part of a window that lies on the image: rows top … bottom-1, columns left … right-1.
  struct Pixels {
    int top, bottom, left, right;
  };
  Pixels pixels(int oy, int ox) const;
  Real pixel_count(int oy, std::size_t ox) const;

  pool_2x2::Planes planes(std::size_t count) const;
  void forward_mean(CView x, View y) const;
  void backward_max(CView dy, std::span<const std::uint32_t> winners, View dx) const;
  void backward_mean(CView dy, View dx) const;

  Type type_ = Type::max;
  bool global_ = false;
  Size2 kernel_;
  Size2 stride_;
  Size2 pad_{0, 0};
  Rounding rounding_ = Rounding::floor;

  Window window_;
  WindowPlaces places_;
  bool is_2x2_ = false;  // windows side by side: the fast path, pool_2x2.hpp
  bool is_by_lanes_ = false;
  bool is_mean_of_planes_ = false;
};

}  // namespace

void Pooling::options(OptionVisitor& visitor) {
  visitor.choice("type", type_, kTypeNames, Presence::required);
  visitor.boolean("global", global_);
  if (global_) {
    for (const std::string_view key : {"kernel", "stride", "pad", "round"}) {
      visitor.refuse(key, "global: true", "leave it out: the only window is the whole image");
    }
    return;
  }
  visitor.size2("kernel", kernel_, {1, kLargestOption}, Presence::required);
  if (stride_ == Size2{}) stride_ = kernel_;  // the default
  visitor.size2("stride", stride_, {1, kLargestOption});
  visitor.size2("pad", pad_, {0, kLargestOption});
  visitor.choice("round", rounding_, kRoundingNames);
}

LayerPlan Pooling::plan(std::span<const Shape> inputs) {
  const Shape& input = only_input(inputs);
  const Size2 whole = {input.height, input.width};
  if (!global_ && (pad_.height >= kernel_.height || pad_.width >= kernel_.width)) {
    throw ShapeError("pad " + to_string(pad_) + " must be smaller than the kernel " +
                     to_string(kernel_) + ", or windows would hold no pixel");
  }
  window_ = global_ ? make_window(input, whole, whole, {0, 0})
                    : make_window(input, kernel_, stride_, pad_, {1, 1}, rounding_);
  places_ = WindowPlaces(window_);
  LayerPlan plan;
  plan.output = {window_.input.channels, window_.output.height, window_.output.width};
  is_2x2_ = window_.kernel == Size2{2, 2} && window_.stride == Size2{2, 2} &&
            window_.pad == Size2{0, 0} &&
            window_.output == Size2{input.height / 2, input.width / 2};
  is_by_lanes_ = type_ == Type::max && !is_2x2_ && max_pooling::applies(window_);
  if (is_by_lanes_) plan.scratch = max_pooling::scratch(window_);
  is_mean_of_planes_ = type_ == Type::avg && window_.output == Size2{1, 1} &&
                       window_.pad == Size2{0, 0} && window_.kernel.height >= input.height &&
                       window_.kernel.width >= input.width;
  if (type_ == Type::max) {
    plan.saved_bytes_per_sample =
        plan.output.size() * (is_2x2_ ? sizeof(std::uint8_t) : sizeof(std::uint32_t));
  }
  plan.channel_cut = ChannelCut::own;
  plan.is_linear = type_ == Type::avg;
  plan.notice = dropped_notice(window_);
  return plan;
}

Pooling::Pixels Pooling::pixels(int oy, int ox) const {
  const int top = oy * window_.stride.height - window_.pad.height;
  const int left = ox * window_.stride.width - window_.pad.width;
  return {std::max(top, 0), std::min(top + window_.kernel.height, window_.input.height),
          std::max(left, 0), std::min(left + window_.kernel.width, window_.input.width)};
}

Real Pooling::pixel_count(int oy, std::size_t ox) const {
  const Pixels in = pixels(oy, static_cast<int>(ox));
  return static_cast<Real>((in.bottom - in.top) * (in.right - in.left));
}

// y = mean over the window's real pixels
void Pooling::forward_mean(CView x, View y) const {
  const auto outputs = static_cast<std::size_t>(window_.output.width);
  const auto stride = static_cast<std::size_t>(window_.stride.width);
  std::fill(y.begin(), y.end(), Real{0});
  for (int oy = 0; oy < window_.output.height; ++oy) {
    const View sums = y.subspan(static_cast<std::size_t>(oy) * outputs, outputs);
    places_.for_rows(oy, [&](std::size_t pixel, std::size_t first, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) sums[first + i] += x[pixel + i * stride];
    });
    for (std::size_t ox = 0; ox < outputs; ++ox) sums[ox] /= pixel_count(oy, ox);
  }
}

pool_2x2::Planes Pooling::planes(std::size_t count) const {
  return {count, static_cast<std::size_t>(window_.input.height),
          static_cast<std::size_t>(window_.input.width)};
}

void Pooling::forward(const ForwardArgs& args) const {
  const auto y_size = static_cast<std::size_t>(window_.positions());
  const std::size_t channels = args.output.size() / y_size;  // of all samples
  if (is_2x2_) {
    const Real* const x = args.inputs[0].data();
    if (type_ == Type::max) {
      pool_2x2::forward_max(planes(channels), x, args.output.data(),
                            reinterpret_cast<std::uint8_t*>(args.saved.data()));
    } else {
      pool_2x2::forward_mean(planes(channels), x, args.output.data());
    }
    return;
  }
  const std::size_t x_size =
      window_.input.size() / static_cast<std::size_t>(window_.input.channels);
  if (is_mean_of_planes_) {
    vectorized<mean_of_planes>(channels, x_size, args.inputs[0].data(), args.output.data());
    return;
  }
  if (type_ == Type::max) {
    auto* const winners = reinterpret_cast<std::uint32_t*>(args.saved.data());
    if (is_by_lanes_) {
      max_pooling::forward(window_, channels, args.inputs[0].data(), args.output.data(), winners,
                           args.scratch);
    } else {
      vectorized<max_of_windows>(places_, channels, args.inputs[0].data(), args.output.data(),
                                 winners);
    }
    return;
  }
  for (std::size_t c = 0; c < channels; ++c) {
    forward_mean(args.inputs[0].subspan(c * x_size, x_size),
                 args.output.subspan(c * y_size, y_size));
  }
}

// Forward was y = x[winner], so dy goes to the winner alone; windows that overlap add up.
void Pooling::backward_max(CView dy, std::span<const std::uint32_t> winners, View dx) const {
  for (std::size_t i = 0; i < dy.size(); ++i) dx[winners[i]] += dy[i];
}

// Forward was y = (1/k)·Σ x over k pixels, so each of them receives dy/k.
void Pooling::backward_mean(CView dy, View dx) const {
  const auto outputs = static_cast<std::size_t>(window_.output.width);
  const auto stride = static_cast<std::size_t>(window_.stride.width);
  for (int oy = 0; oy < window_.output.height; ++oy) {
    const CView row_dy = dy.subspan(static_cast<std::size_t>(oy) * outputs, outputs);
    places_.for_rows(oy, [&](std::size_t pixel, std::size_t first, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        dx[pixel + i * stride] += row_dy[first + i] / pixel_count(oy, first + i);
      }
    });
  }
}

void Pooling::backward(const BackwardArgs& args) const {
  const View dinput = args.dinputs[0];
  if (dinput.empty()) return;
  const std::size_t channels = args.n * static_cast<std::size_t>(window_.input.channels);
  if (is_2x2_) {
    const Real* const dy = args.doutput.data();
    if (type_ == Type::max) {
      pool_2x2::backward_max(planes(channels), dy,
                             reinterpret_cast<const std::uint8_t*>(args.saved.data()),
                             dinput.data());
    } else {
      pool_2x2::backward_mean(planes(channels), dy, dinput.data());
    }
    return;
  }
  const std::size_t x_size =
      window_.input.size() / static_cast<std::size_t>(window_.input.channels);
  if (is_mean_of_planes_) {
    hand_back_to_planes(channels, x_size, args.doutput.data(), dinput.data());
    return;
  }
  std::fill(dinput.begin(), dinput.end(), Real{0});
  const auto y_size = static_cast<std::size_t>(window_.positions());
  const std::span<const std::uint32_t> winners(
      reinterpret_cast<const std::uint32_t*>(args.saved.data()),
      args.saved.size() / sizeof(std::uint32_t));
  for (std::size_t c = 0; c < channels; ++c) {
    const CView dy = args.doutput.subspan(c * y_size, y_size);
    const View dx = dinput.subspan(c * x_size, x_size);
    if (type_ == Type::max) {
      backward_max(dy, winners.subspan(c * y_size, y_size), dx);
    } else {
      backward_mean(dy, dx);
    }
  }
}

std::unique_ptr<Layer> make_pooling() {
  return std::make_unique<Pooling>();
}

}  // namespace cnn
