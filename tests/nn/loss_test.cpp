#include "nn/loss.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "support/draw.hpp"
#include "support/gradient_check.hpp"
#include "support/naive.hpp"

namespace cnn {
namespace {

constexpr Real kNan = std::numeric_limits<Real>::quiet_NaN();
constexpr double kTolerance = 8 * std::numeric_limits<Real>::epsilon();

struct Computed {
  Values losses;
  Values doutputs;
};
Computed compute(Loss loss, std::vector<Real> outputs, const std::vector<std::uint16_t>& labels,
                 double scale = 1, const LossOptions& options = {}) {
  std::vector<double> losses(labels.size());
  std::vector<Real> doutputs(outputs.size(), kNan);
  compute_loss(loss, outputs, labels, static_cast<Real>(scale), losses, doutputs, options);
  return {losses, values(doutputs)};
}

Values probabilities(Loss loss, const std::vector<Real>& outputs) {
  Values result(outputs.size());
  class_probabilities(loss, outputs, result);
  return result;
}

TEST(SoftmaxCrossEntropy, OfTenEqualOutputsIsLn10) {
  EXPECT_NEAR(compute(Loss::softmax_cross_entropy, std::vector<Real>(10), {3}).losses[0],
              std::numbers::ln10, 1e-15);
}

TEST(SoftmaxCrossEntropy, GradientIsHMinusY) {
  // softmax(0, ln 3) = (1/4, 3/4)
  const auto ln3 = static_cast<Real>(std::log(3.0));
  const Computed c = compute(Loss::softmax_cross_entropy, {0, ln3}, {0});
  EXPECT_NEAR(c.losses[0], std::log(4.0), kTolerance);
  EXPECT_LE(largest_difference(c.doutputs, {-0.75, 0.75}), kTolerance);
}

TEST(SoftmaxCrossEntropy, SurvivesOutputsWhoseExponentialsOverflow) {
  const Computed c = compute(Loss::softmax_cross_entropy, {10'000, 0, -10'000}, {2});
  EXPECT_EQ(c.losses[0], 20'000);
  EXPECT_EQ(c.doutputs, (Values{1, 0, -1}));
}

TEST(SoftmaxCrossEntropy, OfASureAndRightAnswerIsZero) {
  const Computed c = compute(Loss::softmax_cross_entropy, {0, 1000}, {1});
  EXPECT_EQ(c.losses[0], 0);
  EXPECT_EQ(c.doutputs, (Values{0, 0}));
}

LossOptions smoothing(double s) {
  return {.label_smoothing = s, .class_weights = {}};
}

// softmax(0, ln 3) = (1/4, 3/4) against y = (0.9, 0.1).
TEST(LabelSmoothing, SharesAPartOfTheLabelOut) {
  const auto ln3 = static_cast<Real>(std::log(3.0));
  const Computed c = compute(Loss::softmax_cross_entropy, {0, ln3}, {0}, 1, smoothing(0.2));
  EXPECT_NEAR(c.losses[0], 0.9 * std::log(4.0) + 0.1 * std::log(4.0 / 3), kTolerance);
  EXPECT_LE(largest_difference(c.doutputs, {0.25 - 0.9, 0.75 - 0.1}), kTolerance);
}

TEST(LabelSmoothing, GradientAgreesWithCentralDifferences) {
  std::vector<Real> outputs(10);
  Draw draw(4);
  draw.reals(outputs, 2);
  const auto loss = [&] {
    return compute(Loss::softmax_cross_entropy, outputs, {7}, 1, smoothing(0.3));
  };
  const Values numeric = numeric_gradient(outputs, 1e-4, [&] { return loss().losses[0]; });
  EXPECT_LE(element_wise_error(numeric, loss().doutputs),
            1e-8 + std::numeric_limits<Real>::epsilon());
}

TEST(LabelSmoothing, OfZeroIsNoneToTheLastBit) {
  std::vector<Real> outputs(30);
  Draw draw(5);
  draw.reals(outputs, 5);
  const Computed plain = compute(Loss::softmax_cross_entropy, outputs, {7, 1, 0});
  const Computed smoothed =
      compute(Loss::softmax_cross_entropy, outputs, {7, 1, 0}, 1, smoothing(0));
  EXPECT_EQ(smoothed.losses, plain.losses);
  EXPECT_EQ(smoothed.doutputs, plain.doutputs);
}

TEST(Euclidean, OfTheLecturesNeuron) {
  const Computed c = compute(Loss::euclidean, {0.5}, {0});
  EXPECT_EQ(c.losses[0], 0.125);
  EXPECT_EQ(c.doutputs, (Values{-0.5}));
}

TEST(Euclidean, ComparesWithTheOneHotLabel) {
  const Computed c = compute(Loss::euclidean, {0.5, 2, -1}, {1});
  EXPECT_EQ(c.losses[0], (0.25 + 1 + 1) / 2);
  EXPECT_EQ(c.doutputs, (Values{0.5, 1, -1}));
}

class AnyLoss : public testing::TestWithParam<Loss> {};

TEST_P(AnyLoss, EqualsTheDefinition) {
  Draw draw(1);
  for (int i = 0; i < 200; ++i) {
    std::vector<Real> outputs(static_cast<std::size_t>(draw.integer(1, 12)));
    draw.reals(outputs, 5);
    const auto label =
        static_cast<std::uint8_t>(draw.integer(0, static_cast<int>(outputs.size()) - 1));
    const double expected = GetParam() == Loss::euclidean
                                ? naive::euclidean(values(outputs), label)
                                : naive::softmax_cross_entropy(values(outputs), label);
    // In double whatever Real is: the loss is computed from the outputs without rounding to Real.
    EXPECT_NEAR(compute(GetParam(), outputs, {label}).losses[0], expected, 1e-12 * (1 + expected));
  }
}

TEST_P(AnyLoss, GradientAgreesWithCentralDifferences) {
  std::vector<Real> outputs(10);
  Draw draw(2);
  draw.reals(outputs, 2);
  const Computed c = compute(GetParam(), outputs, {7});
  // J is computed in double, so that its rounding allows UFLDL's step of 1e-4; truncation is below
  // h²/6.
  const Values numeric =
      numeric_gradient(outputs, 1e-4, [&] { return compute(GetParam(), outputs, {7}).losses[0]; });
  EXPECT_LE(element_wise_error(numeric, c.doutputs), 1e-8 + std::numeric_limits<Real>::epsilon());
}

TEST_P(AnyLoss, TakesEverySampleByItself) {
  const std::vector<Real> outputs = {1, 2, 3, -1, 0, 1};
  const Computed both = compute(GetParam(), outputs, {2, 0});
  const Computed first = compute(GetParam(), {1, 2, 3}, {2});
  const Computed second = compute(GetParam(), {-1, 0, 1}, {0});
  EXPECT_EQ(both.losses, (Values{first.losses[0], second.losses[0]}));
  Values doutputs = first.doutputs;
  doutputs.insert(doutputs.end(), second.doutputs.begin(), second.doutputs.end());
  EXPECT_EQ(both.doutputs, doutputs);
}

TEST_P(AnyLoss, ScalesTheGradientAndNotTheLoss) {
  const Computed whole = compute(GetParam(), {1, 2, 3}, {0});
  const Computed quarter = compute(GetParam(), {1, 2, 3}, {0}, 0.25);
  EXPECT_EQ(quarter.losses, whole.losses);
  for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(quarter.doutputs[k], whole.doutputs[k] / 4);
}

TEST_P(AnyLoss, ClassWeightsScaleASamplesLossAndGradient) {
  const std::vector<Real> outputs = {1, 2, 3, -1, 0, 1};
  const Computed plain = compute(GetParam(), outputs, {2, 0});
  const Computed weighted =
      compute(GetParam(), outputs, {2, 0}, 1, {.label_smoothing = 0, .class_weights = {4, 1, 0.5}});
  EXPECT_EQ(weighted.losses, (Values{plain.losses[0] / 2, plain.losses[1] * 4}));
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(weighted.doutputs[k], plain.doutputs[k] / 2);
    EXPECT_EQ(weighted.doutputs[k + 3], plain.doutputs[k + 3] * 4);
  }
}

TEST_P(AnyLoss, NeedsNoRoomForAGradientNobodyWants) {
  const std::vector<Real> outputs = {1, 2, 3};
  const std::vector<std::uint16_t> labels = {1};
  double loss = 0;
  compute_loss(GetParam(), outputs, labels, 1, {&loss, 1}, {});
  EXPECT_EQ(loss, compute(GetParam(), outputs, labels).losses[0]);
}

TEST_P(AnyLoss, NeverHidesANan) {
  for (std::size_t place = 0; place < 3; ++place) {
    std::vector<Real> outputs = {1, 2, 3};
    outputs[place] = kNan;
    EXPECT_TRUE(std::isnan(compute(GetParam(), outputs, {1}).losses[0])) << "at place " << place;
  }
}

TEST_P(AnyLoss, ProbabilitiesSumToOne) {
  std::vector<Real> outputs(10);
  Draw draw(3);
  draw.reals(outputs, 5);
  const Values p = probabilities(GetParam(), outputs);
  EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-15 * 10);
}

TEST_P(AnyLoss, TheLikeliestClassHasTheLargestOutput) {
  const Values p = probabilities(GetParam(), {1, -2, 3, 2});
  EXPECT_EQ(std::ranges::max_element(p) - p.begin(), 2);
}

INSTANTIATE_TEST_SUITE_P(Losses, AnyLoss,
                         testing::Values(Loss::softmax_cross_entropy, Loss::euclidean),
                         [](const auto& loss_info) {
                           return std::string(
                               kLossNames[static_cast<std::size_t>(loss_info.param)]);
                         });

TEST(ClassProbabilities, OfSoftmaxSurviveLargeOutputs) {
  EXPECT_EQ(probabilities(Loss::softmax_cross_entropy, {10'000, 10'000, -10'000}),
            (Values{0.5, 0.5, 0}));
}

TEST(ClassProbabilities, OfEuclideanAreTheScaledPositiveParts) {
  EXPECT_EQ(probabilities(Loss::euclidean, {1, -2, 3}), (Values{0.25, 0, 0.75}));
}

TEST(ClassProbabilities, OfEuclideanAreEqualIfNothingIsPositive) {
  EXPECT_EQ(probabilities(Loss::euclidean, {-1, 0, -2, -3}), (Values{0.25, 0.25, 0.25, 0.25}));
}

TEST(ArgMax, IsTheFirstAmongEquals) {
  EXPECT_EQ(arg_max(std::vector<Real>{1, 3, 2, 3}), 1U);
  EXPECT_EQ(arg_max(std::vector<Real>{-5, -7}), 0U);
}

}  // namespace
}  // namespace cnn
