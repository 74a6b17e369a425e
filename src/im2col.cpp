#include "cnn/im2col.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "cnn/error.hpp"

namespace cnn {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 30;

int output_extent(int input, int kernel, int stride, int pad) {
  return (input + 2 * pad - kernel) / stride + 1;
}

// The outputs first … last-1 for which 0 <= output·stride + offset < input; the others lie on
// padding.
struct Range {
  int first;
  int last;
};

Range inside(int offset, int stride, int input, int output) {
  const int first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  const int last = offset >= input ? 0 : (input - 1 - offset) / stride + 1;
  return {std::min(first, output), std::clamp(last, std::min(first, output), output)};
}

// Walks over the column matrix, one output row after the other:
// copy(position, pixel, count) handles `count` outputs from `position` on, whose first pixel is
// `pixel`; blank(position, count) handles outputs that lie on padding.
template <typename Copy, typename Blank>
void walk(const Window& window, Copy&& copy, Blank&& blank) {
  const auto [channels, height, width] = window.input;
  std::size_t position = 0;
  for (int c = 0; c < channels; ++c) {
    const std::size_t channel = static_cast<std::size_t>(c) * static_cast<std::size_t>(height) *
                                static_cast<std::size_t>(width);
    for (int ky = 0; ky < window.kernel.height; ++ky) {
      for (int kx = 0; kx < window.kernel.width; ++kx) {
        const Range x =
            inside(kx - window.pad.width, window.stride.width, width, window.output.width);
        for (int oy = 0; oy < window.output.height; ++oy) {
          const int iy = oy * window.stride.height + ky - window.pad.height;
          if (iy < 0 || iy >= height || x.first == x.last) {
            blank(position, window.output.width);
          } else {
            const int ix = x.first * window.stride.width + kx - window.pad.width;
            blank(position, x.first);
            copy(position + static_cast<std::size_t>(x.first),
                 channel + static_cast<std::size_t>(iy) * static_cast<std::size_t>(width) +
                     static_cast<std::size_t>(ix),
                 x.last - x.first);
            blank(position + static_cast<std::size_t>(x.last), window.output.width - x.last);
          }
          position += static_cast<std::size_t>(window.output.width);
        }
      }
    }
  }
}

}  // namespace

Window make_window(const Shape& input, Size2 kernel, Size2 stride, Size2 pad) {
  assert(kernel.height >= 1 && kernel.width >= 1 && stride.height >= 1 && stride.width >= 1);
  if (kernel.height > input.height + 2 * pad.height || kernel.width > input.width + 2 * pad.width) {
    throw ShapeError("kernel " + to_string(kernel) + " (pad " +
                     (pad.height == pad.width ? std::to_string(pad.height) : to_string(pad)) +
                     ") is larger than its input " + to_string(input));
  }
  Window window{input, kernel, stride, pad, {}};
  window.output = {output_extent(input.height, kernel.height, stride.height, pad.height),
                   output_extent(input.width, kernel.width, stride.width, pad.width)};
  const std::int64_t patch = std::int64_t{input.channels} * kernel.height * kernel.width;
  const std::int64_t positions = std::int64_t{window.output.height} * window.output.width;
  if (patch > kLargest || positions > kLargest || patch > kLargest / positions) {
    throw ShapeError("kernel " + to_string(kernel) + " over " + to_string(input) +
                     " needs a matrix of more than 2^30 elements");
  }
  return window;
}

std::string dropped_notice(const Window& window) {
  const int rows =
      (window.input.height + 2 * window.pad.height - window.kernel.height) % window.stride.height;
  const int columns =
      (window.input.width + 2 * window.pad.width - window.kernel.width) % window.stride.width;
  // What falls beyond the last window is padding first, image only after that.
  const int lost_rows = std::clamp(rows - window.pad.height, 0, window.input.height);
  const int lost_columns = std::clamp(columns - window.pad.width, 0, window.input.width);
  const auto count = [](int n, const char* word) {
    return "the last " + (n > 1 ? std::to_string(n) + " " + word + "s" : std::string(word));
  };
  std::string what;
  if (lost_rows > 0) what = count(lost_rows, "row");
  if (lost_columns > 0) what += (what.empty() ? "" : " and ") + count(lost_columns, "column");
  return what.empty() ? what : "drops " + what + " of its input " + to_string(window.input);
}

void im2col(const Window& window, CView x, View column) {
  assert(column.size() >=
         static_cast<std::size_t>(window.patch()) * static_cast<std::size_t>(window.positions()));
  const auto step = static_cast<std::size_t>(window.stride.width);
  walk(
      window,
      [&](std::size_t position, std::size_t pixel, int count) {
        const auto n = static_cast<std::size_t>(count);
        if (step == 1) {
          std::copy_n(&x[pixel], n, &column[position]);
        } else {
          for (std::size_t i = 0; i < n; ++i) column[position + i] = x[pixel + i * step];
        }
      },
      [&](std::size_t position, int count) {
        std::fill_n(column.begin() + static_cast<std::ptrdiff_t>(position), count, Real{0});
      });
}

void col2im(const Window& window, CView dcolumn, View dx) {
  const auto step = static_cast<std::size_t>(window.stride.width);
  std::fill(dx.begin(), dx.end(), Real{0});
  walk(
      window,
      [&](std::size_t position, std::size_t pixel, int count) {
        const auto n = static_cast<std::size_t>(count);
        const Real* from = &dcolumn[position];
        Real* to = &dx[pixel];
        if (step == 1) {
          for (std::size_t i = 0; i < n; ++i) to[i] += from[i];
        } else {
          for (std::size_t i = 0; i < n; ++i) to[i * step] += from[i];
        }
      },
      [](std::size_t, int) {});
}

}  // namespace cnn
