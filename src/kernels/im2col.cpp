#include "kernels/im2col.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "cnn/error.hpp"

#include "base/lanes.hpp"

namespace cnn {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 30;

// From the first to the last tap of a kernel, and what lies between.
Size2 extent(Size2 kernel, Size2 dilation) {
  return {dilation.height * (kernel.height - 1) + 1, dilation.width * (kernel.width - 1) + 1};
}

[[noreturn]] void refuse(const Shape& input, Size2 kernel, Size2 pad, Size2 dilation) {
  const auto short_text = [](Size2 size) {
    return size.height == size.width ? std::to_string(size.height) : to_string(size);
  };
  const bool dilated = dilation != Size2{1, 1};
  throw ShapeError("kernel " + to_string(kernel) +
                   (dilated ? " with dilation " + short_text(dilation) + ", " +
                                  to_string(extent(kernel, dilation)) + " in all"
                            : "") +
                   " (pad " + short_text(pad) + (dilated ? ")," : ")") +
                   " is larger than its input " + to_string(input));
}

int output_extent(int input, int kernel, int stride, int pad, Rounding rounding) {
  const int room = input + 2 * pad - kernel;
  const int windows = room / stride + 1;
  const bool one_more =
      rounding == Rounding::ceil && room % stride != 0 && windows * stride < input + pad;
  return windows + int{one_more};
}

// Rows or columns at the end of the image that no window reaches.
int dropped(int input, int kernel, int stride, int pad, int output) {
  return std::clamp(input + pad - (output - 1) * stride - kernel, 0, input);
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

// Of pixels that are moved together.
constexpr std::size_t kBlock = 8;

// A rectangle of `rows` rows of `count` pixels, at `from_pitch` and `to_pitch` from row to row.
struct Rectangle {
  std::size_t rows;
  std::size_t count;
  std::size_t from_pitch;
  std::size_t to_pitch;
};

CNN_INLINE void copy(const Rectangle& r, const Real* from, Real* to) {
  for (std::size_t y = 0; y < r.rows; ++y, from += r.from_pitch, to += r.to_pitch) {
    copy_short(from, r.count, to);
  }
}

CNN_INLINE void add(const Rectangle& r, const Real* from, Real* to) {
  const std::size_t whole = r.count / kBlock * kBlock;
  for (std::size_t y = 0; y < r.rows; ++y, from += r.from_pitch, to += r.to_pitch) {
    for (std::size_t i = 0; i < whole; i += kBlock) {
      for (std::size_t k = 0; k < kBlock; ++k) to[i + k] += from[i + k];
    }
    for (std::size_t i = whole; i < r.count; ++i) to[i] += from[i];
  }
}

// Every other pixel of `from`.
CNN_INLINE void copy_every_other(const Rectangle& r, const Real* from, Real* to) {
  for (std::size_t y = 0; y < r.rows; ++y, from += r.from_pitch, to += r.to_pitch) {
    copy_even(from, r.count, to);
  }
}

// Adds to every other pixel of `to`. Blocks write the pixel behind their last, too, as it was: only
// where another of the row follows.
CNN_INLINE void add_to_every_other(const Rectangle& r, const Real* from, Real* to) {
  const auto add_block = [](const Real* source, Real* target) CNN_INLINE_LAMBDA {
    const auto value = load<Lanes8>(source);
    const auto low = load<Lanes8>(target);
    const auto high = load<Lanes8>(target + kBlock);
    const Lanes8 sum = even(low, high) + value;
    const Lanes8 between = odd(low, high);
    store(interleave_low(sum, between), target);
    store(interleave_high(sum, between), target + kBlock);
  };
  for (std::size_t y = 0; y < r.rows; ++y, from += r.from_pitch, to += r.to_pitch) {
    std::size_t i = 0;
    for (; i + kBlock < r.count; i += kBlock) add_block(from + i, to + 2 * i);
    for (; i < r.count; ++i) to[2 * i] += from[i];
  }
}

// Walks over the rows of the column matrix, one tap of the kernel after the other, for the output
// rows first … last-1: block(position, pixel, rows, count) handles the rectangle of outputs whose
// pixels lie on the image, from `position` and `pixel` on; blank(position, count) handles `count`
// outputs that lie on padding.
template <typename Block, typename Blank>
CNN_INLINE void walk(const Window& window, OutputRows part, Block&& block, Blank&& blank) {
  const auto [channels, height, width] = window.input;
  const auto outputs = static_cast<std::size_t>(window.output.width);
  const auto rows_size = [&](int rows) { return static_cast<std::size_t>(rows) * outputs; };
  std::size_t position = 0;
  for (int c = 0; c < channels; ++c) {
    for (int ky = 0; ky < window.kernel.height; ++ky) {
      const int below = ky * window.dilation.height - window.pad.height;
      const Range whole_y = inside(below, window.stride.height, height, window.output.height);
      const Range y = {std::clamp(whole_y.first, part.first, part.last),
                       std::clamp(whole_y.last, part.first, part.last)};
      for (int kx = 0; kx < window.kernel.width; ++kx) {
        const int right_of = kx * window.dilation.width - window.pad.width;
        const Range x = inside(right_of, window.stride.width, width, window.output.width);
        if (y.first >= y.last || x.first >= x.last) {
          blank(position, rows_size(part.last - part.first));
        } else {
          const int iy = y.first * window.stride.height + below;
          const int ix = x.first * window.stride.width + right_of;
          const auto left = static_cast<std::size_t>(x.first);
          const std::size_t right = outputs - static_cast<std::size_t>(x.last);
          const std::size_t top = rows_size(y.first - part.first);
          const std::size_t begin = position + top;
          const std::size_t end = begin + rows_size(y.last - y.first);
          blank(position, top);
          if (left + right > 0) {
            for (std::size_t row = begin; row < end; row += outputs) {
              blank(row, left);
              blank(row + outputs - right, right);
            }
          }
          block(begin + left,
                (static_cast<std::size_t>(c) * static_cast<std::size_t>(height) +
                 static_cast<std::size_t>(iy)) *
                        static_cast<std::size_t>(width) +
                    static_cast<std::size_t>(ix),
                static_cast<std::size_t>(y.last - y.first), outputs - left - right);
          blank(end, rows_size(part.last - y.last));
        }
        position += rows_size(part.last - part.first);
      }
    }
  }
}

CNN_INLINE
void im2col_body(const Window& window, OutputRows rows, CView x, View column) {
  assert(column.size() >= static_cast<std::size_t>(window.patch()) *
                              static_cast<std::size_t>(rows.last - rows.first) *
                              static_cast<std::size_t>(window.output.width));
  const auto step = static_cast<std::size_t>(window.stride.width);
  const std::size_t pitch =
      static_cast<std::size_t>(window.stride.height) * static_cast<std::size_t>(window.input.width);
  const auto outputs = static_cast<std::size_t>(window.output.width);
  const Real* const from = x.data();
  Real* const to = column.data();
  const auto blank = [=](std::size_t position, std::size_t count) CNN_INLINE_LAMBDA {
    for (std::size_t i = 0; i < count; ++i) to[position + i] = 0;
  };
  if (step == 1) {
    const auto block = [=](std::size_t position, std::size_t pixel, std::size_t block_rows,
                           std::size_t count) CNN_INLINE_LAMBDA {
      copy({block_rows, count, pitch, outputs}, from + pixel, to + position);
    };
    walk(window, rows, block, blank);
  } else if (step == 2) {
    const auto block = [=](std::size_t position, std::size_t pixel, std::size_t block_rows,
                           std::size_t count) CNN_INLINE_LAMBDA {
      copy_every_other({block_rows, count, pitch, outputs}, from + pixel, to + position);
    };
    walk(window, rows, block, blank);
  } else {
    const auto block = [=](std::size_t position, std::size_t pixel, std::size_t block_rows,
                           std::size_t count) CNN_INLINE_LAMBDA {
      for (std::size_t y = 0; y < block_rows; ++y) {
        for (std::size_t i = 0; i < count; ++i) {
          to[position + y * outputs + i] = from[pixel + y * pitch + i * step];
        }
      }
    };
    walk(window, rows, block, blank);
  }
}

CNN_INLINE
void add_col2im_body(const Window& window, OutputRows rows, CView dcolumn, View dx) {
  const auto step = static_cast<std::size_t>(window.stride.width);
  const std::size_t pitch =
      static_cast<std::size_t>(window.stride.height) * static_cast<std::size_t>(window.input.width);
  const auto outputs = static_cast<std::size_t>(window.output.width);
  const Real* const from = dcolumn.data();
  Real* const to = dx.data();
  const auto blank = [](std::size_t, std::size_t) CNN_INLINE_LAMBDA {};
  if (step == 1) {
    const auto block = [=](std::size_t position, std::size_t pixel, std::size_t block_rows,
                           std::size_t count) CNN_INLINE_LAMBDA {
      add({block_rows, count, outputs, pitch}, from + position, to + pixel);
    };
    walk(window, rows, block, blank);
  } else if (step == 2) {
    const auto block = [=](std::size_t position, std::size_t pixel, std::size_t block_rows,
                           std::size_t count) CNN_INLINE_LAMBDA {
      add_to_every_other({block_rows, count, outputs, pitch}, from + position, to + pixel);
    };
    walk(window, rows, block, blank);
  } else {
    const auto block = [=](std::size_t position, std::size_t pixel, std::size_t block_rows,
                           std::size_t count) CNN_INLINE_LAMBDA {
      for (std::size_t y = 0; y < block_rows; ++y) {
        for (std::size_t i = 0; i < count; ++i) {
          to[pixel + y * pitch + i * step] += from[position + y * outputs + i];
        }
      }
    };
    walk(window, rows, block, blank);
  }
}

}  // namespace

Window make_window(const Shape& input, Size2 kernel, Size2 stride, Size2 pad, Size2 dilation,
                   Rounding rounding) {
  assert(kernel.height >= 1 && kernel.width >= 1 && stride.height >= 1 && stride.width >= 1);
  assert(dilation.height >= 1 && dilation.width >= 1);
  const Size2 whole = extent(kernel, dilation);
  if (whole.height > input.height + 2 * pad.height || whole.width > input.width + 2 * pad.width) {
    refuse(input, kernel, pad, dilation);
  }
  Window window{input, kernel, stride, pad, dilation, {}};
  window.output = {output_extent(input.height, whole.height, stride.height, pad.height, rounding),
                   output_extent(input.width, whole.width, stride.width, pad.width, rounding)};
  const std::int64_t patch = std::int64_t{input.channels} * kernel.height * kernel.width;
  const std::int64_t positions = std::int64_t{window.output.height} * window.output.width;
  if (patch > kLargest || positions > kLargest || patch > kLargest / positions) {
    throw ShapeError("kernel " + to_string(kernel) + " over " + to_string(input) +
                     " needs a matrix of more than 2^30 elements");
  }
  return window;
}

std::string dropped_notice(const Window& window) {
  const Size2 whole = extent(window.kernel, window.dilation);
  const int lost_rows = dropped(window.input.height, whole.height, window.stride.height,
                                window.pad.height, window.output.height);
  const int lost_columns = dropped(window.input.width, whole.width, window.stride.width,
                                   window.pad.width, window.output.width);
  const auto count = [](int n, const char* word) {
    return "the last " + (n > 1 ? std::to_string(n) + " " + word + "s" : std::string(word));
  };
  std::string what;
  if (lost_rows > 0) what = count(lost_rows, "row");
  if (lost_columns > 0) what += (what.empty() ? "" : " and ") + count(lost_columns, "column");
  return what.empty() ? what : "drops " + what + " of its input " + to_string(window.input);
}

void im2col(const Window& window, OutputRows rows, CView x, View column) {
  vectorized<im2col_body>(window, rows, x, column);
}

void add_col2im(const Window& window, OutputRows rows, CView dcolumn, View dx) {
  vectorized<add_col2im_body>(window, rows, dcolumn, dx);
}

}  // namespace cnn
