// Pads, which ONNX has before any operator and our layers have in convolutions and pooling.

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/onnx_graph.hpp"

namespace cnn::onnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// F.pad of PyTorch, whose pads begin with the last extent: the list is filled up with zeros, and
// its pairs are turned around.
TEST(NetworkImportPads, FollowsPadsThatPyTorchComputes) {
  const ImportedNetwork network =
      Graph()
          .integers("pads", {1, 2, 3, 4})
          .integers("missing", {4})
          .integers("pairs", {-1, 2})
          .integers("last", {-1})
          .integers("first", {std::numeric_limits<std::int64_t>::min() + 1})
          .integers("axis", {0})
          .integers("flat", {-1})
          .weight("w", {1, 2, 9, 9})
          .node("ConstantOfShape", {"missing"}, "zeros")
          .node("Concat", {"pads", "zeros"}, "all", {{"axis", std::int64_t{0}}})
          .node("Reshape", {"all", "pairs"}, "matrix")
          .node("Slice", {"matrix", "last", "first", "axis", "last"}, "turned")
          .node("Transpose", {"turned"}, "columns", {{"perm", Integers{1, 0}}})
          .node("Reshape", {"columns", "flat"}, "list")
          .node("Cast", {"list"}, "whole", {{"to", std::int64_t{7}}})
          .node("Pad", {"x", "whole"}, "p")
          .node("Conv", {"p", "w"}, "y")
          .import();
  EXPECT_THAT(texts(network), ElementsAre("conv count 1 kernel 10 pad [4, 2] bias false"));
}

TEST(NetworkImportPads, MakesUpForPadsThatDiffer) {
  const ImportedNetwork network =
      Graph()
          .weight("w", {1, 2, 3, 3})
          .node("Conv", {"x", "w"}, "c",
                {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Integers{2, 2}}})
          .node("MaxPool", {"c"}, "y",
                {{"kernel_shape", Integers{3, 3}},
                 {"strides", Integers{2, 2}},
                 {"pads", Integers{0, 0, 1, 1}}})
          .import();
  EXPECT_THAT(texts(network), ElementsAre("conv count 1 kernel 4 stride 2 pad 1 bias false",
                                          "pool type max kernel 3 stride 2 round ceil"));
  EXPECT_EQ(tensor(network, "c.weight")[0], 0);  // the row of zeros before the kernel
  EXPECT_EQ(tensor(network, "c.weight")[15], 0.5F);
}

TEST(NetworkImportPads, CountsPadsAsAConvolutionDoes) {
  const std::vector<Attribute> window = {{"kernel_shape", Integers{2, 2}},
                                         {"pads", Integers{1, 1, 1, 1}},
                                         {"count_include_pad", std::int64_t{1}}};
  const ImportedNetwork network = Graph().node("AveragePool", {"x"}, "y", window).import();
  EXPECT_THAT(texts(network), ElementsAre("conv count 2 kernel 2 pad 1 groups 2 bias false"));
  EXPECT_EQ(tensor(network, "y.weight")[0], 0.25F);
}

// Without pads there is nothing to count, whatever the windows at the far end.
TEST(NetworkImportPads, CountsNoPadsWhereThereAreNone) {
  EXPECT_THAT(texts(Graph()
                        .node("AveragePool", {"x"}, "y",
                              {{"kernel_shape", Integers{3, 3}},
                               {"strides", Integers{2, 2}},
                               {"ceil_mode", std::int64_t{1}},
                               {"count_include_pad", std::int64_t{1}}})
                        .import()),
              ElementsAre("pool type avg kernel 3 stride 2 round ceil"));
}

// Zeros around an image that are pixels: no pool's pad, which nothing is averaged with.
TEST(NetworkImportPads, GivesZerosALayerWhereNoPadTakesThem) {
  const auto padded = [](const std::string& op, std::vector<Attribute> attributes = {}) {
    return texts(Graph()
                     .integers("p", {0, 0, 1, 0, 0, 0, 1, 0})
                     .node("Pad", {"x", "p"}, "z")
                     .node(op, {"z"}, "y", std::move(attributes))
                     .import());
  };
  const std::string zeros = "conv count 2 kernel 1 pad [1, 0] groups 2 bias false";
  const Attribute kernel = {"kernel_shape", Integers{2, 2}};
  const Attribute strides = {"strides", Integers{2, 2}};
  EXPECT_THAT(padded("Tanh"), ElementsAre(zeros, "tanh"));
  EXPECT_THAT(padded("MaxPool", {kernel, strides}), ElementsAre(zeros, "pool type max kernel 2"));
  EXPECT_THAT(padded("AveragePool", {kernel, strides, {"pads", Integers{0, 1, 0, 1}}}),
              ElementsAre(zeros, "pool type avg kernel 2 pad [0, 1]"));
  EXPECT_THAT(padded("AveragePool", {{"kernel_shape", Integers{3, 3}},
                                     strides,
                                     {"ceil_mode", std::int64_t{1}},
                                     {"count_include_pad", std::int64_t{1}}}),
              ElementsAre(zeros, "pool type avg kernel 3 stride 2 round ceil"));
}

// A pool's pad is smaller than its kernel; a graph may have windows of zeros alone.
TEST(NetworkImportPads, GivesZerosALayerWhereAPoolSeesThemAlone) {
  const ImportedNetwork network =
      Graph()
          .integers("p", {0, 0, 2, 2, 0, 0, 2, 2})
          .node("Relu", {"x"}, "r")
          .node("Pad", {"r", "p"}, "z")
          .node("MaxPool", {"z"}, "y",
                {{"kernel_shape", Integers{2, 2}}, {"strides", Integers{2, 2}}})
          .import();
  EXPECT_THAT(texts(network), ElementsAre("relu", "conv count 2 kernel 1 pad 2 groups 2 bias false",
                                          "pool type max kernel 2"));
}

// Behind a constant that has made values negative, zeros around them are no longer the smallest.
TEST(NetworkImportPads, KnowsThatAConstantMakesValuesNegative) {
  const ImportedNetwork network =
      Graph()
          .integers("p", {0, 0, 1, 1, 0, 0, 1, 1})
          .weight("c", {1}, -5)
          .node("Relu", {"x"}, "r")
          .node("Pad", {"r", "p"}, "a")
          .node("Add", {"a", "c"}, "b")
          .node("Pad", {"b", "p"}, "d")
          .node("MaxPool", {"d"}, "y",
                {{"kernel_shape", Integers{3, 3}}, {"strides", Integers{1, 1}}})
          .import();
  EXPECT_THAT(texts(network), ElementsAre("relu", "conv count 2 kernel 1 pad 1 groups 2",
                                          "conv count 2 kernel 1 pad 1 groups 2 bias false",
                                          "pool type max kernel 3 stride 1"));
}

TEST(NetworkImportPads, GivesZerosALayerBeforeADilatedKernelThatCannotMakeUpForThem) {
  const ImportedNetwork network =
      Graph()
          .weight("w", {1, 2, 3, 3})
          .node("Conv", {"x", "w"}, "y",
                {{"dilations", Integers{2, 2}}, {"pads", Integers{1, 2, 2, 2}}})
          .import();
  EXPECT_THAT(texts(network), ElementsAre("conv count 2 kernel [2, 1] pad 2 groups 2 bias false",
                                          "conv count 1 kernel 3 dilation 2 bias false"));
  EXPECT_THAT(tensor(network, "y_pad.weight"), ElementsAre(0, 1, 0, 1));
}

TEST(NetworkImportPads, ReadsPadsOfSomeAxesAndOfImagesWithChannelsLast) {
  const ImportedNetwork network =
      Graph()
          .integers("two", {1, 2, 3, 4})
          .integers("axes", {-1, 2})
          .integers("four", {0, 1, 0, 0, 0, 0, 1, 0})
          .weight("w", {1, 2, 1, 1})
          .node("Pad", {"x", "two", "", "axes"}, "p")
          .node("Relu", {"p"}, "r")
          .node("Transpose", {"r"}, "t", {{"perm", Integers{0, 2, 3, 1}}})
          .node("Pad", {"t", "four"}, "q")
          .node("Transpose", {"q"}, "u", {{"perm", Integers{0, 3, 1, 2}}})
          .node("Conv", {"u", "w"}, "y")
          .import();
  EXPECT_THAT(texts(network), ElementsAre("conv count 2 kernel 3 pad [4, 3] groups 2 bias false",
                                          "relu", "conv count 1 kernel 2 pad 1 bias false"));
  EXPECT_EQ(network.outputs, 15U * 13U);
}

}  // namespace
}  // namespace cnn::onnx
