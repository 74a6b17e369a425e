#include "kernels/direct.hpp"

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

class DirectTest : public testing::TestWithParam<naive::Slide> {
 protected:
  // Whole numbers, so that sums are exact in whatever order.
  std::vector<Real> whole_numbers(std::size_t count) {
    std::vector<Real> numbers(count);
    draw_.integers(numbers, 3);
    return numbers;
  }

  static constexpr std::size_t kSamples = 2;
  const naive::Slide& slide_ = GetParam();
  const Window window_ = window_of(slide_);
  Draw draw_{1};
  const int count_ = draw_.integer(1, 40);
  const Direct direct_{window_, count_};
  const std::size_t y_size_ = static_cast<std::size_t>(count_ * window_.positions());
  const std::size_t taps_ = static_cast<std::size_t>(window_.patch());
  const std::vector<Real> x_ = whole_numbers(kSamples * window_.input.size());
  const std::vector<Real> weight_ = whole_numbers(static_cast<std::size_t>(count_) * taps_);
  const std::vector<Real> bias_ = whole_numbers(static_cast<std::size_t>(count_));
  const std::vector<Real> dy_ = whole_numbers(kSamples * y_size_);
  // Not a number wherever something is read that was not written.
  std::vector<Real> scratch_ =
      std::vector<Real>(direct_.scratch(), std::numeric_limits<Real>::quiet_NaN());
};

constexpr Real kUntouched = 1e6;

TEST_P(DirectTest, ForwardIsTheDefinition) {
  for (const bool biased : {true, false}) {
    std::vector<Real> y(dy_.size() + 1, kUntouched);
    direct_.forward(kSamples, {0, bias_.size()}, x_, weight_, {}, biased ? CView(bias_) : CView(),
                    View(y).first(dy_.size()), scratch_);
    EXPECT_EQ(y.back(), kUntouched);
    y.pop_back();
    const Values bias = biased ? values(bias_) : Values(bias_.size());
    for (std::size_t i = 0; i < kSamples; ++i) {
      EXPECT_EQ(part(y, i, kSamples),
                naive::convolve(slide_, part(x_, i, kSamples), values(weight_), bias));
    }
  }
}

TEST_P(DirectTest, ForwardOfPackedWeightsAndSomeKernelsHasTheSameBits) {
  std::vector<Real> x = x_, weight = weight_;
  for (std::vector<Real>* numbers : {&x, &weight}) draw_.reals(*numbers, 1);  // sums round
  std::vector<Real> whole(dy_.size()), parts(dy_.size(), kUntouched);
  direct_.forward(kSamples, {0, bias_.size()}, x, weight, {}, bias_, whole, scratch_);
  std::vector<Real> packed(direct_.packed(), kUntouched);
  direct_.pack(weight, packed);
  for (std::size_t first = 0; first < bias_.size(); first += Direct::step()) {
    const std::size_t last = std::min(first + Direct::step(), bias_.size());
    direct_.forward(kSamples, {first, last}, x, weight, packed, bias_, parts, scratch_);
  }
  EXPECT_EQ(parts, whole);
}

TEST_P(DirectTest, BackwardIsTheDefinition) {
  std::vector<Real> dx(x_.size() + 1, kUntouched);
  direct_.dx(kSamples, dy_, weight_, View(dx).first(x_.size()), scratch_);
  EXPECT_EQ(dx.back(), kUntouched);
  dx.pop_back();
  std::vector<Real> dweight(weight_.size(), 1);
  const std::size_t middle = taps_ / 2;
  direct_.add_dweight(kSamples, {0, middle}, x_, dy_, dweight, scratch_);
  direct_.add_dweight(kSamples, {middle, taps_}, x_, dy_, dweight, scratch_);
  Values right(weight_.size(), 1);
  for (std::size_t i = 0; i < kSamples; ++i) {
    const naive::ConvolutionGradients gradients = naive::convolve_backward(
        slide_, part(x_, i, kSamples), values(weight_), part(dy_, i, kSamples));
    EXPECT_EQ(part(dx, i, kSamples), gradients.dx);
    add(right, gradients.dweight);
  }
  EXPECT_EQ(values(dweight), right);
}

// The slides that windows of a few pixels make, and some that are wide.
std::vector<naive::Slide> slides() {
  constexpr int kRandomShapes = 200;
  std::vector<naive::Slide> slides;
  Draw draw(2);
  for (int shape = 0; shape < kRandomShapes; ++shape) {
    slides.push_back(draw.slide());
    naive::Slide& slide = slides.back();
    if (draw.integer(0, 1) == 1) slide.dilation = draw.dilation(slide);
    if (draw.integer(0, 3) == 0) slide.input.channels = draw.integer(1, 20);
    if (draw.integer(0, 3) == 0) slide.input.width += draw.integer(8, 40);
  }
  // Rows of dy of every length, without padding and with.
  for (int columns = 1; columns <= 30; ++columns) {
    for (const int kernel : {3, 5}) {
      naive::Slide slide;
      slide.input = {draw.integer(1, 20), 4, columns + kernel - 1};
      slide.kernel = {draw.integer(1, 3), kernel};
      slides.push_back(slide);
      slide.pad = {0, draw.integer(1, 2)};
      slides.push_back(slide);
    }
  }
  return slides;
}

INSTANTIATE_TEST_SUITE_P(Slides, DirectTest, testing::ValuesIn(slides()));

}  // namespace
}  // namespace cnn
