#include "kernels/depthwise.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/draw.hpp"
#include "support/naive.hpp"

namespace cnn {
namespace {

Window window_of(const naive::Slide& slide) {
  return make_window(slide.input, slide.kernel, slide.stride, slide.pad, slide.dilation);
}

class DepthwiseTest : public testing::TestWithParam<naive::Slide> {
 protected:
  DepthwiseTest() { depthwise_.clear(scratch_); }

  // Whole numbers, so that sums are exact in whatever order.
  std::vector<Real> whole_numbers(std::size_t count) {
    std::vector<Real> numbers(count);
    draw_.integers(numbers, 3);
    return numbers;
  }

  const naive::Slide& slide_ = GetParam();
  const Window window_ = window_of(slide_);
  const Depthwise depthwise_{window_};
  Draw draw_{1};
  const std::vector<Real> x_ = whole_numbers(window_.input.size());
  const std::vector<Real> weight_ = whole_numbers(static_cast<std::size_t>(window_.patch()));
  const std::vector<Real> dy_ = whole_numbers(static_cast<std::size_t>(window_.positions()));
  // Not a number wherever something is read that was not written.
  std::vector<Real> scratch_ =
      std::vector<Real>(depthwise_.scratch(), std::numeric_limits<Real>::quiet_NaN());
};

constexpr Real kUntouched = 1e6;
constexpr Real kBias[] = {2};

TEST_P(DepthwiseTest, ForwardIsTheDefinition) {
  std::vector<Real> y(dy_.size() + 1, kUntouched);
  depthwise_.forward(1, x_, weight_, kBias, View(y).first(dy_.size()), scratch_);
  EXPECT_EQ(y.back(), kUntouched);
  y.pop_back();
  EXPECT_EQ(values(y), naive::convolve(slide_, values(x_), values(weight_), {2}));
}

TEST_P(DepthwiseTest, TakesEachPlaneByItsKernel) {
  constexpr std::size_t kPlanes = 5, kKernels = 2;
  const std::vector<Real> x = whole_numbers(kPlanes * x_.size());
  const std::vector<Real> weight = whole_numbers(kKernels * weight_.size());
  const std::vector<Real> bias = {3, -1};
  std::vector<Real> y(kPlanes * dy_.size());
  depthwise_.forward(kPlanes, x, weight, bias, y, scratch_);
  for (std::size_t p = 0; p < kPlanes; ++p) {
    const std::size_t kernel = p % kKernels;
    std::vector<Real> right(dy_.size());
    depthwise_.forward(1, CView(x).subspan(p * x_.size(), x_.size()),
                       CView(weight).subspan(kernel * weight_.size(), weight_.size()),
                       CView(bias).subspan(kernel, 1), right, scratch_);
    EXPECT_TRUE(std::equal(right.begin(), right.end(), &y[p * dy_.size()])) << p;
  }
}

TEST_P(DepthwiseTest, ClearsScratchOnceForManyPlanes) {
  const auto forward = [&] {
    std::vector<Real> y(dy_.size());
    depthwise_.forward(1, x_, weight_, kBias, y, scratch_);
    return y;
  };
  const auto dx = [&] {
    std::vector<Real> gradient(x_.size());
    depthwise_.dx(dy_, weight_, gradient, scratch_);
    return gradient;
  };
  const std::vector<Real> first = forward();
  const std::vector<Real> first_dx = dx();
  std::vector<Real> dweight(weight_.size());
  depthwise_.add_dweight(x_, dy_, dweight, scratch_);
  EXPECT_EQ(forward(), first);
  EXPECT_EQ(dx(), first_dx);
}

TEST_P(DepthwiseTest, BackwardIsTheDefinition) {
  const naive::ConvolutionGradients right =
      naive::convolve_backward(slide_, values(x_), values(weight_), values(dy_));
  std::vector<Real> dweight(weight_.size());
  depthwise_.add_dweight(x_, dy_, dweight, scratch_);
  EXPECT_EQ(values(dweight), right.dweight);
  depthwise_.add_dweight(x_, dy_, dweight, scratch_);
  for (Real& value : dweight) value /= 2;
  EXPECT_EQ(values(dweight), right.dweight);

  std::vector<Real> dx(x_.size() + 1, kUntouched);
  depthwise_.dx(dy_, weight_, View(dx).first(x_.size()), scratch_);
  EXPECT_EQ(dx.back(), kUntouched);
  dx.pop_back();
  EXPECT_EQ(values(dx), right.dx);
}

naive::Slide slide_of(Size2 input, Size2 kernel, Size2 stride = {1, 1}, Size2 pad = {0, 0},
                      Size2 dilation = {1, 1}) {
  return {.input = {1, input.height, input.width},
          .kernel = kernel,
          .stride = stride,
          .pad = pad,
          .dilation = dilation};
}

std::vector<naive::Slide> slides() {
  std::vector<naive::Slide> slides = {
      slide_of({1, 1}, {1, 1}),
      slide_of({1, 1}, {1, 1}, {2, 2}),
      slide_of({3, 5}, {3, 5}),
      slide_of({9, 70}, {1, 3}, {1, 1}, {0, 1}),
      slide_of({20, 9}, {5, 2}, {2, 1}, {3, 1}),
      slide_of({13, 12}, {3, 3}, {1, 2}, {1, 0}, {2, 3}),
      slide_of({13, 12}, {2, 3}, {2, 2}, {0, 2}, {2, 2}),
      slide_of({4, 4}, {2, 2}, {1, 1}, {3, 3}),  // windows on padding alone
      slide_of({4, 6}, {1, 1}, {2, 2}, {3, 2}),  // pixels that no window sees
      slide_of({40, 40}, {16, 16}, {1, 1}, {8, 8}),
  };
  for (const int size : {2, 3, 4, 5, 7, 8, 9, 14, 16, 17, 31, 32, 56, 65, 121}) {
    for (const int kernel : {3, 5}) {
      for (const int stride : {1, 2}) {
        if (kernel > size + 2 * (kernel / 2)) continue;
        slides.push_back(slide_of({size, size + 1}, {kernel, kernel}, {stride, stride},
                                  {kernel / 2, kernel / 2}));
        if (size >= kernel)
          slides.push_back(slide_of({size, size}, {kernel, kernel}, {stride, stride}));
      }
    }
  }
  return slides;
}

INSTANTIATE_TEST_SUITE_P(Slides, DepthwiseTest, testing::ValuesIn(slides()));

TEST(DepthwiseTable, AppliesToOneChannelAndSmallStrides) {
  const auto applies = [](const Shape& input, int kernel, int stride) {
    return Depthwise::applies(make_window(input, {kernel, kernel}, {stride, stride}, {0, 0}));
  };
  EXPECT_TRUE(applies({1, 40, 40}, 16, 2));
  EXPECT_FALSE(applies({2, 40, 40}, 3, 1));
  EXPECT_FALSE(applies({1, 40, 40}, 3, 3));
  EXPECT_FALSE(applies({1, 40, 40}, 17, 1));
}

}  // namespace
}  // namespace cnn
