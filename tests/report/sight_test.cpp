// The numbers, tiles and lines that a page shows of a network.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "nn/traced_pass.hpp"
#include "report/close_up.hpp"
#include "report/first_kernels.hpp"
#include "report/network_graph.hpp"
#include "report/tiles.hpp"
#include "support/example_options.hpp"

namespace cnn::report {
namespace {

// The lecture's example of max pooling, with a fully connected layer whose weights become its δ.
TEST(CloseUp, HasTheNumbersOfTheSlides) {
  Network network({1, 4, 4}, {layer_spec("pool", "pool", "{type: max, kernel: 2, stride: 2}"),
                              layer_spec("fc", "fc", "{count: 1}")});
  const std::vector<Real> delta = {1, 2, 3, 4};
  std::copy(delta.begin(), delta.end(), network.value(network.parameters()[0]).begin());
  const std::vector<Real> image = {1, 2, 5, 6,  //
                                   3, 8, 7, 4,  //
                                   9, 6, 1, 2,  //
                                   4, 3, 3, 4};
  TracedPass pass(network, image);
  pass.go_back(std::vector<Real>{1});
  Fields fields;
  add_close_ups(fields, network, pass);
  EXPECT_EQ(render_text("{{#close_ups}}{{heading}}: {{#tables}}{{caption}}"
                        "{{#number_rows}}|{{#cells}} {{#chosen}}*{{/chosen}}{{value}}{{/cells}}"
                        "{{/number_rows}}; {{/tables}}{{/close_ups}}",
                        fields),
            "pool, map 1, from row 1 and column 1 on: "
            "its input| 1 2 5 6| 3 *8 *7 4"
            "| *9 6 1 2| 4 3 3 *4; "
            "its output| 8 7| 9 4; "
            "δ of its output| 1 2| 3 4; "
            "δ of its input| 0 0 0 0| 0 *1 *2 0| *3 0 0 0| 0 0 0 *4; ");
}

TEST(CloseUp, IsOfMaxPoolingWhereThereIsAny) {
  const auto heading = [](const std::string& second) {
    Network network({1, 4, 4}, {layer_spec("pool", "a", "{type: avg, kernel: 2}"),
                                layer_spec("pool", "b", "{type: " + second + ", kernel: 2}"),
                                layer_spec("fc", "fc", "{count: 1}")});
    TracedPass pass(network, std::vector<Real>(16));
    pass.go_back(std::vector<Real>{1});
    Fields fields;
    add_close_ups(fields, network, pass);
    return render_text("{{#close_ups}}{{heading}};{{/close_ups}}", fields);
  };
  EXPECT_EQ(heading("max"), "b, map 1, from row 1 and column 1 on;");
  EXPECT_EQ(heading("avg"), "a, map 1, from row 1 and column 1 on;");
}

// A zero may be the maximum: it is marked, and not one of those that nothing is to be seen of.
TEST(CloseUp, MarksAMaximumThatIsZero) {
  Network network({1, 1, 2}, {layer_spec("pool", "pool", "{type: max, kernel: [1, 2]}"),
                              layer_spec("fc", "fc", "{count: 1}")});
  network.value(network.parameters()[0])[0] = 2;
  TracedPass pass(network, std::vector<Real>{-1, 0});
  pass.go_back(std::vector<Real>{1});
  Fields fields;
  add_close_ups(fields, network, pass);
  EXPECT_EQ(
      render_text("{{#close_ups}}{{#tables}}{{#number_rows}}|{{#cells}} {{#none}}none {{/none}}"
                  "{{#chosen}}chosen {{/chosen}}{{value}}{{/cells}}{{/number_rows}}{{/tables}}"
                  "{{/close_ups}}",
                  fields),
      "| -1 chosen 0| none 0| 2| none 0 chosen 2");
}

TEST(CloseUp, TurnsTheKernelBy180Degrees) {
  Network network({1, 2, 2}, {layer_spec("conv", "conv", "{count: 1, kernel: 2}")});
  const std::vector<Real> kernel = {1, 2, 3, 4};
  std::copy(kernel.begin(), kernel.end(), network.value(network.parameters()[0]).begin());
  TracedPass pass(network, std::vector<Real>{0.001F, 0, 0, 0.002F});
  pass.go_back(std::vector<Real>{1});
  Fields fields;
  add_close_ups(fields, network, pass);
  EXPECT_EQ(render_text("{{#close_ups}}{{#tables}}{{caption}}"
                        "{{#number_rows}}|{{#cells}} {{value}}{{/cells}}{{/number_rows}}; "
                        "{{/tables}}{{/close_ups}}",
                        fields),
            "W| 1 2| 3 4; rot180(W)| 4 3| 2 1; "
            "∂J/∂W, in 10⁻³| 1 0| 0 2; "
            "δ, padded| 0 0 0| 0 1 0| 0 0 0; rot180(W)| 4 3| 2 1; "
            "padded δ ∗ rot180(W)| 1 2| 3 4; ");
}

// The numbers of the padded δ, and δ of the image as the network itself finds it.
struct WayBack {
  std::string shown;
  std::vector<Real> delta;
};

// δ of the only map becomes that.
WayBack way_back(const std::string& options, const std::vector<Real>& delta) {
  Network network({1, 3, 3},
                  {layer_spec("conv", "conv", options), layer_spec("fc", "fc", "{count: 1}")});
  const std::vector<Real> kernel = {1, 2, 3, 4};
  std::copy(kernel.begin(), kernel.end(), network.value(network.parameters()[0]).begin());
  std::copy(delta.begin(), delta.end(), network.value(network.parameters()[2]).begin());
  TracedPass pass(network, std::vector<Real>(9));
  pass.go_back(std::vector<Real>{1});
  Fields fields;
  add_close_ups(fields, network, pass);
  const CView found = pass.delta(0);
  return {render_text("{{#close_ups}}{{heading}}{{#tables}}{{#number_rows}}|{{#cells}} {{value}}"
                      "{{/cells}}{{/number_rows}};{{/tables}}\n{{/close_ups}}",
                      fields),
          {found.begin(), found.end()}};
}

TEST(CloseUp, SlidesTheTurnedKernelOverThePaddedDelta) {
  const WayBack back = way_back("{count: 1, kernel: 2}", {1, 2, 3, 5});
  EXPECT_NE(back.shown.find("conv, δ of map 1, from row 1 and column 1 on"
                            "| 0 0 0 0| 0 1 2 0| 0 3 5 0| 0 0 0 0;| 4 3| 2 1;"
                            "| 1 4 4| 6 21 18| 9 27 20;\n"),
            std::string::npos)
      << back.shown;
  EXPECT_EQ(back.delta, (std::vector<Real>{1, 4, 4, 6, 21, 18, 9, 27, 20}));
}

// Numbers of one table have as many digits behind the point; behind max pooling most δ are zero.
TEST(CloseUp, ShowsWhereTheMostDeltasStand) {
  const WayBack back =
      way_back("{count: 1, kernel: 2, pad: [0, 1]}", {9, 0, -0.5F, 0, 0, 0, 2, 1.25F});
  EXPECT_NE(back.shown.find("from row 1 and column 3 on"
                            "| 0 0 0| 0 -0.50 0| 0 2.00 1.25| 0 0 0;"),
            std::string::npos)
      << back.shown;
}

// Where a convolution pads its input, fewer zeros stand around δ: the others would hand something
// down to what is no input.
TEST(CloseUp, HandsNothingDownToThePadding) {
  const std::string options = "{count: 1, kernel: 2, pad: 1}";
  const WayBack first = way_back(options, {5, 3, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_NE(first.shown.find("from row 1 and column 1 on"
                             "| 5 3 0| 2 1 0| 0 0 0;| 4 3| 2 1;| 34 14| 11 4;\n"),
            std::string::npos)
      << first.shown;
  EXPECT_EQ(first.delta, (std::vector<Real>{34, 14, 0, 11, 4, 0, 0, 0, 0}));
  const WayBack last = way_back(options, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 5});
  EXPECT_NE(last.shown.find("from row 3 and column 3 on"
                            "| 0 0 0| 0 1 2| 0 3 5;| 4 3| 2 1;| 1 4| 6 21;\n"),
            std::string::npos)
      << last.shown;
  EXPECT_EQ(last.delta, (std::vector<Real>{0, 0, 0, 0, 1, 4, 0, 6, 21}));
}

TEST(CloseUp, LeavesOutThePaddedDeltaWhereTheLectureHasNone) {
  for (const char* options : {"{count: 1, kernel: 2, pad: [1, 0], stride: [3, 1]}",
                              "{count: 1, kernel: 2, pad: 1, dilation: [3, 1]}"}) {
    const WayBack back = way_back(options, {});
    EXPECT_NE(back.shown.find("conv, kernel 1"), std::string::npos) << back.shown;
    EXPECT_EQ(back.shown.find("δ of map"), std::string::npos) << back.shown;
  }
}

std::string first_kernels(const Shape& input, const std::vector<LayerSpec>& layers) {
  Network network(input, layers);
  network.initialise(1);
  Fields fields;
  add_first_kernels(fields, network);
  return render_text("{{#first_kernels}}{{layer}}: {{what}} {{width}}x{{height}}{{/first_kernels}}",
                     fields);
}

TEST(FirstKernels, AreThoseThatReadTheImage) {
  const LayerSpec head = layer_spec("fc", "fc", "{count: 2}");
  EXPECT_EQ(first_kernels({1, 4, 4}, {head}), "");
  EXPECT_EQ(first_kernels({1, 9, 9}, {layer_spec("conv", "c", "{count: 20, kernel: 5}"), head}),
            "c: 20 kernels of 5x5; amber is above 0, blue below 564x204");
  EXPECT_EQ(first_kernels({3, 9, 9}, {layer_spec("conv", "c", "{count: 2, kernel: [1, 3]}"), head}),
            "c: 2 kernels of 1x3; in the colours of the image, gray is 0 84x12");
  EXPECT_EQ(first_kernels({2, 9, 9}, {layer_spec("conv", "c", "{count: 70, kernel: 2}"), head}),
            "c: 64 of 70 kernels of 2x2; the first channel, amber is above 0, blue below 276x276");
  EXPECT_EQ(first_kernels({1, 9, 9}, {layer_spec("conv", "c", "{count: 3, kernel: 1}"), head}), "");
}

TEST(Tiles, StandSideBySideWithALineBetween) {
  Tiles tiles(3, 2, {1, 1});
  for (const Real value : {Real{-2}, Real{0}, Real{2}}) {
    tiles.add_signed(std::vector<Real>{value}, 2);
  }
  const Image& image = tiles.image();
  EXPECT_EQ(image.shape, (Shape{3, 3, 3}));
  const std::vector<std::uint8_t> red(image.pixels.begin(), image.pixels.begin() + 9);
  EXPECT_EQ(red, (std::vector<std::uint8_t>{24, 190, 255, 190, 190, 190, 190, 190, 190}));
}

std::string drawn(const Network& network) {
  Fields fields;
  add_graph(fields, network);
  return render_text(
      "{{#graph}}{{#graph_nodes}}{{name}} {{x}},{{y}} {{/graph_nodes}}"
      "{{#graph_edges}}[{{path}}]{{/graph_edges}}{{/graph}}",
      fields);
}

TEST(NetworkGraph, DrawsAChainStraightDown) {
  const Network network({1, 4, 4}, {layer_spec("relu", "a"), layer_spec("relu", "b")});
  EXPECT_EQ(drawn(network), "image 14,14 a 14,40 b 14,66 [M14 14V40][M14 40V66]");
}

// What passes a layer by has a lane of its own; a branch stands in its lane.
TEST(NetworkGraph, DrawsBranchesBesideOneAnother) {
  const Network network({1, 4, 4}, {layer_spec("relu", "a"), layer_spec("tanh", "b", "{}", {"a"}),
                                    layer_spec("sigmoid", "c", "{}", {"a"}),
                                    layer_spec("add", "sum", "{}", {"b", "c"})});
  const std::string text = drawn(network);
  EXPECT_NE(text.find("a 14,40 b 14,66 c 32,92 sum 14,118 "), std::string::npos) << text;
  EXPECT_NE(text.find("[M14 40C14 53 32 53 32 66L32 92]"), std::string::npos) << text;
}

}  // namespace
}  // namespace cnn::report
