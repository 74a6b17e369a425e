#include "nn/layers/batch_norm.hpp"

#include <cmath>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "nn/gradient_check.hpp"
#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/layer_harness.hpp"

namespace cnn {
namespace {

enum : std::size_t { kWeight, kBias, kMean, kVariance };

// Of 1, 1, 1, -1 mean and variance are 1/2 and 3/4: with this epsilon x̂ is x − 1/2.
constexpr std::string_view kQuarter = "{epsilon: 0.25}";
const Values kFour = {1, 1, 1, -1};

// One channel's worth of parameters for each channel: weight 3, bias 1/2, running statistics 2 and
// 3.75.
LayerHarness batch_norm(const Shape& input, std::size_t n, std::string_view options = kQuarter) {
  LayerHarness layer(make_layer("batch_norm", options), {input}, n);
  const Values start = {3, 0.5, 2, 3.75};
  for (std::size_t k = 0; k < start.size(); ++k) {
    assign(layer.parameter(k), Values(layer.parameter(k).size(), start[k]));
  }
  return layer;
}

TEST(BatchNorm, NormalisesAMapOverSamplesAndPositions) {
  LayerHarness layer = batch_norm({1, 1, 2}, 2);
  assign(layer.input(), kFour);
  layer.forward();
  EXPECT_EQ(values(layer.output()), (Values{2, 2, 2, -4}));
}

TEST(BatchNorm, HandsBackTheGradientThroughMeanAndVariance) {
  LayerHarness layer = batch_norm({1, 1, 2}, 2);
  assign(layer.input(), kFour);
  assign(layer.doutput(), {1, 2, 3, 6});
  layer.forward();
  layer.backward();
  // 3·(dy − 3 + 3/2·x̂)
  EXPECT_EQ(values(layer.dinput()), (Values{-3.75, -0.75, 2.25, 2.25}));
  EXPECT_EQ(layer.dparameter(kWeight)[0], Real{-6});
  EXPECT_EQ(layer.dparameter(kBias)[0], Real{12});
}

TEST(BatchNorm, HandsItsStatisticsOverOnceForEachSample) {
  LayerHarness layer = batch_norm({1, 1, 2}, 2);
  assign(layer.input(), kFour);
  layer.forward();
  layer.backward();
  EXPECT_EQ(layer.dparameter(kMean)[0], Real{2 * 0.5});
  EXPECT_EQ(layer.dparameter(kVariance)[0], Real{2 * 1});  // 3/4·4/3, without bias
}

TEST(BatchNorm, NormalisesEachChannelByItself) {
  LayerHarness layer = batch_norm({2, 1, 2}, 2);
  assign(layer.input(), {1, 1, 10, 10,  //
                         1, -1, 10, 8});
  layer.forward();
  EXPECT_EQ(values(layer.output()), (Values{2, 2, 2, 2,  //
                                            2, -4, 2, -4}));
}

TEST(BatchNorm, NormalisesEachElementOfAVectorOverTheSamples) {
  LayerHarness layer = batch_norm({2, 1, 1}, 4);
  assign(layer.input(), {1, -8,  //
                         1, -8,  //
                         1, -8,  //
                         -1, -10});
  layer.forward();
  EXPECT_EQ(values(layer.output()), (Values{2, 2, 2, 2, 2, 2, -4, -4}));
}

TEST(BatchNorm, NormalisesByItsRunningStatisticsInEvaluation) {
  LayerHarness layer = batch_norm({1, 1, 2}, 2);
  assign(layer.input(), {2, 4, 0, -2});
  layer.forward(Phase::evaluate);
  EXPECT_EQ(values(layer.output()), (Values{0.5, 3.5, -2.5, -5.5}));  // (x − 2)/2·3 + 1/2
}

TEST(BatchNorm, DoesNotHeedItsRunningStatisticsInTraining) {
  LayerHarness layer = batch_norm({1, 1, 2}, 2);
  assign(layer.input(), kFour);
  assign(layer.parameter(kMean), {-7});
  assign(layer.parameter(kVariance), {100});
  layer.forward();
  EXPECT_EQ(values(layer.output()), (Values{2, 2, 2, -4}));
}

TEST(BatchNorm, FrozenUsesAndKeepsItsRunningStatistics) {
  LayerHarness layer = batch_norm({1, 1, 2}, 2, "{epsilon: 0.25, freeze: true}");
  assign(layer.input(), kFour);
  assign(layer.doutput(), {1, 2, 3, 6});
  layer.forward();
  layer.backward();
  // 3·(x − 2)/2 + 1/2, whatever the others are
  EXPECT_EQ(values(layer.output()), (Values{-1, -1, -1, -4}));
  EXPECT_EQ(values(layer.dinput()), (Values{1.5, 3, 4.5, 9}));
  EXPECT_EQ(layer.dparameter(kWeight)[0], Real{(-1 - 2 - 3 - 18) / 2.0});
  EXPECT_EQ(layer.dparameter(kBias)[0], Real{12});
  EXPECT_EQ(layer.dparameter(kMean)[0], Real{0});
  EXPECT_EQ(layer.dparameter(kVariance)[0], Real{0});
  EXPECT_EQ(layer.plan().parameters[kMean].rate, 0);
}

TEST(BatchNorm, TakesTheStatisticsOfASingleMapOverItsPositions) {
  LayerHarness layer = batch_norm({1, 2, 2}, 1);
  assign(layer.input(), kFour);
  layer.forward();
  layer.backward();
  EXPECT_EQ(values(layer.output()), (Values{2, 2, 2, -4}));
  EXPECT_EQ(layer.dparameter(kVariance)[0], Real{1});
}

TEST(BatchNorm, OfASingleValueIsItsBiasAndLeavesTheVarianceAsItIs) {
  LayerHarness layer = batch_norm({2, 1, 1}, 1);
  assign(layer.input(), {5, -3});
  assign(layer.doutput(), {1, 2});
  layer.forward();
  layer.backward();
  EXPECT_EQ(values(layer.output()), (Values{0.5, 0.5}));
  EXPECT_EQ(values(layer.dinput()), (Values{0, 0}));
  EXPECT_EQ(values(layer.dparameter(kWeight)), (Values{0, 0}));
  EXPECT_EQ(values(layer.dparameter(kBias)), (Values{1, 2}));
  EXPECT_EQ(values(layer.dparameter(kMean)), (Values{5, -3}));
  EXPECT_EQ(values(layer.dparameter(kVariance)), (Values{3.75, 3.75}));
}

TEST(BatchNorm, OfAConstantChannelIsItsBias) {
  LayerHarness layer = batch_norm({1, 3, 3}, 4, "{}");
  assign(layer.input(), Values(36, 0.375));
  layer.forward();
  EXPECT_EQ(values(layer.output()), Values(36, 0.5));
}

// The variance is found about the mean of the first sample, from which the others may be far.
TEST(BatchNorm, EqualsTheDefinitionWhereTheFirstSampleIsFarOff) {
  constexpr std::size_t kSamples = 32;
  LayerHarness layer = batch_norm({1, 4, 5}, kSamples, "{}");
  Draw draw(2);
  draw.reals(layer.input(), 1);
  for (Real& x : layer.input().first(20)) x += 1000;
  layer.forward();
  const Values x = values(layer.input()), y = values(layer.output());
  double mean = 0, variance = 0;
  for (const double value : x) mean += value / static_cast<double>(x.size());
  for (const double value : x)
    variance += std::pow(value - mean, 2) / static_cast<double>(x.size());
  // The squares that cancel are 32 times what is left, and each sum of the test rounds, too; the
  // largest y is about 17.
  const double tolerance = 3 * 32 * std::numeric_limits<Real>::epsilon() * 17;
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(y[i], 3 * (x[i] - mean) / std::sqrt(variance + 1e-5) + 0.5, tolerance) << i;
  }
}

// Rows longer and shorter than what is added up side by side, far from zero compared with their
// deviation.
TEST(BatchNorm, EqualsTheDefinition) {
  for (const int width : {1, 3, 16, 33}) {
    constexpr std::size_t kSamples = 5;
    const auto positions = static_cast<std::size_t>(2 * width);
    LayerHarness layer = batch_norm({3, 2, width}, kSamples, "{}");
    Draw draw(1);
    draw.reals(layer.input(), 1);
    for (Real& x : layer.input()) x += 50;
    layer.forward();
    const Values x = values(layer.input()), y = values(layer.output());
    for (std::size_t c = 0; c < 3; ++c) {
      const double m = static_cast<double>(kSamples * positions);
      double sum = 0, squares = 0;
      const auto each = [&](const auto& visit) {
        for (std::size_t i = 0; i < kSamples; ++i) {
          for (std::size_t p = 0; p < positions; ++p) visit((i * 3 + c) * positions + p);
        }
      };
      each([&](std::size_t at) { sum += x[at]; });
      each([&](std::size_t at) { squares += std::pow(x[at] - sum / m, 2); });
      // A value of 50 is known to 50·2^-24, divided by a deviation of about a half and times three.
      const double tolerance = 50 * std::numeric_limits<Real>::epsilon() * 2 * 3;
      each([&](std::size_t at) {
        EXPECT_NEAR(y[at], 3 * (x[at] - sum / m) / std::sqrt(squares / m + 1e-5) + 0.5, tolerance)
            << width;
      });
    }
  }
}

TEST(BatchNorm, OfVectorsHasTheGradientsOfItsDifferences) {
  for (std::size_t samples = 3; samples <= 6; ++samples) {
    const std::vector<Shape> inputs = {{5, 1, 1}};
    const std::unique_ptr<Layer> layer = make_layer("batch_norm");
    const LayerPlan plan = layer->plan(inputs);
    const auto comparisons = check_layer_gradients(*layer, plan, inputs, samples, kEveryValue, 1);
    ASSERT_EQ(comparisons.size(), 3U);  // dx, weight, bias; statistics have no gradient
    for (const GradientComparison& c : comparisons) {
      EXPECT_EQ(c.verdict, Verdict::agrees) << c.gradient << " is off by " << c.error;
    }
  }
}

TEST(BatchNorm, HasTheParametersThatOtherToolsKnow) {
  const LayerPlan plan =
      make_layer("batch_norm", "{momentum: 0.25}")->plan(std::vector<Shape>{{4, 3, 2}});
  EXPECT_EQ(plan.output, (Shape{4, 3, 2}));
  const auto expect = [&](std::size_t k, const char* name, ParameterKind kind, double initial,
                          double rate) {
    const ParameterSpec& p = plan.parameters[k];
    EXPECT_EQ(p.name, name);
    EXPECT_EQ(p.dims, Dims{4}) << name;
    EXPECT_EQ(p.kind, kind) << name;
    EXPECT_EQ(p.initial, initial) << name;
    EXPECT_EQ(p.rate, rate) << name;
  };
  ASSERT_EQ(plan.parameters.size(), 4U);
  expect(kWeight, "weight", ParameterKind::gain, 1, 0);
  expect(kBias, "bias", ParameterKind::bias, 0, 0);
  expect(kMean, "running_mean", ParameterKind::statistic, 0, 0.25);
  expect(kVariance, "running_var", ParameterKind::statistic, 1, 0.25);
}

TEST(BatchNorm, WantsTheWholeGroupAtOnce) {
  EXPECT_TRUE(make_layer("batch_norm")->plan(std::vector<Shape>{{4, 3, 2}}).couples_samples);
}

}  // namespace
}  // namespace cnn
