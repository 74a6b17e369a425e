#include "kernels/im2col.hpp"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/draw.hpp"
#include "support/naive.hpp"

namespace cnn {
namespace {

constexpr Real kNan = std::numeric_limits<Real>::quiet_NaN();
constexpr int kRandomShapes = 200;

Window window_of(const naive::Slide& slide) {
  return make_window(slide.input, slide.kernel, slide.stride, slide.pad, slide.dilation);
}

// Every other one with taps side by side, and every other one wide enough for vectors.
naive::Slide draw_slide(Draw& draw) {
  naive::Slide slide = draw.slide();
  if (draw.integer(0, 1) == 1) slide.input.width += draw.integer(8, 40);
  if (draw.integer(0, 1) == 1) slide.dilation = draw.dilation(slide);
  return slide;
}

std::string message(const Shape& input, Size2 kernel, Size2 pad) {
  try {
    make_window(input, kernel, {1, 1}, pad);
  } catch (const ShapeError& error) {
    return error.what();
  }
  return "made";
}

TEST(Window, HasAsManyPositionsAsTheKernelTakes) {
  Draw draw(1);
  for (int shape = 0; shape < kRandomShapes; ++shape) {
    const naive::Slide slide = draw_slide(draw);
    const Window window = window_of(slide);
    EXPECT_EQ(window.output, naive::positions(slide));
    EXPECT_EQ(window.positions(), window.output.height * window.output.width);
    EXPECT_EQ(window.patch(), slide.input.channels * slide.kernel.height * slide.kernel.width);
  }
}

TEST(Window, MayBeAsLargeAsThePaddedInput) {
  const Window window = make_window({3, 4, 2}, {6, 4}, {1, 1}, {1, 1});
  EXPECT_EQ(window.output, (Size2{1, 1}));
}

TEST(Window, RefusesAKernelLargerThanThePaddedInput) {
  EXPECT_EQ(message({50, 4, 4}, {5, 5}, {0, 0}),
            "kernel 5x5 (pad 0) is larger than its input 50x4x4");
  EXPECT_EQ(message({50, 4, 4}, {2, 7}, {1, 1}),
            "kernel 2x7 (pad 1) is larger than its input 50x4x4");
  EXPECT_EQ(message({50, 4, 4}, {7, 2}, {1, 2}),
            "kernel 7x2 (pad 1x2) is larger than its input 50x4x4");
}

TEST(Window, TakesAKernelFromItsFirstToItsLastTap) {
  EXPECT_EQ(make_window({1, 5, 7}, {3, 3}, {1, 1}, {0, 0}, {2, 3}).output, (Size2{1, 1}));
  EXPECT_EQ(make_window({1, 9, 9}, {3, 3}, {2, 1}, {1, 0}, {2, 4}).output, (Size2{4, 1}));
  const auto refusal = [](Size2 dilation) -> std::string {
    try {
      make_window({50, 4, 4}, {3, 2}, {1, 1}, {0, 0}, dilation);
    } catch (const ShapeError& error) {
      return error.what();
    }
    return "made";
  };
  EXPECT_EQ(refusal({2, 3}),
            "kernel 3x2 with dilation 2x3, 5x4 in all (pad 0), is larger than its input 50x4x4");
  EXPECT_EQ(refusal({1, 4}),
            "kernel 3x2 with dilation 1x4, 3x5 in all (pad 0), is larger than its input 50x4x4");
  EXPECT_EQ(refusal({1, 3}), "made");
}

TEST(Window, RefusesMatricesBeyondTheIndicesOfBlas) {
  EXPECT_EQ(message({3, 32768, 32768}, {3, 3}, {0, 0}),
            "kernel 3x3 over 3x32768x32768 needs a matrix of more than 2^30 elements");
  EXPECT_EQ(message({32768, 2, 2}, {32768, 32768}, {32768, 32768}),
            "kernel 32768x32768 over 32768x2x2 needs a matrix of more than 2^30 elements");
}

TEST(DroppedNotice, NamesRowsAndColumnsBehindTheLastWindow) {
  const auto notice = [](const Shape& input, Size2 kernel, Size2 stride, Size2 pad) {
    return dropped_notice(make_window(input, kernel, stride, pad));
  };
  EXPECT_EQ(notice({1, 7, 6}, {2, 2}, {2, 2}, {0, 0}), "drops the last row of its input 1x7x6");
  EXPECT_EQ(notice({1, 6, 7}, {2, 2}, {2, 2}, {0, 0}), "drops the last column of its input 1x6x7");
  EXPECT_EQ(notice({1, 7, 6}, {4, 4}, {4, 4}, {0, 0}),
            "drops the last 3 rows and the last 2 columns of its input 1x7x6");
  EXPECT_EQ(notice({1, 8, 6}, {2, 2}, {2, 2}, {0, 0}), "");
  EXPECT_EQ(dropped_notice(make_window({1, 8, 8}, {2, 2}, {2, 2}, {0, 0}, {2, 3})),
            "drops the last row of its input 1x8x8");
}

TEST(DroppedNotice, IsNotForPaddingThatNoWindowReaches) {
  // Of 1 + 7 + 1 rows the last is left over: padding.
  EXPECT_EQ(dropped_notice(make_window({1, 7, 7}, {2, 2}, {2, 2}, {1, 1})), "");
  // Of 1 + 8 + 1 rows and a stride of 5 the last three are left over, two of them pixels.
  EXPECT_EQ(dropped_notice(make_window({1, 8, 8}, {2, 2}, {5, 5}, {1, 1})),
            "drops the last 2 rows and the last 2 columns of its input 1x8x8");
}

TEST(DroppedNotice, DropsNoMoreThanThereIs) {
  // The only window lies on padding altogether.
  EXPECT_EQ(dropped_notice(make_window({1, 2, 2}, {1, 1}, {20, 20}, {5, 5})),
            "drops the last 2 rows and the last 2 columns of its input 1x2x2");
}

// column, element by element: the pixel under each element of the kernel at each position, zero on
// padding.
Values columns_by_definition(const naive::Slide& s, const Values& x) {
  const Size2 output = naive::positions(s);
  Values column;
  for (int c = 0; c < s.input.channels; ++c) {
    for (int ky = 0; ky < s.kernel.height; ++ky) {
      for (int kx = 0; kx < s.kernel.width; ++kx) {
        for (int oy = 0; oy < output.height; ++oy) {
          for (int ox = 0; ox < output.width; ++ox) {
            const int iy = oy * s.stride.height + ky * s.dilation.height - s.pad.height;
            const int ix = ox * s.stride.width + kx * s.dilation.width - s.pad.width;
            const bool real = iy >= 0 && iy < s.input.height && ix >= 0 && ix < s.input.width;
            const int pixel = (c * s.input.height + iy) * s.input.width + ix;
            column.push_back(real ? x[static_cast<std::size_t>(pixel)] : 0.0);
          }
        }
      }
    }
  }
  return column;
}

std::size_t column_size(const Window& window) {
  return static_cast<std::size_t>(window.patch()) * static_cast<std::size_t>(window.positions());
}

OutputRows all_rows(const Window& window) {
  return {0, window.output.height};
}

TEST(Im2col, AssignsThePixelsUnderEveryKernelPosition) {
  Draw draw(2);
  for (int shape = 0; shape < kRandomShapes; ++shape) {
    const naive::Slide slide = draw_slide(draw);
    const Window window = window_of(slide);
    std::vector<Real> x(slide.input.size());
    draw.integers(x, 100);
    std::vector<Real> column(column_size(window), kNan);
    im2col(window, all_rows(window), x, column);
    EXPECT_EQ(values(column), columns_by_definition(slide, values(x)));
  }
}

// Some rows of the output make a matrix of some of the columns.
TEST(Im2col, MakesTheColumnsOfSomeRows) {
  Draw draw(4);
  for (int shape = 0; shape < kRandomShapes; ++shape) {
    const naive::Slide slide = draw_slide(draw);
    const Window window = window_of(slide);
    std::vector<Real> x(slide.input.size());
    draw.integers(x, 100);
    const int first = draw.integer(0, window.output.height - 1);
    const OutputRows rows{first, draw.integer(first + 1, window.output.height)};
    const auto part = static_cast<std::size_t>(rows.last - rows.first) *
                      static_cast<std::size_t>(window.output.width);
    std::vector<Real> column(static_cast<std::size_t>(window.patch()) * part, kNan);
    im2col(window, rows, x, column);

    const Values whole = columns_by_definition(slide, values(x));
    Values expected;
    for (int row = 0; row < window.patch(); ++row) {
      const auto begin = whole.begin() + row * window.positions() + first * window.output.width;
      expected.insert(expected.end(), begin, begin + static_cast<std::ptrdiff_t>(part));
    }
    EXPECT_EQ(values(column), expected);
  }
}

// ⟨im2col(x), c⟩ = ⟨x, col2im(c)⟩, exactly on integers.
TEST(Col2im, IsTheAdjointOfIm2col) {
  Draw draw(3);
  for (int shape = 0; shape < kRandomShapes; ++shape) {
    const naive::Slide slide = draw_slide(draw);
    const Window window = window_of(slide);
    std::vector<Real> x(slide.input.size());
    std::vector<Real> column(column_size(window));
    std::vector<Real> dcolumn(column.size());
    std::vector<Real> dx(x.size(), 0);
    draw.integers(x, 100);
    draw.integers(dcolumn, 100);
    im2col(window, all_rows(window), x, column);
    add_col2im(window, all_rows(window), dcolumn, dx);
    EXPECT_EQ(inner_product(values(column), values(dcolumn)), inner_product(values(x), values(dx)));
  }
}

TEST(Col2im, CountsTheWindowsOverEachPixel) {
  const Window window = make_window({1, 3, 3}, {2, 2}, {1, 1}, {0, 0});
  const std::vector<Real> ones(column_size(window), 1);
  std::vector<Real> dx(9, 0);
  add_col2im(window, all_rows(window), ones, dx);
  EXPECT_EQ(values(dx), (Values{1, 2, 1,  //
                                2, 4, 2,  //
                                1, 2, 1}));
  // Row by row it is the same.
  for (int row = 0; row < window.output.height; ++row) {
    add_col2im(window, {row, row + 1}, ones, dx);
  }
  EXPECT_EQ(values(dx), (Values{2, 4, 2,  //
                                4, 8, 4,  //
                                2, 4, 2}));
}

}  // namespace
}  // namespace cnn
