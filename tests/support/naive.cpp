#include "support/naive.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace cnn::naive {
namespace {

// Element (a, b, c) of an array (A, B, C), and (a, b, c, d) of (A, B, C, D).
std::size_t at(int a, int b, int c, int size_b, int size_c) {
  return (static_cast<std::size_t>(a) * static_cast<std::size_t>(size_b) +
          static_cast<std::size_t>(b)) *
             static_cast<std::size_t>(size_c) +
         static_cast<std::size_t>(c);
}
std::size_t at(int a, int b, int c, int d, int size_b, int size_c, int size_d) {
  return at(static_cast<int>(at(a, b, c, size_b, size_c)), d, 0, size_d, 1);
}

int channels_of_group(const Slide& slide) {
  return slide.input.channels / slide.groups;
}

int kernels(const Slide& slide, const Values& weight) {
  return static_cast<int>(weight.size()) / channels_of_group(slide) / slide.kernel.height /
         slide.kernel.width;
}

// Calls visit(output, oy, ox, iy, ix, ky, kx) for each output position and each pixel of the image
// under the kernel there, in row order.
template <typename Visit>
void slide_over(const Slide& s, Visit&& visit) {
  const Size2 output = positions(s);
  for (int oy = 0; oy < output.height; ++oy) {
    for (int ox = 0; ox < output.width; ++ox) {
      for (int ky = 0; ky < s.kernel.height; ++ky) {
        for (int kx = 0; kx < s.kernel.width; ++kx) {
          const int iy = oy * s.stride.height + ky * s.dilation.height - s.pad.height;
          const int ix = ox * s.stride.width + kx * s.dilation.width - s.pad.width;
          if (iy < 0 || iy >= s.input.height || ix < 0 || ix >= s.input.width) continue;
          visit(oy, ox, iy, ix, ky, kx);
        }
      }
    }
  }
}

// Calls visit(y, x, w) with the indices of each product in the sum that is a convolution.
template <typename Visit>
void products(const Slide& s, int count, Visit&& visit) {
  const Size2 output = positions(s);
  const int channels = channels_of_group(s);
  for (int f = 0; f < count; ++f) {
    const int first = f / (count / s.groups) * channels;
    for (int c = 0; c < channels; ++c) {
      slide_over(s, [&](int oy, int ox, int iy, int ix, int ky, int kx) {
        visit(at(f, oy, ox, output.height, output.width),
              at(first + c, iy, ix, s.input.height, s.input.width),
              at(f, c, ky, kx, channels, s.kernel.height, s.kernel.width));
      });
    }
  }
}

// Calls visit(y, x) with the indices of each pair of a pooled value and a pixel of its window.
template <typename Visit>
void windows(const Slide& s, Visit&& visit) {
  const Size2 output = positions(s);
  for (int c = 0; c < s.input.channels; ++c) {
    slide_over(s, [&](int oy, int ox, int iy, int ix, int, int) {
      visit(at(c, oy, ox, output.height, output.width),
            at(c, iy, ix, s.input.height, s.input.width));
    });
  }
}

int places(int input, int kernel, int stride, int pad, bool ceil) {
  const int end = input + pad;
  int count = 0;
  for (int begin = -pad;; begin += stride, ++count) {
    const bool fits = begin + kernel <= end;
    const bool overhangs = ceil && begin < input && begin - stride + kernel < end;
    if (!fits && !overhangs) return count;
  }
}

std::size_t output_size(const Slide& slide, int channels) {
  const Size2 output = positions(slide);
  return Shape{channels, output.height, output.width}.size();
}

// How many pixels each window holds.
Values window_sizes(const Slide& slide) {
  Values sizes(output_size(slide, slide.input.channels), 0.0);
  windows(slide, [&](std::size_t y, std::size_t) { sizes[y] += 1; });
  return sizes;
}

// The pixel each window's maximum comes from.
std::vector<std::size_t> winners(const Slide& slide, const Values& x) {
  const std::size_t none = x.size();
  std::vector<std::size_t> winner(output_size(slide, slide.input.channels), none);
  windows(slide, [&](std::size_t y, std::size_t pixel) {
    if (winner[y] == none || x[pixel] > x[winner[y]]) winner[y] = pixel;
  });
  return winner;
}

}  // namespace

Size2 extent(const Slide& s) {
  return {(s.kernel.height - 1) * s.dilation.height + 1,
          (s.kernel.width - 1) * s.dilation.width + 1};
}

Size2 positions(const Slide& s) {
  const Size2 kernel = extent(s);
  return {places(s.input.height, kernel.height, s.stride.height, s.pad.height, s.ceil),
          places(s.input.width, kernel.width, s.stride.width, s.pad.width, s.ceil)};
}

Values convolve(const Slide& slide, const Values& x, const Values& weight, const Values& bias) {
  const int count = kernels(slide, weight);
  const std::size_t size = output_size(slide, 1);
  Values y(output_size(slide, count), 0.0);
  for (std::size_t i = 0; i < y.size() && !bias.empty(); ++i) y[i] = bias[i / size];
  products(slide, count,
           [&](std::size_t o, std::size_t i, std::size_t w) { y[o] += weight[w] * x[i]; });
  return y;
}

ConvolutionGradients convolve_backward(const Slide& slide, const Values& x, const Values& weight,
                                       const Values& dy) {
  const int count = kernels(slide, weight);
  const std::size_t size = output_size(slide, 1);
  ConvolutionGradients d{Values(x.size(), 0.0), Values(weight.size(), 0.0),
                         Values(static_cast<std::size_t>(count), 0.0)};
  products(slide, count, [&](std::size_t o, std::size_t i, std::size_t w) {
    d.dx[i] += dy[o] * weight[w];
    d.dweight[w] += dy[o] * x[i];
  });
  for (std::size_t o = 0; o < dy.size(); ++o) d.dbias[o / size] += dy[o];
  return d;
}

Values textbook_dx(const Slide& s, const Values& weight, const Values& dy) {
  const int count = kernels(s, weight);
  const Size2 output = positions(s);

  // δ as if the stride were 1: zeros where the kernel was not put down.
  const Size2 kernel = extent(s);
  const Size2 places = positions({s.input, kernel, {1, 1}, s.pad});
  Values delta(Shape{count, places.height, places.width}.size(), 0.0);
  for (int f = 0; f < count; ++f) {
    for (int oy = 0; oy < output.height; ++oy) {
      for (int ox = 0; ox < output.width; ++ox) {
        delta[at(f, oy * s.stride.height, ox * s.stride.width, places.height, places.width)] =
            dy[at(f, oy, ox, output.height, output.width)];
      }
    }
  }

  // (F, C/G, KH, KW) → (C, F/G, extent of the kernel), each kernel turned by 180°.
  const int channels = channels_of_group(s);
  const int filters = count / s.groups;
  Values rotated(Shape{s.input.channels * filters, kernel.height, kernel.width}.size(), 0.0);
  for (int f = 0; f < count; ++f) {
    for (int c = 0; c < channels; ++c) {
      for (int ky = 0; ky < s.kernel.height; ++ky) {
        for (int kx = 0; kx < s.kernel.width; ++kx) {
          rotated[at(
              f / filters * channels + c, f % filters, kernel.height - 1 - ky * s.dilation.height,
              kernel.width - 1 - kx * s.dilation.width, filters, kernel.height, kernel.width)] =
              weight[at(f, c, ky, kx, channels, s.kernel.height, s.kernel.width)];
        }
      }
    }
  }

  Slide full{
      {count, places.height, places.width}, kernel, {1, 1}, {kernel.height - 1, kernel.width - 1}};
  full.groups = s.groups;
  const Values padded = convolve(full, delta, rotated, {});
  const Size2 size = positions(full);
  Values dx(s.input.size());
  for (int c = 0; c < s.input.channels; ++c) {
    for (int iy = 0; iy < s.input.height; ++iy) {
      for (int ix = 0; ix < s.input.width; ++ix) {
        dx[at(c, iy, ix, s.input.height, s.input.width)] =
            padded[at(c, iy + s.pad.height, ix + s.pad.width, size.height, size.width)];
      }
    }
  }
  return dx;
}

Values max_pool(const Slide& slide, const Values& x) {
  Values y;
  for (const std::size_t winner : winners(slide, x)) y.push_back(x[winner]);
  return y;
}

Values mean_pool(const Slide& slide, const Values& x) {
  const Values sizes = window_sizes(slide);
  Values y(sizes.size(), 0.0);
  windows(slide, [&](std::size_t o, std::size_t i) { y[o] += x[i] / sizes[o]; });
  return y;
}

Values max_pool_backward(const Slide& slide, const Values& x, const Values& dy) {
  const std::vector<std::size_t> winner = winners(slide, x);
  Values dx(x.size(), 0.0);
  for (std::size_t o = 0; o < dy.size(); ++o) dx[winner[o]] += dy[o];
  return dx;
}

Values mean_pool_backward(const Slide& slide, const Values& dy) {
  const Values sizes = window_sizes(slide);
  Values dx(slide.input.size(), 0.0);
  windows(slide, [&](std::size_t o, std::size_t i) { dx[i] += dy[o] / sizes[o]; });
  return dx;
}

Values fully_connected(const Values& x, const Values& weight, const Values& bias) {
  Values y(weight.size() / x.size(), 0.0);
  for (std::size_t o = 0; o < y.size(); ++o) {
    if (!bias.empty()) y[o] = bias[o];
    for (std::size_t i = 0; i < x.size(); ++i) y[o] += weight[o * x.size() + i] * x[i];
  }
  return y;
}

double relu(double z) {
  return std::max(0.0, z);
}

double sigmoid(double z) {
  return 1.0 / (1.0 + std::exp(-z));
}

double softmax_cross_entropy(const Values& z, std::size_t label) {
  double sum = 0;
  for (const double value : z) sum += std::exp(value);
  return -std::log(std::exp(z[label]) / sum);
}

double euclidean(const Values& h, std::size_t label) {
  double sum = 0;
  for (std::size_t k = 0; k < h.size(); ++k) {
    const double y = k == label ? 1.0 : 0.0;
    sum += (h[k] - y) * (h[k] - y);
  }
  return sum / 2;
}

}  // namespace cnn::naive
