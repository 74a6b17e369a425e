#include "nn/layers/concat.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/example_options.hpp"
#include "support/layer_harness.hpp"

namespace cnn {
namespace {

TEST(Concat, PutsTheChannelsOfEachSampleOneAfterTheOther) {
  LayerHarness layer(make_layer("concat"), {{1, 1, 2}, {2, 1, 2}}, 2);
  assign(layer.input(0), {1, 2,  //
                          7, 8});
  assign(layer.input(1), {3, 4, 5, 6,  //
                          9, 10, 11, 12});
  layer.forward();
  EXPECT_EQ(values(layer.output()), (Values{1, 2, 3, 4, 5, 6,  //
                                            7, 8, 9, 10, 11, 12}));
}

TEST(Concat, HandsEachInputItsPartOfTheGradient) {
  LayerHarness layer(make_layer("concat"), {{1, 1, 2}, {2, 1, 2}}, 2);
  assign(layer.doutput(), {1, 2, 3, 4, 5, 6,  //
                           7, 8, 9, 10, 11, 12});
  layer.forward();
  layer.backward();
  EXPECT_EQ(values(layer.dinput(0)), (Values{1, 2, 7, 8}));
  EXPECT_EQ(values(layer.dinput(1)), (Values{3, 4, 5, 6, 9, 10, 11, 12}));
}

TEST(Concat, AddsUpTheChannels) {
  EXPECT_EQ(make_layer("concat")->plan(std::vector<Shape>{{2, 7, 6}, {1, 7, 6}, {3, 7, 6}}).output,
            (Shape{6, 7, 6}));
}

TEST(Concat, RefusesInputsOfDifferentHeightOrWidth) {
  const auto message = [](const Shape& second) -> std::string {
    try {
      make_layer("concat")->plan(std::vector<Shape>{{20, 12, 12}, second});
      return "planned";
    } catch (const ShapeError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(message({5, 12, 11}),
            "inputs must have the same height and width, got 20x12x12 and 5x12x11");
  EXPECT_EQ(message({5, 11, 12}),
            "inputs must have the same height and width, got 20x12x12 and 5x11x12");
  EXPECT_EQ(message({5, 12, 12}), "planned");
}

TEST(Concat, RefusesASingleInput) {
  try {
    make_layer("concat")->plan(std::vector<Shape>{{20, 12, 12}});
    FAIL() << "planned";
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(), "needs two or more inputs: from: [a, b]");
  }
}

TEST(Concat, RefusesMoreChannelsThanALayerMayHave) {
  try {
    make_layer("concat")->plan(std::vector<Shape>{{30000, 1, 1}, {2769, 1, 1}});
    FAIL() << "planned";
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(), "gives more than 32768 channels");
  }
}

}  // namespace
}  // namespace cnn
