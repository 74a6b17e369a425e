#include "cnn/layers/convolution.hpp"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/layer_harness.hpp"
#include "support/naive.hpp"

namespace cnn {
namespace {

std::string text(const naive::Slide& slide, int count, bool bias) {
  return std::string("{count: ") + std::to_string(count) +
         ", kernel: " + option_text(slide.kernel) + ", stride: " + option_text(slide.stride) +
         ", pad: " + option_text(slide.pad) + ", bias: " + (bias ? "true" : "false") + "}";
}

// A convolution drawn at random with values of at most 32, so that every sum of products is an
// integer below 2^24, which both number types hold exactly, in whatever order it is added up.
struct Drawn {
  naive::Slide slide;
  int count;
  std::size_t n;
  bool has_bias;
  LayerHarness layer;
};

Drawn draw_convolution(Draw& draw) {
  const naive::Slide slide = draw.slide();
  const int count = draw.integer(1, 4);
  const auto n = static_cast<std::size_t>(draw.integer(1, 3));
  const bool bias = draw.integer(0, 3) > 0;
  Drawn drawn{slide, count, n, bias,
              LayerHarness(make_layer("conv", text(slide, count, bias)), {slide.input}, n)};
  draw.integers(drawn.layer.input(), 32);
  draw.integers(drawn.layer.doutput(), 32);
  draw.integers(drawn.layer.parameter(0), 32);
  if (bias) draw.integers(drawn.layer.parameter(1), 32);
  return drawn;
}

Values bias_of(Drawn& drawn) {
  return drawn.has_bias ? values(drawn.layer.parameter(1)) : Values();
}

constexpr int kRandomShapes = 200;

TEST(Convolution, ForwardEqualsTheDefinitionExactlyOnIntegers) {
  Draw draw(1);
  std::size_t non_zero = 0;
  std::size_t all = 0;
  for (int shape = 0; shape < kRandomShapes; ++shape) {
    Drawn c = draw_convolution(draw);
    SCOPED_TRACE(to_string(c.slide.input) + " " + text(c.slide, c.count, c.has_bias));
    c.layer.forward();
    for (std::size_t i = 0; i < c.n; ++i) {
      const Values y = naive::convolve(c.slide, part(c.layer.input(), i, c.n),
                                       values(c.layer.parameter(0)), bias_of(c));
      EXPECT_EQ(part(c.layer.output(), i, c.n), y);
      all += y.size();
      for (const double value : y) non_zero += value != 0 ? 1 : 0;
    }
  }
  EXPECT_GT(non_zero, all / 2) << "too many zeros to trust the comparison";
}

TEST(Convolution, BackwardEqualsTheDefinitionExactlyOnIntegers) {
  Draw draw(2);
  for (int shape = 0; shape < kRandomShapes; ++shape) {
    Drawn c = draw_convolution(draw);
    SCOPED_TRACE(to_string(c.slide.input) + " " + text(c.slide, c.count, c.has_bias));
    c.layer.forward();
    c.layer.backward();
    const Values weight = values(c.layer.parameter(0));
    Values dweight(weight.size());
    Values dbias(static_cast<std::size_t>(c.count));
    for (std::size_t i = 0; i < c.n; ++i) {
      const naive::ConvolutionGradients d = naive::convolve_backward(
          c.slide, part(c.layer.input(), i, c.n), weight, part(c.layer.doutput(), i, c.n));
      EXPECT_EQ(part(c.layer.dinput(), i, c.n), d.dx);
      add(dweight, d.dweight);
      add(dbias, d.dbias);
    }
    EXPECT_EQ(values(c.layer.dparameter(0)), dweight);
    if (!c.has_bias) continue;
    EXPECT_EQ(values(c.layer.dparameter(1)), dbias);
  }
}

// The lecture computes the error terms by sliding the rotated kernel over the padded (and, for
// larger strides, dilated) δ; we compute them as col2im(Wᵀ·δ).
TEST(Convolution, InputGradientIsTheLecturesConvolutionWithTheRotatedKernel) {
  Draw draw(3);
  for (int shape = 0; shape < kRandomShapes; ++shape) {
    Drawn c = draw_convolution(draw);
    SCOPED_TRACE(to_string(c.slide.input) + " " + text(c.slide, c.count, c.has_bias));
    c.layer.forward();
    c.layer.backward();
    for (std::size_t i = 0; i < c.n; ++i) {
      EXPECT_EQ(part(c.layer.dinput(), i, c.n),
                naive::textbook_dx(c.slide, values(c.layer.parameter(0)),
                                   part(c.layer.doutput(), i, c.n)));
    }
  }
}

// y is linear in x and in (W, b), and backward is the transpose of both maps: ⟨dy, y⟩ counts the
// same products each way.
TEST(Convolution, BackwardIsTheAdjointOfForward) {
  Draw draw(4);
  for (int shape = 0; shape < kRandomShapes; ++shape) {
    Drawn c = draw_convolution(draw);
    c.layer.forward();
    c.layer.backward();
    const auto product = [](View a, View b) { return inner_product(values(a), values(b)); };
    const double forward = product(c.layer.doutput(), c.layer.output());
    const double bias = c.has_bias ? product(c.layer.dparameter(1), c.layer.parameter(1)) : 0.0;
    EXPECT_EQ(product(c.layer.dinput(), c.layer.input()) + bias, forward);
    EXPECT_EQ(product(c.layer.dparameter(0), c.layer.parameter(0)) + bias, forward);
  }
}

TEST(Convolution, RoundsNoMoreThanASumInWorkingPrecision) {
  Draw draw(5);
  const naive::Slide slide{{5, 9, 11}, {3, 4}, {1, 2}, {1, 0}};
  LayerHarness layer(make_layer("conv", text(slide, 4, true)), {slide.input}, 1);
  draw.reals(layer.input(), 1.0);
  draw.reals(layer.parameter(0), 1.0);
  draw.reals(layer.parameter(1), 1.0);
  layer.forward();
  const Values expected = naive::convolve(slide, values(layer.input()), values(layer.parameter(0)),
                                          values(layer.parameter(1)));
  // A sum of k terms of at most 1 in any order is off by at most k²·2^-24 (or 2^-53).
  const double terms = 5 * 3 * 4 + 1;
  EXPECT_LE(largest_difference(values(layer.output()), expected),
            terms * terms * std::numeric_limits<Real>::epsilon() / 2);
}

TEST(Convolution, PlansTheFieldsParameterLayout) {
  const LayerPlan plan =
      make_layer("conv", "{count: 20, kernel: [5, 3]}")->plan(std::vector<Shape>{{2, 28, 28}});
  ASSERT_EQ(plan.parameters.size(), 2U);
  EXPECT_EQ(plan.parameters[0].name, "weight");
  EXPECT_EQ(plan.parameters[0].dims, (Dims{20, 2, 5, 3}));
  EXPECT_EQ(plan.parameters[0].kind, ParameterKind::weight);
  EXPECT_EQ(plan.parameters[1].name, "bias");
  EXPECT_EQ(plan.parameters[1].dims, (Dims{20}));
  EXPECT_EQ(plan.parameters[1].kind, ParameterKind::bias);
}

TEST(Convolution, FanCountsAWindowOfInputsAndTheOutputsAPixelFeeds) {
  const LayerPlan plan =
      make_layer("conv", "{count: 20, kernel: [5, 3]}")->plan(std::vector<Shape>{{2, 28, 28}});
  EXPECT_EQ(plan.parameters[0].fan.in, 2 * 5 * 3);
  EXPECT_EQ(plan.parameters[0].fan.out, 20 * 5 * 3);
}

TEST(Convolution, WithoutBiasHasOneParameter) {
  const LayerPlan plan =
      make_layer("conv", "{count: 4, kernel: 2, bias: false}")->plan(std::vector<Shape>{{3, 7, 6}});
  EXPECT_EQ(plan.parameters.size(), 1U);
}

TEST(Convolution, CountsTheMultiplyAddsOfOneImage) {
  const LayerPlan plan =
      make_layer("conv", "{count: 20, kernel: 5}")->plan(std::vector<Shape>{{1, 28, 28}});
  EXPECT_EQ(plan.multiply_adds, 20 * 25 * 24 * 24);
}

TEST(Convolution, OfSinglePixelsNeedsNoScratch) {
  const LayerPlan plan =
      make_layer("conv", "{count: 4, kernel: 1}")->plan(std::vector<Shape>{{3, 7, 6}});
  EXPECT_EQ(plan.scratch, 0U);
}

TEST(Convolution, SaysWhichRowsAndColumnsItDrops) {
  const auto notice = [](std::string_view options) {
    return make_layer("conv", options)->plan(std::vector<Shape>{{1, 7, 6}}).notice;
  };
  EXPECT_EQ(notice("{count: 1, kernel: 2, stride: [2, 1]}"),
            "drops the last row of its input 1x7x6");
  EXPECT_EQ(notice("{count: 1, kernel: 3, stride: 2}"), "drops the last column of its input 1x7x6");
  EXPECT_EQ(notice("{count: 1, kernel: 3, stride: 1}"), "");
}

TEST(Convolution, RefusesAKernelLargerThanItsPaddedInput) {
  const auto plan = [](std::string_view options, const Shape& input) {
    make_layer("conv", options)->plan(std::vector<Shape>{input});
  };
  const auto message = [&](std::string_view options, const Shape& input) -> std::string {
    try {
      plan(options, input);
    } catch (const ShapeError& error) {
      return error.what();
    }
    return "planned";
  };
  EXPECT_EQ(message("{count: 1, kernel: 5}", {50, 4, 4}),
            "kernel 5x5 (pad 0) is larger than its input 50x4x4");
  EXPECT_EQ(message("{count: 1, kernel: [1, 9], pad: [0, 2]}", {1, 4, 4}),
            "kernel 1x9 (pad 0x2) is larger than its input 1x4x4");
  EXPECT_EQ(message("{count: 1, kernel: 6, pad: 1}", {1, 4, 4}), "planned");
}

TEST(Convolution, RefusesTwoInputs) {
  EXPECT_THROW(
      make_layer("conv", "{count: 1, kernel: 1}")->plan(std::vector<Shape>{{1, 4, 4}, {1, 4, 4}}),
      ShapeError);
}

}  // namespace
}  // namespace cnn
