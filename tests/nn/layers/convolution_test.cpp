#include "nn/layers/convolution.hpp"

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

TEST(Convolution, RoundsNoMoreThanASumInWorkingPrecision) {
  Draw draw(5);
  const naive::Slide slide{{5, 9, 11}, {3, 4}, {1, 2}, {1, 0}};
  LayerHarness layer(make_layer("conv", "{count: 4, kernel: [3, 4], stride: [1, 2], pad: [1, 0]}"),
                     {slide.input}, 1);
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

// Each channel by itself: 1·1 + 2·2 and 3·3 + 4·4.
TEST(Convolution, OfAsManyGroupsAsChannelsIsDepthwise) {
  LayerHarness layer(make_layer("conv", "{count: 2, kernel: [1, 2], groups: 2, bias: false}"),
                     {{2, 1, 2}}, 1);
  assign(layer.input(), {1, 2,  //
                         3, 4});
  assign(layer.parameter(0), {1, 2,  //
                              3, 4});
  assign(layer.doutput(), {10, 100});
  layer.forward();
  layer.backward();
  EXPECT_EQ(values(layer.output()), (Values{5, 25}));
  EXPECT_EQ(values(layer.dinput()), (Values{10, 20, 300, 400}));
  EXPECT_EQ(values(layer.dparameter(0)), (Values{10, 20, 300, 400}));
}

TEST(Convolution, LeavesHolesBetweenDilatedTaps) {
  LayerHarness layer(make_layer("conv", "{count: 1, kernel: [1, 2], dilation: 3, bias: false}"),
                     {{1, 1, 5}}, 1);
  assign(layer.input(), {1, 2, 3, 4, 5});
  assign(layer.parameter(0), {10, 1});
  assign(layer.doutput(), {1, 2});
  layer.forward();
  layer.backward();
  EXPECT_EQ(values(layer.output()), (Values{14, 25}));
  EXPECT_EQ(values(layer.dinput()), (Values{10, 20, 0, 1, 2}));
  EXPECT_EQ(values(layer.dparameter(0)), (Values{5, 14}));
}

TEST(Convolution, OfGroupsHasWeightsForTheChannelsOfAGroup) {
  const LayerPlan plan =
      make_layer("conv", "{count: 12, kernel: 3, groups: 4}")->plan(std::vector<Shape>{{8, 5, 5}});
  EXPECT_EQ(plan.output, (Shape{12, 3, 3}));
  EXPECT_EQ(plan.parameters[0].dims, (Dims{12, 2, 3, 3}));
  EXPECT_EQ(plan.parameters[0].fan.in, 2 * 9);
  EXPECT_EQ(plan.parameters[0].fan.out, 3 * 9);
  EXPECT_EQ(plan.multiply_adds, 12 * 2 * 9 * 9);
}

TEST(Convolution, RefusesGroupsThatDivideNotEvenly) {
  const auto message = [](std::string_view options) -> std::string {
    try {
      make_layer("conv", options)->plan(std::vector<Shape>{{6, 4, 4}});
    } catch (const ShapeError& error) {
      return error.what();
    }
    return "planned";
  };
  EXPECT_EQ(message("{count: 8, kernel: 1, groups: 4}"),
            "groups 4 do not divide the 6 channels of its input 6x4x4");
  EXPECT_EQ(message("{count: 8, kernel: 1, groups: 3}"), "groups 3 do not divide its count 8");
  EXPECT_EQ(message("{count: 8, kernel: 1, groups: 2}"), "planned");
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

TEST(Convolution, OfSinglePixelsNeedsNoColumnMatrix) {
  const auto scratch_of = [](const Shape& input) {
    return make_layer("conv", "{count: 4, kernel: 1}")->plan(std::vector<Shape>{input}).scratch;
  };
  EXPECT_EQ(scratch_of({3, 700, 600}), scratch_of({3, 7, 6}));
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

TEST(Convolution, SaysWhereItsEvaluationIsAProductOfBlas) {
  const auto by_blas = [](std::string_view options, const Shape& input) {
    return make_layer("conv", options)->plan(std::vector<Shape>{input}).evaluates_by_blas;
  };
  EXPECT_TRUE(by_blas("{count: 1024, kernel: 7, pad: 3}", {128, 14, 14}));
  EXPECT_FALSE(by_blas("{count: 8, kernel: 3, pad: 1}", {3, 16, 16}));
  EXPECT_FALSE(by_blas("{count: 8, kernel: 3, pad: 1, groups: 2}", {4, 16, 16}));
}

TEST(Convolution, RefusesTwoInputs) {
  EXPECT_THROW(
      make_layer("conv", "{count: 1, kernel: 1}")->plan(std::vector<Shape>{{1, 4, 4}, {1, 4, 4}}),
      ShapeError);
}

}  // namespace
}  // namespace cnn
