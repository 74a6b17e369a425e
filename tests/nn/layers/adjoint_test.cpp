// The layers that are linear maps: backward is forward's transpose, so ⟨δ, y⟩ counts the same
// products each way: ⟨δ, y⟩ = ⟨dx, x⟩ + ⟨db, b⟩ = ⟨dW, W⟩ + ⟨db, b⟩. On small integers exactly.

#include <string>

#include <gtest/gtest.h>

#include "support/draw.hpp"
#include "support/example_options.hpp"
#include "support/layer_harness.hpp"
#include "support/naive.hpp"

namespace cnn {
namespace {

constexpr int kShapes = 500;
constexpr int kLargest = 32;

double product(CView a, CView b) {
  return inner_product(values(a), values(b));
}

// Draws everything, runs the layer both ways and compares the products. Parameters, if there are
// any: weight, then bias.
void expect_adjoint(Draw& draw, LayerHarness layer) {
  const std::size_t parameters = layer.plan().parameters.size();
  draw.integers(layer.input(), kLargest);
  draw.integers(layer.doutput(), kLargest);
  for (std::size_t k = 0; k < parameters; ++k) draw.integers(layer.parameter(k), kLargest);
  layer.forward();
  layer.backward();
  const double expected = product(layer.doutput(), layer.output());
  const double bias = parameters > 1 ? product(layer.dparameter(1), layer.parameter(1)) : 0;
  EXPECT_EQ(product(layer.dinput(), layer.input()) + bias, expected);
  if (parameters == 0) return;
  EXPECT_EQ(product(layer.dparameter(0), layer.parameter(0)) + bias, expected);
}

std::size_t samples(Draw& draw) {
  return static_cast<std::size_t>(draw.integer(1, 3));
}

std::string bias(Draw& draw) {
  return draw.integer(0, 3) > 0 ? "true" : "false";
}

TEST(Adjoint, Convolution) {
  Draw draw(1);
  for (int shape = 0; shape < kShapes; ++shape) {
    naive::Slide slide = draw.slide();
    slide.dilation = draw.dilation(slide);
    const int count = draw.integer(1, 4);
    const std::string options =
        "{count: " + std::to_string(count) +
        ", groups: " + std::to_string(draw.groups(slide.input.channels, count)) +
        ", dilation: " + option_text(slide.dilation) + ", kernel: " + option_text(slide.kernel) +
        ", stride: " + option_text(slide.stride) + ", pad: " + option_text(slide.pad) +
        ", bias: " + bias(draw) + "}";
    SCOPED_TRACE(to_string(slide.input) + " " + options);
    expect_adjoint(draw, {make_layer("conv", options), {slide.input}, samples(draw)});
  }
}

TEST(Adjoint, FullyConnected) {
  Draw draw(2);
  for (int shape = 0; shape < kShapes; ++shape) {
    const Shape input{draw.integer(1, 5), draw.integer(1, 6), draw.integer(1, 6)};
    const std::string options =
        "{count: " + std::to_string(draw.integer(1, 12)) + ", bias: " + bias(draw) + "}";
    SCOPED_TRACE(to_string(input) + " " + options);
    expect_adjoint(draw, {make_layer("fc", options), {input}, samples(draw)});
  }
}

// Windows of 1, 2, 4, 8 or 16 pixels, without padding: means and shares are exact.
TEST(Adjoint, AveragePooling) {
  Draw draw(3);
  for (int shape = 0; shape < kShapes; ++shape) {
    const Size2 kernel{1 << draw.integer(0, 2), 1 << draw.integer(0, 2)};
    const Shape input{draw.integer(1, 4), kernel.height + draw.integer(0, 8),
                      kernel.width + draw.integer(0, 8)};
    const std::string options = "{type: avg, kernel: " + option_text(kernel) +
                                ", stride: " + option_text(draw.size2(1, 4)) + "}";
    SCOPED_TRACE(to_string(input) + " " + options);
    expect_adjoint(draw, {make_layer("pool", options), {input}, samples(draw)});
  }
}

}  // namespace
}  // namespace cnn
