#include "kernels/pointwise.hpp"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "support/draw.hpp"
#include "support/naive.hpp"

namespace cnn {
namespace {

constexpr Real kUntouched = 1e6;

struct Case {
  Shape input;
  Size2 stride;
  int count;
  std::size_t samples;
};

class PointwiseTest : public testing::TestWithParam<Case> {
 protected:
  // Whole numbers, so that sums are exact in whatever order.
  std::vector<Real> whole_numbers(std::size_t count) {
    std::vector<Real> numbers(count);
    draw_.integers(numbers, 3);
    return numbers;
  }

  const Case& case_ = GetParam();
  const naive::Slide slide_{case_.input, {1, 1}, case_.stride};
  const Window window_ = make_window(case_.input, {1, 1}, case_.stride, {0, 0});
  Draw draw_{1};
  const Pointwise pointwise_{window_, case_.count};
  const std::size_t count_ = static_cast<std::size_t>(case_.count);
  const std::vector<Real> x_ = whole_numbers(case_.samples * window_.input.size());
  const std::vector<Real> weight_ =
      whole_numbers(count_ * static_cast<std::size_t>(window_.input.channels));
  const std::vector<Real> bias_ = whole_numbers(count_);
  const std::vector<Real> dy_ =
      whole_numbers(case_.samples * count_ * static_cast<std::size_t>(window_.positions()));
  // Not a number wherever something is read that was not written.
  std::vector<Real> scratch_ =
      std::vector<Real>(pointwise_.scratch(), std::numeric_limits<Real>::quiet_NaN());
};

TEST_P(PointwiseTest, ForwardIsTheDefinition) {
  for (const bool biased : {true, false}) {
    std::vector<Real> y(dy_.size() + 1, kUntouched);
    pointwise_.forward(case_.samples, x_, weight_, biased ? CView(bias_) : CView(),
                       View(y).first(dy_.size()), scratch_);
    EXPECT_EQ(y.back(), kUntouched);
    y.pop_back();
    const Values bias = biased ? values(bias_) : Values(bias_.size());
    for (std::size_t i = 0; i < case_.samples; ++i) {
      EXPECT_EQ(part(y, i, case_.samples),
                naive::convolve(slide_, part(x_, i, case_.samples), values(weight_), bias));
    }
  }
}

TEST_P(PointwiseTest, DxIsTheDefinition) {
  std::vector<Real> dx(x_.size() + 1, kUntouched);
  pointwise_.dx(case_.samples, dy_, weight_, View(dx).first(x_.size()), scratch_);
  EXPECT_EQ(dx.back(), kUntouched);
  dx.pop_back();
  for (std::size_t i = 0; i < case_.samples; ++i) {
    const naive::ConvolutionGradients gradients = naive::convolve_backward(
        slide_, part(x_, i, case_.samples), values(weight_), part(dy_, i, case_.samples));
    EXPECT_EQ(part(dx, i, case_.samples), gradients.dx);
  }
}

// Whole panels, panels of several samples, less than a panel; with and without pixels between.
INSTANTIATE_TEST_SUITE_P(
    Kernels, PointwiseTest,
    testing::Values(Case{{5, 8, 8}, {1, 1}, 7, 2}, Case{{3, 7, 7}, {1, 1}, 13, 3},
                    Case{{40, 1, 1}, {1, 1}, 9, 70}, Case{{2, 1, 5}, {1, 1}, 1, 1},
                    Case{{4, 9, 11}, {2, 2}, 6, 3}, Case{{6, 16, 16}, {2, 2}, 5, 2},
                    Case{{3, 12, 40}, {3, 1}, 4, 2}, Case{{3, 40, 9}, {1, 4}, 4, 2}));

}  // namespace
}  // namespace cnn
