#include "nn/layers/pooling.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/layer_harness.hpp"
#include "support/naive.hpp"

namespace cnn {
namespace {

constexpr Real kNan = std::numeric_limits<Real>::quiet_NaN();
constexpr Real kInfinity = std::numeric_limits<Real>::infinity();
constexpr int kRandomShapes = 400;

std::string text(std::string_view type, const naive::Slide& slide) {
  return std::string("{type: ").append(type) + ", kernel: " + option_text(slide.kernel) +
         ", stride: " + option_text(slide.stride) + ", pad: " + option_text(slide.pad) +
         ", round: " + (slide.ceil ? "ceil" : "floor") + "}";
}

// A window that always holds a pixel.
naive::Slide draw_window(Draw& draw) {
  while (true) {
    naive::Slide slide = draw.slide();
    slide.ceil = draw.integer(0, 1) == 1;
    if (slide.pad.height < slide.kernel.height && slide.pad.width < slide.kernel.width) {
      return slide;
    }
  }
}

LayerHarness pool(std::string_view options, const Shape& input, const Values& x) {
  LayerHarness layer(make_layer("pool", options), {input}, 1);
  assign(layer.input(), x);
  layer.forward();
  return layer;
}

TEST(MaxPooling, EqualsTheDefinitionOnRandomShapesWithTies) {
  Draw draw(1);
  for (int shape = 0; shape < kRandomShapes; ++shape) {
    const naive::Slide slide = draw_window(draw);
    SCOPED_TRACE(to_string(slide.input) + " " + text("max", slide));
    constexpr std::size_t kSamples = 2;
    LayerHarness layer(make_layer("pool", text("max", slide)), {slide.input}, kSamples);
    draw.integers(layer.input(), 2);  // five different values: most windows hold a tie
    draw.integers(layer.doutput(), 32);
    layer.forward();
    layer.backward();
    for (std::size_t i = 0; i < kSamples; ++i) {
      const Values x = part(layer.input(), i, kSamples);
      EXPECT_EQ(part(layer.output(), i, kSamples), naive::max_pool(slide, x));
      EXPECT_EQ(part(layer.dinput(), i, kSamples),
                naive::max_pool_backward(slide, x, part(layer.doutput(), i, kSamples)));
    }
  }
}

// One image with ties, forward in both phases, and backward.
void expect_max_pooling(Draw& draw, const naive::Slide& slide) {
  SCOPED_TRACE(to_string(slide.input) + " " + text("max", slide));
  LayerHarness layer(make_layer("pool", text("max", slide)), {slide.input}, 1);
  draw.integers(layer.input(), 2);
  draw.integers(layer.doutput(), 32);
  layer.forward();
  layer.backward();
  const Values x = values(layer.input());
  EXPECT_EQ(values(layer.output()), naive::max_pool(slide, x));
  EXPECT_EQ(values(layer.dinput()), naive::max_pool_backward(slide, x, values(layer.doutput())));
  layer.forward(Phase::evaluate);
  EXPECT_EQ(values(layer.output()), naive::max_pool(slide, x));
}

// Windows of 2x2 side by side have code of their own: all extents from 2 up, odd ones, too.
TEST(MaxPooling, EqualsTheDefinitionForWindowsSideBySide) {
  Draw draw(3);
  for (int height = 2; height <= 9; ++height) {
    for (int width = 2; width <= 40; ++width) {
      const bool ceil = draw.integer(0, 3) == 0;
      const naive::Slide slide{{2, height, width}, {2, 2}, {2, 2}, {0, 0}, ceil};
      expect_max_pooling(draw, slide);
    }
  }
}

// Windows that step by one or two columns have code of their own: widths around whole vectors.
TEST(MaxPooling, EqualsTheDefinitionForWindowsThatOverlap) {
  Draw draw(5);
  for (const int kernel : {2, 3, 5}) {
    for (const int stride : {1, 2}) {
      for (int width = kernel; width <= 40; ++width) {
        const int pad = draw.integer(0, kernel - 1);
        const bool ceil = draw.integer(0, 3) == 0;
        const naive::Slide slide{{2, draw.integer(kernel, 12), width},
                                 {kernel, kernel},
                                 {stride, stride},
                                 {pad, pad},
                                 ceil};
        expect_max_pooling(draw, slide);
      }
    }
  }
}

// Windows of more pixels than a cache holds of many planes.
TEST(MaxPooling, EqualsTheDefinitionForTallWindows) {
  Draw draw(6);
  for (const int stride : {1, 2, 3}) {
    for (const int kernel_width : {1, 4}) {
      const bool ceil = draw.integer(0, 1) == 0;
      const naive::Slide slide{
          {2, 95, 96}, {90, kernel_width}, {stride, stride}, {stride, 0}, ceil};
      expect_max_pooling(draw, slide);
    }
  }
}

// Quarters of integers: exact.
TEST(AveragePooling, EqualsTheDefinitionForWindowsSideBySide) {
  Draw draw(4);
  for (int height = 2; height <= 9; ++height) {
    for (int width = 2; width <= 40; ++width) {
      const bool ceil = draw.integer(0, 3) == 0;
      const naive::Slide slide{{2, height, width}, {2, 2}, {2, 2}, {0, 0}, ceil};
      SCOPED_TRACE(to_string(slide.input) + " " + text("avg", slide));
      LayerHarness layer(make_layer("pool", text("avg", slide)), {slide.input}, 1);
      draw.integers(layer.input(), 32);
      draw.integers(layer.doutput(), 32);
      layer.forward();
      layer.backward();
      EXPECT_EQ(values(layer.output()), naive::mean_pool(slide, values(layer.input())));
      EXPECT_EQ(values(layer.dinput()), naive::mean_pool_backward(slide, values(layer.doutput())));
    }
  }
}

TEST(AveragePooling, EqualsTheDefinitionOnRandomShapes) {
  // Sums of up to 25 values of at most 32, each rounded a few times.
  const double tolerance = 25 * 32 * std::numeric_limits<Real>::epsilon();
  Draw draw(2);
  for (int shape = 0; shape < kRandomShapes; ++shape) {
    const naive::Slide slide = draw_window(draw);
    SCOPED_TRACE(to_string(slide.input) + " " + text("avg", slide));
    constexpr std::size_t kSamples = 2;
    LayerHarness layer(make_layer("pool", text("avg", slide)), {slide.input}, kSamples);
    draw.integers(layer.input(), 32);
    draw.integers(layer.doutput(), 32);
    layer.forward();
    layer.backward();
    for (std::size_t i = 0; i < kSamples; ++i) {
      EXPECT_LE(largest_difference(part(layer.output(), i, kSamples),
                                   naive::mean_pool(slide, part(layer.input(), i, kSamples))),
                tolerance);
      EXPECT_LE(
          largest_difference(part(layer.dinput(), i, kSamples),
                             naive::mean_pool_backward(slide, part(layer.doutput(), i, kSamples))),
          tolerance);
    }
  }
}

TEST(Pooling, OfARemainderHasAWindowOfItsOwnIfItMay) {
  LayerHarness max = pool("{type: max, kernel: [1, 2], round: ceil}", {1, 1, 5}, {1, 9, 2, 8, 3});
  EXPECT_EQ(values(max.output()), (Values{9, 8, 3}));
  LayerHarness mean = pool("{type: avg, kernel: [1, 2], round: ceil}", {1, 1, 5}, {1, 9, 2, 8, 3});
  EXPECT_EQ(values(mean.output()), (Values{5, 5, 3}));
  assign(mean.doutput(), {2, 4, 6});
  mean.backward();
  EXPECT_EQ(values(mean.dinput()), (Values{1, 1, 2, 2, 6}));
}

TEST(Pooling, HasNoWindowThatBeginsBeyondTheImage) {
  const auto output = [](const char* options, const Shape& input) {
    return make_layer("pool", options)->plan(std::vector<Shape>{input}).output;
  };
  EXPECT_EQ(output("{type: max, kernel: 2, stride: 3, round: ceil}", {1, 4, 6}), (Shape{1, 2, 2}));
  EXPECT_EQ(output("{type: max, kernel: 1, stride: 3, round: ceil}", {1, 4, 5}), (Shape{1, 2, 2}));
  EXPECT_EQ(output("{type: avg, kernel: 2, pad: 1, round: ceil}", {1, 3, 4}), (Shape{1, 2, 3}));
}

TEST(GlobalPooling, MakesOneValueOfEachChannel) {
  for (const Shape& input :
       {Shape{2, 2, 3}, Shape{3, 2, 2}, Shape{4, 1, 1}, Shape{2, 5, 7}, Shape{3, 8, 8}}) {
    const std::size_t plane = input.size() / static_cast<std::size_t>(input.channels);
    Values x, means, maxima;
    for (std::size_t i = 0; i < input.size(); ++i) x.push_back(static_cast<double>(i));
    for (std::size_t c = 0; c * plane < x.size(); ++c) {
      maxima.push_back(x[(c + 1) * plane - 1]);
      means.push_back((x[c * plane] + maxima.back()) / 2);
    }
    LayerHarness mean = pool("{type: avg, global: true}", input, x);
    EXPECT_EQ(mean.plan().output, (Shape{input.channels, 1, 1}));
    EXPECT_EQ(values(mean.output()), means);
    assign(mean.doutput(), Values(means.size(), static_cast<double>(plane)));
    mean.backward();
    EXPECT_EQ(values(mean.dinput()), Values(x.size(), 1.0));
    EXPECT_EQ(values(pool("{type: max, global: true}", input, x).output()), maxima);
  }
}

TEST(AveragePooling, BackwardIsTheAdjointOfForward) {
  // Windows of 2x4 real pixels: their means and shares are exact.
  LayerHarness layer(make_layer("pool", "{type: avg, kernel: [2, 4], stride: [1, 2]}"), {{3, 5, 8}},
                     2);
  Draw draw(3);
  draw.integers(layer.input(), 32);
  draw.integers(layer.doutput(), 32);
  layer.forward();
  layer.backward();
  EXPECT_EQ(inner_product(values(layer.dinput()), values(layer.input())),
            inner_product(values(layer.doutput()), values(layer.output())));
}

TEST(MaxPooling, HandsATieToTheFirstInRowOrder) {
  LayerHarness layer = pool("{type: max, kernel: 2}", {1, 2, 4},
                            {5, 5, 1, 7,  //
                             5, 5, 7, 7});
  assign(layer.doutput(), {1, 2});
  layer.backward();
  EXPECT_EQ(values(layer.dinput()), (Values{1, 0, 0, 2,  //
                                            0, 0, 0, 0}));
}

TEST(MaxPooling, AddsUpWhatOverlappingWindowsSendToOnePixel) {
  LayerHarness layer = pool("{type: max, kernel: [1, 2], stride: 1}", {1, 1, 3}, {1, 9, 2});
  assign(layer.doutput(), {10, 20});
  layer.backward();
  EXPECT_EQ(values(layer.dinput()), (Values{0, 30, 0}));
}

TEST(MaxPooling, DoesNotSeeThePadding) {
  LayerHarness layer = pool("{type: max, kernel: 2, pad: 1}", {1, 2, 2},
                            {-1, -2,  //
                             -3, -4});
  EXPECT_EQ(values(layer.output()), (Values{-1, -2, -3, -4}));
}

TEST(AveragePooling, CountsOnlyRealPixels) {
  LayerHarness layer = pool("{type: avg, kernel: 3, stride: 2, pad: 1}", {1, 3, 3},
                            {4, 8, 4,  //
                             8, 4, 8,  //
                             4, 8, 4});
  // Each corner's window holds four of the nine places: 4 + 8 + 8 + 4 = 24.
  EXPECT_EQ(values(layer.output()), (Values{6, 6, 6, 6}));
  assign(layer.doutput(), {4, 0, 0, 0});
  layer.backward();
  EXPECT_EQ(values(layer.dinput()), (Values{1, 1, 0,  //
                                            1, 1, 0,  //
                                            0, 0, 0}));
}

TEST(MaxPooling, NeverHidesANan) {
  for (std::size_t place = 0; place < 4; ++place) {
    Values x = {1, kInfinity, 3, 4};
    x[place] = kNan;
    LayerHarness layer = pool("{type: max, kernel: 2}", {1, 2, 2}, x);
    EXPECT_TRUE(std::isnan(layer.output()[0])) << "at place " << place;
  }
}

TEST(MaxPooling, NeverHidesANanOfWindowsThatOverlap) {
  constexpr int kExtent = 5;
  constexpr int kPlanes = 3;
  for (std::size_t place = 0; place < kExtent * kExtent; ++place) {
    Values x(kPlanes * kExtent * kExtent, kInfinity);
    x[place + kExtent * kExtent] = kNan;
    LayerHarness layer = pool("{type: max, kernel: 3, stride: 2}", {kPlanes, kExtent, kExtent}, x);
    const int row = static_cast<int>(place) / kExtent;
    const int column = static_cast<int>(place) % kExtent;
    const auto sees = [](int output, int pixel) {
      return output * 2 <= pixel && pixel < output * 2 + 3;
    };
    for (int i = 0; i < kPlanes * 4; ++i) {
      const bool is_nan = i / 4 == 1 && sees(i / 2 % 2, row) && sees(i % 2, column);
      EXPECT_EQ(std::isnan(layer.output()[static_cast<std::size_t>(i)]), is_nan)
          << "output " << i << ", at place " << place;
    }
  }
}

TEST(AveragePooling, NeverHidesANan) {
  LayerHarness layer = pool("{type: avg, kernel: 2}", {1, 2, 2}, {1, 2, kNan, 4});
  EXPECT_TRUE(std::isnan(layer.output()[0]));
}

TEST(MaxPooling, OfNothingButMinusInfinityStillHasAWinner) {
  LayerHarness layer = pool("{type: max, kernel: [1, 2]}", {1, 1, 2}, {-kInfinity, -kInfinity});
  assign(layer.doutput(), {3});
  layer.backward();
  EXPECT_EQ(layer.output()[0], -kInfinity);
  EXPECT_EQ(values(layer.dinput()), (Values{3, 0}));
}

TEST(Pooling, TakesItsKernelForTheStrideIfNoneIsGiven) {
  const LayerPlan plan =
      make_layer("pool", "{type: max, kernel: [3, 2]}")->plan(std::vector<Shape>{{4, 9, 8}});
  EXPECT_EQ(plan.output, (Shape{4, 3, 4}));
}

TEST(Pooling, HasNoParameters) {
  EXPECT_TRUE(make_layer("pool", "{type: avg, kernel: 2}")
                  ->plan(std::vector<Shape>{{4, 8, 8}})
                  .parameters.empty());
}

TEST(Pooling, OnlyTheMaximumKeepsSomethingForBackward) {
  const auto saved = [](std::string_view options) {
    return make_layer("pool", options)->plan(std::vector<Shape>{{3, 8, 8}}).saved_bytes_per_sample;
  };
  EXPECT_EQ(saved("{type: max, kernel: 2}"), 3 * 4 * 4 * sizeof(std::uint8_t));
  EXPECT_EQ(saved("{type: avg, kernel: 2}"), 0U);
}

TEST(Pooling, SaysWhichRowsAndColumnsItDrops) {
  const LayerPlan plan =
      make_layer("pool", "{type: max, kernel: 4}")->plan(std::vector<Shape>{{3, 7, 6}});
  EXPECT_EQ(plan.notice, "drops the last 3 rows and the last 2 columns of its input 3x7x6");
}

TEST(Pooling, DropsWithCeilOnlyWhatNoWindowMayReach) {
  const auto notice = [](const char* options) {
    return make_layer("pool", options)->plan(std::vector<Shape>{{3, 7, 6}}).notice;
  };
  EXPECT_EQ(notice("{type: max, kernel: 4, round: ceil}"), "");
  EXPECT_EQ(notice("{type: max, kernel: 2, stride: [5, 4], round: ceil}"), "");
  EXPECT_EQ(notice("{type: max, kernel: 1, stride: [5, 4], round: ceil}"),
            "drops the last row and the last column of its input 3x7x6");
}

TEST(Pooling, RefusesPaddingAsWideAsTheKernel) {
  try {
    make_layer("pool", "{type: max, kernel: [3, 2], pad: [1, 2]}")
        ->plan(std::vector<Shape>{{1, 8, 8}});
    FAIL() << "planned";
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(),
                 "pad 1x2 must be smaller than the kernel 3x2, or windows would hold no pixel");
  }
}

TEST(Pooling, RefusesAKernelLargerThanItsPaddedInput) {
  try {
    make_layer("pool", "{type: avg, kernel: 4, pad: 1}")->plan(std::vector<Shape>{{20, 1, 1}});
    FAIL() << "planned";
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(), "kernel 4x4 (pad 1) is larger than its input 20");
  }
}

}  // namespace
}  // namespace cnn
