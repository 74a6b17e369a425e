#include "formats/onnx/network_import.hpp"

#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/onnx/layer_nodes.hpp"
#include "support/file_error_of.hpp"
#include "support/onnx_graph.hpp"
#include "support/random_network.hpp"

namespace cnn::onnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(NetworkImport, ReadsBackWhatIsExported) {
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    const Network network = random_network(seed, false);
    Model model;
    const Shape& input = network.input();
    model.inputs.push_back({"x",
                            ElementType::float32,
                            {std::string("n"), std::int64_t{input.channels},
                             std::int64_t{input.height}, std::int64_t{input.width}}});
    model.outputs.push_back({add_network(model, network, "x"), ElementType::float32, {}});
    const ImportedNetwork imported = import_network("a.onnx", model, {});
    EXPECT_EQ(imported.input, input);
    std::size_t at = 0;
    for (const Network::Node& node : network.nodes()) {
      if (node.spec.type == "dropout") continue;
      ASSERT_LT(at, imported.layers.size());
      EXPECT_EQ(imported.layers[at].type, node.spec.type) << seed;
      EXPECT_EQ(imported.layers[at++].name, node.spec.name) << seed;
    }
    for (const Parameter& p : network.parameters()) {
      EXPECT_TRUE(std::ranges::equal(tensor(imported, p.name), network.value(p))) << p.name;
    }
  }
}

TEST(NetworkImport, TakesTheImagesPreparationForTheConfigurations) {
  const ImportedNetwork network = Graph()
                                      .weight("m", {1}, 2)
                                      .weight("d", {2, 1, 1}, 4)
                                      .node("Cast", {"x"}, "f", {{"to", std::int64_t{1}}})
                                      .node("Sub", {"f", "m"}, "s")
                                      .node("Div", {"s", "d"}, "q")
                                      .node("Relu", {"q"}, "y")
                                      .import();
  EXPECT_THAT(network.mean, ElementsAre(2, 2));
  EXPECT_THAT(network.scale, ElementsAre(0.25, 0.25));
  EXPECT_THAT(texts(network), ElementsAre("relu"));
}

TEST(NetworkImport, PutsConstantsIntoTheLayerBefore) {
  const ImportedNetwork network = Graph()
                                      .weight("c.weight", {3, 2, 1, 1})
                                      .weight("b", {3, 1, 1}, 2)
                                      .weight("k", {}, 3)
                                      .node("Conv", {"x", "c.weight"}, "z")
                                      .node("Add", {"z", "b"}, "a")
                                      .node("Mul", {"a", "k"}, "y")
                                      .import();
  EXPECT_THAT(texts(network), ElementsAre("conv count 3 kernel 1"));
  EXPECT_EQ(tensor(network, "c.weight").front(), 1.5F);
  EXPECT_THAT(tensor(network, "c.bias"), ElementsAre(6, 6, 6));
}

TEST(NetworkImport, MakesALayerOfAConstantBehindAnActivation) {
  const ImportedNetwork network = Graph()
                                      .weight("k", {2, 1, 1}, 3)
                                      .node("Relu", {"x"}, "r")
                                      .node("Mul", {"r", "k"}, "m")
                                      .node("Sub", {"k", "m"}, "y")
                                      .import();
  EXPECT_THAT(texts(network), ElementsAre("relu", "conv count 2 kernel 1 groups 2"));
  EXPECT_THAT(tensor(network, "m.weight"), ElementsAre(-3, -3));
  EXPECT_THAT(tensor(network, "m.bias"), ElementsAre(3, 3));
}

TEST(NetworkImport, KnowsTheTwoClipsThatAreLayers) {
  const auto clip = [](float low, float high) {
    return Graph().node("Clip", {"x"}, "y", {{"min", low}, {"max", high}});
  };
  EXPECT_THAT(texts(clip(0, 6).import()), ElementsAre("relu6"));
  EXPECT_THAT(clip(0, 5).error(), HasSubstr("only Clip from 0 upwards has a layer"));
  EXPECT_THAT(clip(-1, 6).error(), HasSubstr("only Clip from 0 upwards has a layer"));
}

// Of (n, 2, 8, 8).
TEST(NetworkImport, KnowsPartsOfShapes) {
  const auto reshaped = [](std::vector<Attribute> part, Integers rest) {
    return Graph()
        .integers("rest", std::move(rest))
        .node("Shape", {"x"}, "part", std::move(part))
        .node("Concat", {"part", "rest"}, "shape", {{"axis", std::int64_t{0}}})
        .weight("w", {3, 128})
        .node("Reshape", {"x", "shape"}, "flat")
        .node("Gemm", {"flat", "w"}, "y", {{"transB", std::int64_t{1}}});
  };
  const std::int64_t none = 0, one = 1;
  EXPECT_THAT(texts(reshaped({{"start", none}, {"end", one}}, {128}).import()),
              ElementsAre("fc count 3 bias false"));
  EXPECT_THAT(
      texts(reshaped({{"start", std::int64_t{-9}}, {"end", std::int64_t{-3}}}, {-1}).import()),
      ElementsAre("fc count 3 bias false"));
  EXPECT_THAT(texts(reshaped({{"end", one}}, {128}).import()),
              ElementsAre("fc count 3 bias false"));
  EXPECT_THAT(reshaped({{"start", one}}, {128}).error(), HasSubstr("Reshape"));
  EXPECT_THAT(texts(reshaped({{"start", std::int64_t{3}}, {"end", one}}, {-1, 128}).import()),
              ElementsAre("fc count 3 bias false"));
}

TEST(NetworkImport, TakesTheMeanOrTheMaximumOfMaps) {
  const auto reduced = [](const char* op, Integers axes) {
    return Graph().integers("axes", std::move(axes)).node(op, {"x", "axes"}, "y");
  };
  EXPECT_THAT(texts(reduced("ReduceMean", {2, 3}).import()),
              ElementsAre("pool type avg global true"));
  EXPECT_THAT(texts(reduced("ReduceMax", {-1, -2}).import()),
              ElementsAre("pool type max global true"));
  EXPECT_THAT(reduced("ReduceMax", {1}).error(),
              HasSubstr("only that over height and width has a layer"));
}

TEST(NetworkImport, TakesMeansOfRowsThenOfColumns) {
  const auto reduced = [](Integers first, Integers second, std::int64_t keepdims) {
    const std::vector<Attribute> keep = {{"keepdims", keepdims}};
    return Graph()
        .integers("first", std::move(first))
        .integers("second", std::move(second))
        .weight("w", {2, 3})
        .node("ReduceMean", {"x", "first"}, "rows", keep)
        .node("ReduceMean", {"rows", "second"}, "means", keep)
        .node(keepdims == 0 ? "Gemm" : "Relu",
              keepdims == 0 ? std::vector<std::string>{"means", "w"}
                            : std::vector<std::string>{"means"},
              "y");
  };
  const char* const rows = "pool type avg kernel [1, 8]";
  const char* const columns = "pool type avg kernel [8, 1]";
  const char* const all = "pool type avg global true";
  EXPECT_THAT(texts(reduced({3}, {2}, 0).import()),
              ElementsAre(rows, all, "fc count 3 bias false"));
  EXPECT_THAT(texts(reduced({2}, {2}, 0).import()),
              ElementsAre(columns, all, "fc count 3 bias false"));
  EXPECT_THAT(texts(reduced({-1}, {-1}, 0).import()),
              ElementsAre(rows, all, "fc count 3 bias false"));
  EXPECT_THAT(texts(reduced({-1}, {-2}, 1).import()), ElementsAre(rows, all, "relu"));
  EXPECT_THAT(reduced({3}, {1}, 0).error(), HasSubstr("'means' (ReduceMean): only that over"));
  EXPECT_THAT(reduced({3}, {3}, 0).error(), HasSubstr("'means' (ReduceMean): only that over"));
  EXPECT_THAT(reduced({3, 3}, {2}, 0).error(), HasSubstr("'rows' (ReduceMean): only that over"));
}

TEST(NetworkImport, SqueezesOneExtentAfterTheOther) {
  const auto squeezed = [](Integers first, Integers second) {
    return Graph()
        .integers("first", std::move(first))
        .integers("second", std::move(second))
        .weight("w", {2, 3})
        .node("GlobalAveragePool", {"x"}, "g")
        .node("Squeeze", {"g", "first"}, "s")
        .node("Squeeze", {"s", "second"}, "t")
        .node("Gemm", {"t", "w"}, "y");
  };
  for (const Integers& first : {Integers{3}, Integers{-1}, Integers{2}, Integers{-2}}) {
    for (const Integers& second : {Integers{2}, Integers{-1}}) {
      EXPECT_THAT(texts(squeezed(first, second).import()),
                  ElementsAre("pool type avg global true", "fc count 3 bias false"));
    }
  }
  EXPECT_THAT(squeezed({3}, {1}).error(), HasSubstr("only height and width of 1 can go"));
  EXPECT_THAT(squeezed({3}, {std::numeric_limits<std::int64_t>::max()}).error(),
              HasSubstr("only height and width of 1 can go"));
}

TEST(NetworkImport, RefusesWhatHasLostOneExtentOnly) {
  const auto squeezed = [] {
    return Graph()
        .integers("width", {3})
        .node("GlobalAveragePool", {"x"}, "g")
        .node("Squeeze", {"g", "width"}, "s");
  };
  EXPECT_THAT(squeezed().node("Relu", {"s"}, "y").error(),
              HasSubstr("'y' (Relu): its input has lost one of height and width"));
  EXPECT_THAT(squeezed().error(), HasSubstr("is not a layer's as it stands"));
}

TEST(NetworkImport, TakesOneChannelInEitherOrder) {
  Graph graph;
  graph.model().inputs[0].dims = {std::string("n"), std::int64_t{6}, std::int64_t{5},
                                  std::int64_t{1}};
  const ImportedNetwork network = graph.integers("nchw", {-1, 1, 6, 5})
                                      .weight("w", {1, 1, 3, 3})
                                      .node("Reshape", {"x", "nchw"}, "r")
                                      .node("Conv", {"r", "w"}, "y")
                                      .import();
  EXPECT_EQ(network.input, (Shape{1, 6, 5}));
  EXPECT_TRUE(network.input_is_nhwc);
}

TEST(NetworkImport, RefusesImagesThatAreTurnedTwiceOrInOneBranchOnly) {
  const std::vector<Attribute> to_nchw = {{"perm", Integers{0, 3, 1, 2}}};
  const auto cube = [] {
    Graph graph;
    graph.model().inputs[0].dims = {std::string("n"), std::int64_t{8}, std::int64_t{8},
                                    std::int64_t{8}};
    return graph;
  };
  EXPECT_THAT(cube()
                  .node("Transpose", {"x"}, "t", to_nchw)
                  .node("Transpose", {"t"}, "u", to_nchw)
                  .node("Relu", {"u"}, "y")
                  .error(),
              HasSubstr("node 'u' (Transpose): takes an image of (channels, height, width)"));
  EXPECT_THAT(cube()
                  .node("Transpose", {"x"}, "t", to_nchw)
                  .node("Relu", {"x"}, "a")
                  .node("Relu", {"t"}, "b")
                  .node("Add", {"a", "b"}, "y")
                  .error(),
              HasSubstr("the graph prepares its image in two ways"));
}

TEST(NetworkImport, RefusesASoftmaxAlongAnExtentOfOne) {
  const auto softmax = [](std::int64_t axis) {
    return Graph()
        .node("GlobalMaxPool", {"x"}, "g")
        .node("Transpose", {"g"}, "t", {{"perm", Integers{0, 2, 3, 1}}})
        .node("Softmax", {"t"}, "y", {{"axis", axis}});
  };
  EXPECT_THAT(softmax(1).error(), HasSubstr("only over the classes is it known"));
  EXPECT_EQ(softmax(3).import().ending, Ending::softmax);
  EXPECT_EQ(softmax(-1).import().ending, Ending::softmax);
}

TEST(NetworkImport, RefusesWhatRoundsOrCutsTheImage) {
  const auto bytes = [] {
    Graph graph;
    graph.model().inputs[0].type = ElementType::uint8;
    return graph.weight("k", {1}, 2);
  };
  for (const char* op : {"Div", "Sub", "Add", "Mul"}) {
    EXPECT_THAT(bytes()
                    .node(op, {"x", "k"}, "d")
                    .node("Cast", {"d"}, "c", {{"to", std::int64_t{1}}})
                    .node("Relu", {"c"}, "y")
                    .error(),
                HasSubstr("computes with whole numbers"))
        << op;
  }
  EXPECT_THAT(
      Graph().node("Cast", {"x"}, "c", {{"to", std::int64_t{10}}}).node("Relu", {"c"}, "y").error(),
      HasSubstr("rounds to 16 bits"));
}

TEST(NetworkImport, RefusesTwoTensorsOfOneName) {
  EXPECT_THAT(Graph().node("Relu", {"x"}, "y").node("Tanh", {"x"}, "y").error(),
              HasSubstr("its output 'y' is another node's, too"));
  EXPECT_THAT(Graph().node("Relu", {"x"}, "x").error(),
              HasSubstr("its output 'x' is there already"));
}

TEST(NetworkImport, FollowsShapesThatToolsCompute) {
  const ImportedNetwork network =
      Graph()
          .integers("zero", {0})
          .integers("rest", {-1})
          .weight("w", {128, 4})
          .node("Relu", {"x"}, "r")
          .node("Shape", {"r"}, "s")
          .node("Gather", {"s", "zero"}, "n")
          .node("Concat", {"n", "rest"}, "t", {{"axis", std::int64_t{0}}})
          .node("Reshape", {"r", "t"}, "v")
          .node("MatMul", {"v", "w"}, "y")
          .import();
  EXPECT_THAT(texts(network), ElementsAre("relu", "fc count 4 bias false"));
}

TEST(NetworkImport, TurnsTheWeightsOfHeightWidthChannels) {
  Graph graph;
  std::vector<float> weight(128);
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = static_cast<float>(i);
  graph.model().initializers.push_back(constant("w", {128, 1}, std::span<const float>(weight)));
  const ImportedNetwork network =
      graph.node("Relu", {"x"}, "r")
          .node("Transpose", {"r"}, "t", {{"perm", Integers{0, 2, 3, 1}}})
          .node("Flatten", {"t"}, "f")
          .node("MatMul", {"f", "w"}, "y")
          .import();
  const std::vector<float>& found = tensor(network, "y.weight");
  EXPECT_EQ(found[1], 2);   // channel 0, second pixel
  EXPECT_EQ(found[64], 1);  // channel 1, first pixel
}

TEST(NetworkImport, ComputesWithShapes) {
  const auto network = [](const std::string& op, std::int64_t first, std::int64_t second) {
    return Graph()
        .integers("a", {first})
        .integers("b", {second})
        .integers("n", {-1})
        .node(op, {"a", "b"}, "c")
        .node("Shape", {"c"}, "one")
        .node("Mul", {"c", "one"}, "d")
        .node("Concat", {"n", "d"}, "s", {{"axis", std::int64_t{0}}})
        .node("Relu", {"x"}, "r")
        .node("Reshape", {"r", "s"}, "v")
        .node("Tanh", {"v"}, "y");
  };
  for (Graph graph : {network("Add", 100, 28), network("Sub", 130, 2), network("Mul", 64, 2),
                      network("Div", 257, 2)}) {
    EXPECT_THAT(texts(graph.import()), ElementsAre("relu", "tanh"));
  }
  EXPECT_THAT(network("Div", 1, 0).error(), HasSubstr("its numbers are out of range"));
  // The batch of a graph that does not know it.
  EXPECT_THAT(network("Sub", -1, -1).error(), HasSubstr("its numbers are out of range"));
}

TEST(NetworkImport, SaysWhatItDoesNotKnow) {
  EXPECT_THAT(Graph().node("Erf", {"x"}, "y").error(),
              HasSubstr("a.onnx: error: node 'y' (Erf): no layer does this"));
  EXPECT_THAT(Graph().node("Relu", {"x"}, "y", {{"odd", 1.0F}}).error(),
              HasSubstr("attribute 'odd' is not known"));
  EXPECT_THAT(Graph().node("Conv", {"x", "w"}, "y").error(),
              HasSubstr("its input 'w' has no values"));
  EXPECT_THAT(Graph().weight("w", {1, 3, 1, 1}).node("Conv", {"x", "w"}, "y").error(),
              HasSubstr("its weights [1, 3, 1, 1] do not fit its input 2x8x8"));
  EXPECT_THAT(Graph()
                  .node("Softmax", {"x"}, "s", {{"axis", std::int64_t{1}}})
                  .node("Relu", {"s"}, "y")
                  .error(),
              HasSubstr("node 's' (Softmax): is known at the end only"));
  EXPECT_THAT(
      Graph()
          .node("MaxPool", {"x"}, "y",
                {{"kernel_shape", Integers{2, 2}}, {"dilations", Integers{2, 2}}})
          .error(),
      HasSubstr("node 'y' (MaxPool): attribute 'dilations': poolings have none here, only 1"));
  Graph old;
  old.model().opset = 3;
  EXPECT_THAT(old.node("Relu", {"x"}, "y").error(), HasSubstr("is of opset 3, opsets 6 to 20"));
}

TEST(NetworkImport, RefusesAReshapeThatDoesNotDivide) {
  EXPECT_THAT(Graph().integers("s", {0, 3, -1, 1}).node("Reshape", {"x", "s"}, "y").error(),
              HasSubstr("is not of the input's size"));
}

// Of tensors without values the extents say how much work there would be.
TEST(NetworkImport, RefusesWeightsWithoutValues) {
  const std::int64_t many = std::int64_t{1} << 28;
  const auto empty = [&](const Dims& dims) { return Graph().weight("w", dims).weight("b", {1}); };
  EXPECT_THAT(empty({0, many}).node("Gemm", {"x", "w", "b"}, "y").error(), HasSubstr("do not fit"));
  EXPECT_THAT(empty({many, 0}).node("Flatten", {"x"}, "f").node("MatMul", {"f", "w"}, "y").error(),
              HasSubstr("error"));
  Graph integers;
  integers.model().initializers.push_back(
      constant("w", {0, many}, std::span<const std::int64_t>()));
  EXPECT_THAT(integers.node("Transpose", {"w"}, "y").error(),
              HasSubstr("only matrices of weights are transposed"));
}

// One tensor that a thousand layers name must not become a thousand tensors.
TEST(NetworkImport, BoundsTheWeights) {
  Graph graph;
  graph.weight("w", {32, 2, 31, 31}).weight("v", {32, 32, 31, 31}, 0);
  const std::vector<Attribute> same = {{"auto_pad", std::string("SAME_UPPER")}};
  graph.node("Conv", {"x", "w"}, "y0", same);
  for (int i = 1; i < 30; ++i) {
    graph.node("Conv", {"y" + std::to_string(i - 1), "v"}, "y" + std::to_string(i), same);
  }
  EXPECT_THAT(graph.error(), HasSubstr("the graph repeats the file's weights too often"));
}

}  // namespace
}  // namespace cnn::onnx
