#include "cnn/layers/pooling.hpp"

#include <algorithm>
#include <cmath>

#include "cnn/error.hpp"

#include "limits.hpp"

namespace cnn {

void Pooling::options(OptionVisitor& visitor) {
  visitor.choice("type", type_, kTypeNames, Presence::required);
  visitor.size2("kernel", kernel_, {1, kLargestExtent}, Presence::required);
  if (stride_ == Size2{}) stride_ = kernel_;  // the default
  visitor.size2("stride", stride_, {1, kLargestExtent});
  visitor.size2("pad", pad_, {0, kLargestExtent});
}

LayerPlan Pooling::plan(std::span<const Shape> inputs) {
  if (pad_.height >= kernel_.height || pad_.width >= kernel_.width) {
    throw ShapeError("pad " + to_string(pad_) + " must be smaller than the kernel " +
                     to_string(kernel_) + ", or windows would hold no pixel");
  }
  window_ = make_window(only_input(inputs), kernel_, stride_, pad_);
  LayerPlan plan;
  plan.output = {window_.input.channels, window_.output.height, window_.output.width};
  if (type_ == Type::max) plan.saved_bytes_per_sample = plan.output.size() * sizeof(std::uint32_t);
  plan.notice = dropped_notice(window_);
  return plan;
}

Pooling::Pixels Pooling::pixels(int oy, int ox) const {
  const int top = oy * stride_.height - pad_.height;
  const int left = ox * stride_.width - pad_.width;
  return {std::max(top, 0), std::min(top + kernel_.height, window_.input.height), std::max(left, 0),
          std::min(left + kernel_.width, window_.input.width)};
}

// y = max over the window; the first in row order among equals. A NaN wins, so that it is never
// hidden. winners: the winning pixel's place within its channel; may be empty.
void Pooling::forward_max(CView x, View y, std::span<std::uint32_t> winners) const {
  const int width = window_.input.width;
  std::size_t output = 0;
  for (int oy = 0; oy < window_.output.height; ++oy) {
    for (int ox = 0; ox < window_.output.width; ++ox, ++output) {
      const Pixels in = pixels(oy, ox);
      auto best = static_cast<std::size_t>(in.top * width + in.left);
      for (int iy = in.top; iy < in.bottom; ++iy) {
        for (int ix = in.left; ix < in.right; ++ix) {
          const auto pixel = static_cast<std::size_t>(iy * width + ix);
          if (x[pixel] > x[best] || std::isnan(x[pixel])) best = pixel;
        }
      }
      y[output] = x[best];
      if (!winners.empty()) winners[output] = static_cast<std::uint32_t>(best);
    }
  }
}

// y = mean over the window's real pixels
void Pooling::forward_mean(CView x, View y) const {
  const int width = window_.input.width;
  std::size_t output = 0;
  for (int oy = 0; oy < window_.output.height; ++oy) {
    for (int ox = 0; ox < window_.output.width; ++ox, ++output) {
      const Pixels in = pixels(oy, ox);
      Real sum = 0;
      for (int iy = in.top; iy < in.bottom; ++iy) {
        for (int ix = in.left; ix < in.right; ++ix)
          sum += x[static_cast<std::size_t>(iy * width + ix)];
      }
      y[output] = sum / static_cast<Real>((in.bottom - in.top) * (in.right - in.left));
    }
  }
}

void Pooling::forward(const ForwardArgs& args) const {
  const std::size_t channels = args.n * static_cast<std::size_t>(window_.input.channels);
  const std::size_t x_size =
      window_.input.size() / static_cast<std::size_t>(window_.input.channels);
  const auto y_size = static_cast<std::size_t>(window_.positions());
  const std::span<std::uint32_t> winners(reinterpret_cast<std::uint32_t*>(args.saved.data()),
                                         args.saved.size() / sizeof(std::uint32_t));
  for (std::size_t c = 0; c < channels; ++c) {
    const CView x = args.inputs[0].subspan(c * x_size, x_size);
    const View y = args.output.subspan(c * y_size, y_size);
    if (type_ == Type::max) {
      forward_max(x, y, winners.empty() ? winners : winners.subspan(c * y_size, y_size));
    } else {
      forward_mean(x, y);
    }
  }
}

// Forward was y = x[winner], so dy goes to the winner alone; windows that overlap add up.
void Pooling::backward_max(CView dy, std::span<const std::uint32_t> winners, View dx) const {
  for (std::size_t i = 0; i < dy.size(); ++i) dx[winners[i]] += dy[i];
}

// Forward was y = (1/k)·Σ x over k pixels, so each of them receives dy/k.
void Pooling::backward_mean(CView dy, View dx) const {
  const int width = window_.input.width;
  std::size_t output = 0;
  for (int oy = 0; oy < window_.output.height; ++oy) {
    for (int ox = 0; ox < window_.output.width; ++ox, ++output) {
      const Pixels in = pixels(oy, ox);
      const Real share =
          dy[output] / static_cast<Real>((in.bottom - in.top) * (in.right - in.left));
      for (int iy = in.top; iy < in.bottom; ++iy) {
        for (int ix = in.left; ix < in.right; ++ix)
          dx[static_cast<std::size_t>(iy * width + ix)] += share;
      }
    }
  }
}

void Pooling::backward(const BackwardArgs& args) const {
  const View dinput = args.dinputs[0];
  if (dinput.empty()) return;
  std::fill(dinput.begin(), dinput.end(), Real{0});
  const std::size_t channels = args.n * static_cast<std::size_t>(window_.input.channels);
  const std::size_t x_size =
      window_.input.size() / static_cast<std::size_t>(window_.input.channels);
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

}  // namespace cnn
