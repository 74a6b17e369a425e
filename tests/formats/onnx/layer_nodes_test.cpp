#include "formats/onnx/layer_nodes.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nn/registry.hpp"
#include "support/draw.hpp"
#include "support/example_options.hpp"

namespace cnn::onnx {
namespace {

using testing::ElementsAre;

// Each layer by itself, between others that nothing is done to.
Network example_network(const LayerEntry& entry) {
  std::vector<LayerSpec> layers = {layer_spec("conv", "a", "{count: 3, kernel: 3, pad: 1}"),
                                   layer_spec("conv", "b", "{count: 3, kernel: 1}")};
  layers.push_back(layer_spec(entry.type, "it", entry.example,
                              entry.example_inputs == 2 ? std::vector<std::string>{"a", "b"}
                                                        : std::vector<std::string>{"b"}));
  layers.push_back(layer_spec("fc", "last", "{count: 4}"));
  return {{2, 8, 7}, std::move(layers)};
}

std::set<std::string> defined_names(const Model& model, const std::string& input) {
  std::set<std::string> names = {input};
  for (const Tensor& tensor : model.initializers) {
    EXPECT_TRUE(names.insert(tensor.name).second) << tensor.name;
  }
  for (const Node& node : model.nodes) {
    for (const std::string& name : node.inputs) {
      EXPECT_TRUE(names.contains(name)) << node.name << " reads " << name;
    }
    for (const std::string& name : node.outputs) {
      EXPECT_TRUE(names.insert(name).second) << name;
    }
  }
  return names;
}

TEST(LayerNodes, EveryLayerOfTheRegistryHasAnAnswer) {
  for (const LayerEntry& entry : layer_entries()) {
    EXPECT_EQ(std::ranges::count(layer_nodes(), entry.type, &LayerNodes::type), 1) << entry.type;
    const Network network = example_network(entry);
    Model model;
    const std::string output = add_network(model, network, "x");
    EXPECT_TRUE(defined_names(model, "x").contains(output)) << entry.type;
    for (const Parameter& p : network.parameters()) {
      EXPECT_EQ(std::ranges::count(model.initializers, p.name, &Tensor::name), 1) << p.name;
    }
  }
  EXPECT_EQ(layer_nodes().size(), layer_entries().size());
}

const std::vector<std::int64_t>& list_of(const Node& node, std::string_view name) {
  const auto found = std::ranges::find(node.attributes, name, &Attribute::name);
  return std::get<std::vector<std::int64_t>>(found->value);
}

Model exported(const Shape& input, std::vector<LayerSpec> layers) {
  const Network network(input, std::move(layers));
  Model model;
  add_network(model, network, "x");
  for (Tensor& tensor : model.initializers) tensor.bytes = {};  // of a network that is gone
  return model;
}

// What the runtimes compute from the attributes is the planned shape.
TEST(LayerNodes, PoolingsHaveThePlannedExtents) {
  Draw draw(1);
  for (int i = 0; i < 200; ++i) {
    const Size2 kernel = draw.size2(1, 4), stride = draw.size2(1, 4);
    const Size2 pad = {draw.integer(0, kernel.height - 1), draw.integer(0, kernel.width - 1)};
    const Shape input{1, draw.integer(4, 9), draw.integer(4, 9)};
    const std::string options = "{type: max, kernel: " + option_text(kernel) +
                                ", stride: " + option_text(stride) + ", pad: " + option_text(pad) +
                                ", round: " + (draw.integer(0, 1) == 0 ? "ceil}" : "floor}");
    const Network network(input, {layer_spec("pool", "p", options)});
    Model model;
    add_network(model, network, "x");
    const auto& pads = list_of(model.nodes.front(), "pads");
    const Shape output = network.output();
    EXPECT_EQ((input.height + pads[0] + pads[2] - kernel.height) / stride.height + 1, output.height)
        << options;
    EXPECT_EQ((input.width + pads[1] + pads[3] - kernel.width) / stride.width + 1, output.width)
        << options;
    EXPECT_LT(pads[2], kernel.height) << options;
    EXPECT_LT(pads[3], kernel.width) << options;
  }
}

TEST(LayerNodes, DropoutIsGone) {
  const Model model =
      exported({1, 2, 2}, {layer_spec("fc", "a", "{count: 3}"), layer_spec("dropout", "d"),
                           layer_spec("fc", "b", "{count: 2}")});
  ASSERT_EQ(model.nodes.size(), 3U);
  EXPECT_EQ(model.nodes[2].op, "Gemm");
  EXPECT_THAT(model.nodes[2].inputs, ElementsAre("a.output", "b.weight", "b.bias"));
}

TEST(LayerNodes, MapsAndVectorsMeetAsMaps) {
  const Model model = exported(
      {3, 2, 2}, {layer_spec("fc", "a", "{count: 3}"),
                  layer_spec("pool", "p", "{type: max, global: true}", {"input"}),
                  layer_spec("add", "sum", "{}", {"p", "a"}), layer_spec("fc", "b", "{count: 2}")});
  std::vector<std::string> ops;
  for (const Node& node : model.nodes) ops.push_back(node.op);
  EXPECT_THAT(ops,
              ElementsAre("Flatten", "Gemm", "GlobalMaxPool", "Reshape", "Add", "Flatten", "Gemm"));
}

TEST(LayerNodes, ALastLayerOfMapsIsFlattened) {
  const Network network({1, 3, 3}, {layer_spec("conv", "c", "{count: 4, kernel: 3}")});
  Model model;
  EXPECT_EQ(add_network(model, network, "x"), "c.flat");
  EXPECT_EQ(model.nodes.back().op, "Flatten");
}

}  // namespace
}  // namespace cnn::onnx
