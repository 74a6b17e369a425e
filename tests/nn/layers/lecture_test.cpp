// The worked examples of the lecture, and of UFLDL (Stanford's "Unsupervised Feature Learning and
// Deep Learning" tutorial) on which it builds, number by number.

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/workers.hpp"
#include "nn/loss.hpp"
#include "nn/network.hpp"
#include "nn/workspace.hpp"
#include "optim/solver.hpp"
#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/layer_harness.hpp"
#include "support/naive.hpp"

namespace cnn {
namespace {

const Values kImage = {1, 1, 1, 0, 0,  //
                       0, 1, 1, 1, 0,  //
                       0, 0, 1, 1, 1,  //
                       0, 0, 1, 1, 0,  //
                       0, 1, 1, 0, 0};

// The slide's kernel looks the same after a turn by 180°, so it cannot tell whether somebody turned
// it …
const Values kSymmetricKernel = {1, 0, 1,  //
                                 0, 1, 0,  //
                                 1, 0, 1};
// … which this one can.
const Values kCountingKernel = {1, 2, 3,  //
                                4, 5, 6,  //
                                7, 8, 9};

LayerHarness convolve(const Values& kernel, std::string_view options) {
  LayerHarness layer(make_layer("conv", options), {{1, 5, 5}}, 1);
  assign(layer.input(), kImage);
  assign(layer.parameter(0), kernel);
  layer.forward();
  return layer;
}

TEST(LectureConvolution, OfTheSlide) {
  LayerHarness layer = convolve(kSymmetricKernel, "{count: 1, kernel: 3}");
  EXPECT_EQ(values(layer.output()), (Values{4, 3, 4,  //
                                            2, 4, 3,  //
                                            2, 3, 4}));
}

TEST(LectureConvolution, WithPadding) {
  LayerHarness layer = convolve(kSymmetricKernel, "{count: 1, kernel: 3, pad: 1}");
  EXPECT_EQ(values(layer.output()), (Values{2, 2, 3, 1, 1,  //
                                            1, 4, 3, 4, 1,  //
                                            1, 2, 4, 3, 3,  //
                                            1, 2, 3, 4, 1,  //
                                            0, 2, 2, 1, 1}));
}

TEST(LectureConvolution, WithStrideTwo) {
  LayerHarness layer = convolve(kSymmetricKernel, "{count: 1, kernel: 3, stride: 2}");
  EXPECT_EQ(values(layer.output()), (Values{4, 4,  //
                                            2, 4}));
}

TEST(LectureConvolution, WithStrideTwoAndPadding) {
  LayerHarness layer = convolve(kSymmetricKernel, "{count: 1, kernel: 3, stride: 2, pad: 1}");
  EXPECT_EQ(values(layer.output()), (Values{2, 3, 1,  //
                                            1, 4, 3,  //
                                            0, 2, 1}));
}

// The field, and we, leave the kernel as it is: correlation. A convolution proper turns it.
TEST(LectureConvolution, DoesNotTurnTheKernel) {
  LayerHarness layer = convolve(kCountingKernel, "{count: 1, kernel: 3}");
  EXPECT_EQ(values(layer.output()), (Values{26, 35, 34,  //
                                            20, 34, 33,  //
                                            26, 31, 22}));
  const Values turned(kCountingKernel.rbegin(), kCountingKernel.rend());
  LayerHarness proper = convolve(turned, "{count: 1, kernel: 3}");
  EXPECT_EQ(values(proper.output()), (Values{34, 35, 26,  //
                                             20, 36, 37,  //
                                             14, 29, 38}));
}

// … which is why the error terms of the layer below are found with the turned kernel.
TEST(LectureConvolution, BackwardTurnsTheKernel) {
  LayerHarness layer = convolve(kCountingKernel, "{count: 1, kernel: 3}");
  assign(layer.doutput(), kCountingKernel);
  layer.backward();
  EXPECT_EQ(values(layer.dinput()), (Values{1,  4,   10,  12,  9,    //
                                            8,  26,  56,  54,  36,   //
                                            30, 84,  165, 144, 90,   //
                                            56, 134, 236, 186, 108,  //
                                            49, 112, 190, 144, 81}));
  EXPECT_EQ(values(layer.dparameter(0)), (Values{26, 35, 34,  //
                                                 20, 34, 33,  //
                                                 26, 31, 22}));
  EXPECT_EQ(values(layer.dparameter(1)), (Values{45}));
}

TEST(LectureConvolution, ForwardAndBackwardAreAdjoint) {
  LayerHarness layer = convolve(kCountingKernel, "{count: 1, kernel: 3}");
  assign(layer.doutput(), kCountingKernel);
  layer.backward();
  EXPECT_EQ(inner_product(kCountingKernel, values(layer.output())), 1274);
  EXPECT_EQ(inner_product(values(layer.dinput()), kImage), 1274);
  EXPECT_EQ(inner_product(values(layer.dparameter(0)), kCountingKernel), 1274);
}

LayerHarness pool(std::string_view options, const Values& image, const Values& delta) {
  const int side = static_cast<int>(std::lround(std::sqrt(image.size())));
  LayerHarness layer(make_layer("pool", options), {{1, side, side}}, 1);
  assign(layer.input(), image);
  assign(layer.doutput(), delta);
  layer.forward();
  layer.backward();
  return layer;
}

const Values kPoolImage = {1, 2, 3, 4,  //
                           5, 6, 7, 8,  //
                           9, 2, 3, 5,  //
                           6, 5, 1, 1};
const Values kPoolDelta = {1, 2,  //
                           3, 4};

TEST(LecturePooling, MaximumOfTheSlide) {
  LayerHarness layer = pool("{type: max, kernel: 2, stride: 2}", kPoolImage, kPoolDelta);
  EXPECT_EQ(values(layer.output()), (Values{6, 8,  //
                                            9, 5}));
  EXPECT_EQ(values(layer.dinput()), (Values{0, 0, 0, 0,  //
                                            0, 1, 0, 2,  //
                                            3, 0, 0, 4,  //
                                            0, 0, 0, 0}));
}

// The slide's forward result, 7 11 / 11 5, is an erratum: each window's sum divided by its side, 2,
// instead of by its 4 pixels. Its backward result, shares of a quarter, is that of the mean; and
// only the mean is adjoint to it: for δ = 1 both Σ y and ⟨dx, x⟩ must be 17, where the slide's
// forward gives 34.
TEST(LecturePooling, AverageOfTheSlideWithItsErratumPutRight) {
  LayerHarness layer = pool("{type: avg, kernel: 2, stride: 2}", kPoolImage, kPoolDelta);
  EXPECT_EQ(values(layer.output()), (Values{3.5, 5.5,  //
                                            5.5, 2.5}));
  EXPECT_EQ(values(layer.dinput()), (Values{0.25, 0.25, 0.5, 0.5,  //
                                            0.25, 0.25, 0.5, 0.5,  //
                                            0.75, 0.75, 1.0, 1.0,  //
                                            0.75, 0.75, 1.0, 1.0}));
}

TEST(LecturePooling, AverageIsAdjointToItsBackward) {
  LayerHarness layer = pool("{type: avg, kernel: 2, stride: 2}", kPoolImage, {1, 1, 1, 1});
  EXPECT_EQ(inner_product({1, 1, 1, 1}, values(layer.output())), 17);
  EXPECT_EQ(inner_product(values(layer.dinput()), kPoolImage), 17);
}

TEST(LecturePooling, OfAnImageWithItsMaximaInEveryCorner) {
  const Values image = {1, 2, 5, 6,  //
                        3, 8, 7, 4,  //
                        9, 6, 1, 2,  //
                        4, 3, 3, 4};
  LayerHarness max = pool("{type: max, kernel: 2}", image, kPoolDelta);
  EXPECT_EQ(values(max.output()), (Values{8, 7,  //
                                          9, 4}));
  EXPECT_EQ(values(max.dinput()), (Values{0, 0, 0, 0,  //
                                          0, 1, 2, 0,  //
                                          3, 0, 0, 0,  //
                                          0, 0, 0, 4}));
  LayerHarness mean = pool("{type: avg, kernel: 2}", image, kPoolDelta);
  EXPECT_EQ(values(mean.output()), (Values{3.5, 5.5,  //
                                           5.5, 2.5}));
  EXPECT_EQ(values(mean.dinput()), (Values{0.25, 0.25, 0.5, 0.5,  //
                                           0.25, 0.25, 0.5, 0.5,  //
                                           0.75, 0.75, 1.0, 1.0,  //
                                           0.75, 0.75, 1.0, 1.0}));
}

TEST(LecturePooling, TheFirstOfEqualMaximaInRowOrderReceivesTheGradient) {
  const Values image = {7, 7, 0, 3,  //
                        7, 7, 3, 3,  //
                        0, 0, 0, 5,  //
                        0, 0, 5, 0};
  LayerHarness layer = pool("{type: max, kernel: 2}", image, kPoolDelta);
  EXPECT_EQ(values(layer.dinput()), (Values{1, 0, 0, 2,  //
                                            0, 0, 0, 0,  //
                                            3, 0, 0, 4,  //
                                            0, 0, 0, 0}));
}

// UFLDL, "Convolution and Pooling": the 8x8 matrix 1 … 64 in row order, 4x4 regions, exactly.
TEST(UfldlPooling, MeanOfTheCountingMatrix) {
  Values image;
  for (int i = 1; i <= 64; ++i) image.push_back(i);
  LayerHarness layer = pool("{type: avg, kernel: 4}", image, {0, 0, 0, 0});
  EXPECT_EQ(values(layer.output()), (Values{14.5, 18.5,  //
                                            46.5, 50.5}));
}

// UFLDL, "Convolution and Pooling": the activations of 100 filters of 8x8 on 8 images, at 1,000
// random places, against the sigmoid of the patch's own weighted sum. UFLDL asks for 1e-9 in
// double.
TEST(UfldlConvolution, EqualsThePatchesOwnActivations) {
  constexpr int kSide = 28, kPatch = 8, kFilters = 100, kOutput = kSide - kPatch + 1;
  constexpr std::size_t kImages = 8;
  Network network({1, kSide, kSide}, {layer_spec("conv", "conv", "{count: 100, kernel: 8}"),
                                      layer_spec("sigmoid", "sigmoid")});
  Draw draw(1);
  for (const Parameter& p : network.parameters()) draw.reals(network.value(p), 0.25);
  Workspace workspace(network, kImages, Phase::evaluate);
  draw.reals(workspace.input(kImages), 1.0);
  network.forward(workspace, kImages, {});

  // A sum of 64 products of at most 1/4 and a bias is off by at most 65 · 16.25 · 2^-24; the
  // sigmoid quarters that.
  const double tolerance =
      sizeof(Real) == sizeof(double) ? 1e-9 : 65 * 16.25 * 0x1p-24 / 4 + 4 * 0x1p-24;
  const CView weight = network.value(network.parameters()[0]);
  const CView bias = network.value(network.parameters()[1]);
  for (int point = 0; point < 1000; ++point) {
    const auto image = static_cast<std::size_t>(draw.integer(0, kImages - 1));
    const auto filter = static_cast<std::size_t>(draw.integer(0, kFilters - 1));
    const int top = draw.integer(0, kOutput - 1);
    const int left = draw.integer(0, kOutput - 1);
    const Values x = part(workspace.input(kImages), image, kImages);
    double z = bias[filter];
    for (int row = 0; row < kPatch; ++row) {
      for (int column = 0; column < kPatch; ++column) {
        z += weight[filter * kPatch * kPatch + static_cast<std::size_t>(row * kPatch + column)] *
             x[static_cast<std::size_t>((top + row) * kSide + left + column)];
      }
    }
    const auto place = static_cast<std::size_t>(top * kOutput + left);
    const double activation =
        part(workspace.output(kImages), image, kImages)[filter * kOutput * kOutput + place];
    ASSERT_NEAR(activation, naive::sigmoid(z), tolerance);
  }
}

// The smallest network there is: one sigmoid neuron with x = 1, w = b = 0, y = 1 and the squared
// error.
class OneNeuron : public testing::Test {
 protected:
  OneNeuron()
      : network_({1, 1, 1},
                 {layer_spec("fc", "fc", "{count: 1}"), layer_spec("sigmoid", "sigmoid")}),
        workspace_(network_, 1, Phase::train),
        workers_(1) {
    gradients_.emplace_back(network_);
  }

  // Returns J(W,b;x,y).
  double forward_and_backward() {
    workspace_.input(1)[0] = 1;
    network_.forward(workspace_, 1, {});
    const std::uint16_t label = 0;  // the only class: y = 1
    double loss = 0;
    compute_loss(Loss::euclidean, workspace_.output(1), {&label, 1}, 1, {&loss, 1},
                 workspace_.doutput(1));
    doutput_ = workspace_.doutput(1)[0];
    network_.backward(workspace_, 1, gradients_[0]);
    return loss;
  }

  Real& weight() { return network_.value(network_.parameters()[0])[0]; }
  Real& bias() { return network_.value(network_.parameters()[1])[0]; }
  Real dvalue(std::size_t parameter) {
    return gradients_[0].values()[network_.parameters()[parameter].offset];
  }

  Network network_;
  Workspace workspace_;
  Workers workers_;
  std::vector<Gradients> gradients_;
  Real doutput_ = 0;
};

TEST_F(OneNeuron, HasTheLossAndGradientsOfTheLecturesFormulas) {
  EXPECT_EQ(forward_and_backward(), 0.125);  // J = ½(h − y)²
  EXPECT_EQ(workspace_.output(1)[0], 0.5);   // h = f(0)
  EXPECT_EQ(doutput_, -0.5);                 // h − y
  EXPECT_EQ(dvalue(0), Real{-0.125});        // δ·x, δ = (h − y)·f'(z)
  EXPECT_EQ(dvalue(1), Real{-0.125});        // δ
}

TEST_F(OneNeuron, StepsAgainstItsGradient) {
  Solver solver(network_, {.alpha = 1, .lambda = 0, .momentum = 0});
  forward_and_backward();
  solver.step(network_, gradients_, 0, 1, workers_);
  EXPECT_EQ(weight(), Real{0.125});
  EXPECT_EQ(bias(), Real{0.125});
}

TEST_F(OneNeuron, WeightDecayActsOnTheWeightAlone) {
  Solver solver(network_, {.alpha = 1, .lambda = 0.5, .momentum = 0});
  // z = 1 − 1 = 0 again, so that the data term's gradients are those of w = b = 0.
  weight() = 1;
  bias() = -1;
  forward_and_backward();
  solver.step(network_, gradients_, 0, 1, workers_);
  EXPECT_EQ(weight(), Real{1 - (-0.125 + 0.5 * 1)});
  EXPECT_EQ(bias(), Real{-1 + 0.125});
}

}  // namespace
}  // namespace cnn
