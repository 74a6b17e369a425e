#include "nn/layers/add.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/example_options.hpp"
#include "support/layer_harness.hpp"

namespace cnn {
namespace {

TEST(Add, SumsItsInputsElementByElement) {
  constexpr Shape kShape{1, 1, 3};
  LayerHarness layer(make_layer("add"), {kShape, kShape, kShape}, 1);
  assign(layer.input(0), {1, 2, 3});
  assign(layer.input(1), {10, 20, 30});
  assign(layer.input(2), {100, 200, 300});
  layer.forward();
  EXPECT_EQ(values(layer.output()), (Values{111, 222, 333}));
}

TEST(Add, HandsTheWholeGradientToEveryInput) {
  constexpr Shape kShape{1, 1, 3};
  LayerHarness layer(make_layer("add"), {kShape, kShape}, 1);
  assign(layer.doutput(), {1, 2, 3});
  layer.forward();
  layer.backward();
  EXPECT_EQ(values(layer.dinput(0)), (Values{1, 2, 3}));
  EXPECT_EQ(values(layer.dinput(1)), (Values{1, 2, 3}));
}

TEST(Add, RefusesInputsOfDifferentShapes) {
  for (const Shape& last : {Shape{50, 12, 12}, Shape{20, 4, 12}, Shape{20, 12, 4}}) {
    try {
      make_layer("add")->plan(std::vector<Shape>{{20, 12, 12}, {20, 12, 12}, last});
      ADD_FAILURE() << "planned";
    } catch (const ShapeError& error) {
      EXPECT_EQ(error.what(),
                "inputs must have the same shape, got 20x12x12 and " + to_string(last));
    }
  }
}

TEST(Add, RefusesASingleInput) {
  try {
    make_layer("add")->plan(std::vector<Shape>{{20, 12, 12}});
    FAIL() << "planned";
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(), "needs two or more inputs: from: [a, b]");
  }
}

}  // namespace
}  // namespace cnn
