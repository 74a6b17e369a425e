#include "formats/onnx/layer_nodes.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "cnn/error.hpp"

namespace cnn::onnx {
namespace {

using Integers = std::vector<std::int64_t>;

Integers integers(Size2 size) {
  return {size.height, size.width};
}

void add_convolution(LayerExport& layer) {
  const Size2 pad = layer.option<Size2>("pad");
  std::vector<std::string> inputs = {layer.map()};
  for (std::string& name : layer.parameters()) inputs.push_back(std::move(name));
  layer.node("Conv", std::move(inputs), false,
             {{"dilations", integers(layer.option<Size2>("dilation"))},
              {"group", layer.option<std::int64_t>("groups")},
              {"kernel_shape", integers(layer.option<Size2>("kernel"))},
              {"pads", Integers{pad.height, pad.width, pad.height, pad.width}},
              {"strides", integers(layer.option<Size2>("stride"))}});
}

// The padding at the far end with which floor((in + pads − kernel) / stride) + 1 = out: runtimes
// differ in what ceil_mode means for windows that begin in the padding.
std::int64_t end_pad(bool ceil, int in, int out, int kernel, int stride, int pad) {
  return ceil ? std::max(0, (out - 1) * stride + kernel - in - pad) : pad;
}

void add_pooling(LayerExport& layer) {
  const bool is_max = layer.option<std::string_view>("type") == "max";
  if (layer.option<bool>("global")) {
    layer.node(is_max ? "GlobalMaxPool" : "GlobalAveragePool", {layer.map()}, false);
    return;
  }
  const Size2 kernel = layer.option<Size2>("kernel");
  const Size2 stride = layer.option<Size2>("stride");
  const Size2 pad = layer.option<Size2>("pad");
  const bool ceil = layer.option<std::string_view>("round") == "ceil";
  const Shape& in = layer.input_shape();
  const Shape& out = layer.output_shape();
  std::vector<Attribute> attributes;
  if (!is_max) attributes.push_back({"count_include_pad", std::int64_t{0}});
  attributes.push_back({"kernel_shape", integers(kernel)});
  attributes.push_back(
      {"pads",
       Integers{pad.height, pad.width,
                end_pad(ceil, in.height, out.height, kernel.height, stride.height, pad.height),
                end_pad(ceil, in.width, out.width, kernel.width, stride.width, pad.width)}});
  attributes.push_back({"strides", integers(stride)});
  layer.node(is_max ? "MaxPool" : "AveragePool", {layer.map()}, false, std::move(attributes));
}

void add_fully_connected(LayerExport& layer) {
  std::vector<std::string> inputs = {layer.vector()};
  for (std::string& name : layer.parameters()) inputs.push_back(std::move(name));
  layer.node("Gemm", std::move(inputs), true, {{"transB", std::int64_t{1}}});
}

void add_of_each_value(LayerExport& layer, std::string_view op,
                       std::vector<Attribute> attributes = {}) {
  const GraphTensor& input = layer.inputs().front();
  layer.node(op, {input.name}, input.is_vector, std::move(attributes));
}

void add_relu(LayerExport& layer) {
  add_of_each_value(layer, "Relu");
}
void add_relu6(LayerExport& layer) {
  const GraphTensor& input = layer.inputs().front();
  layer.node("Clip", {input.name, layer.number("min", 0), layer.number("max", 6)}, input.is_vector);
}
void add_sigmoid(LayerExport& layer) {
  add_of_each_value(layer, "Sigmoid");
}
void add_tanh(LayerExport& layer) {
  add_of_each_value(layer, "Tanh");
}
void add_leaky_relu(LayerExport& layer) {
  add_of_each_value(layer, "LeakyRelu",
                    {{"alpha", static_cast<float>(layer.option<double>("slope"))}});
}
void add_elu(LayerExport& layer) {
  add_of_each_value(layer, "Elu", {{"alpha", static_cast<float>(layer.option<double>("scale"))}});
}

// One that could not be folded into the layer before it.
void add_batch_norm(LayerExport& layer) {
  const GraphTensor& input = layer.inputs().front();
  std::vector<std::string> inputs = {input.name};
  for (std::string& name : layer.parameters()) inputs.push_back(std::move(name));
  layer.node("BatchNormalization", std::move(inputs), input.is_vector,
             {{"epsilon", static_cast<float>(layer.option<double>("epsilon"))}});
}

void add_nothing(LayerExport& layer) {
  layer.pass();
}

// Several inputs, of one rank.
void add_joint(LayerExport& layer, std::string_view op, std::vector<Attribute> attributes = {}) {
  const bool vectors = std::all_of(layer.inputs().begin(), layer.inputs().end(),
                                   [](const GraphTensor& t) { return t.is_vector; });
  std::vector<std::string> names;
  for (std::size_t k = 0; k < layer.inputs().size(); ++k) {
    names.push_back(vectors ? layer.vector(k) : layer.map(k));
  }
  layer.node(op, std::move(names), vectors, std::move(attributes));
}

void add_sum(LayerExport& layer) {
  add_joint(layer, layer.inputs().size() == 2 ? "Add" : "Sum");
}
void add_concat(LayerExport& layer) {
  add_joint(layer, "Concat", {{"axis", std::int64_t{1}}});
}

constexpr auto kLayers = std::to_array<LayerNodes>({
    {"conv", add_convolution},
    {"pool", add_pooling},
    {"fc", add_fully_connected},
    {"relu", add_relu},
    {"relu6", add_relu6},
    {"sigmoid", add_sigmoid},
    {"tanh", add_tanh},
    {"leaky_relu", add_leaky_relu},
    {"elu", add_elu},
    {"batch_norm", add_batch_norm},
    {"dropout", add_nothing},
    {"add", add_sum},
    {"concat", add_concat},
});

template <typename T>
Tensor make_constant(std::string name, ElementType type, Dims dims, std::span<const T> values) {
  const auto bytes = std::as_bytes(values);
  return {std::move(name), type, std::move(dims), {}, {bytes.begin(), bytes.end()}};
}

}  // namespace

Tensor constant(std::string name, Dims dims, std::span<const float> values) {
  return make_constant(std::move(name), ElementType::float32, std::move(dims), values);
}
Tensor constant(std::string name, Dims dims, std::span<const std::int64_t> values) {
  return make_constant(std::move(name), ElementType::int64, std::move(dims), values);
}

std::span<const LayerNodes> layer_nodes() {
  return kLayers;
}

LayerExport::LayerExport(Model& model, const Network& network, std::size_t layer,
                         std::vector<GraphTensor> inputs)
    : model_(model), network_(network), node_(network.nodes()[layer]), inputs_(std::move(inputs)) {
  node_.layer->describe(*this);
}

// "conv1.map", or "joint.map2" of input 2.
std::string LayerExport::reshaped(std::size_t k, std::string_view suffix) {
  return node_.spec.name + "." + std::string(suffix) + (k == 0 ? "" : std::to_string(k + 1));
}

std::string LayerExport::map(std::size_t k) {
  if (!inputs_[k].is_vector) return inputs_[k].name;
  const std::string name = reshaped(k, "map");
  const std::array<std::int64_t, 4> shape = {0, network_.tensor_shape(node_.inputs[k]).channels, 1,
                                             1};  // 0: as it is
  model_.initializers.push_back(constant(name + "_shape", {4}, std::span(shape)));
  model_.nodes.push_back({name, "Reshape", {inputs_[k].name, name + "_shape"}, {name}, {}});
  return name;
}

std::string LayerExport::vector(std::size_t k) {
  if (inputs_[k].is_vector) return inputs_[k].name;
  const std::string name = reshaped(k, "vector");
  model_.nodes.push_back({name, "Flatten", {inputs_[k].name}, {name}, {{"axis", std::int64_t{1}}}});
  return name;
}

std::vector<std::string> LayerExport::parameters() {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < node_.plan.parameters.size(); ++k) {
    const Parameter& p = network_.parameters()[node_.first_parameter + k];
    model_.initializers.push_back(
        {p.name, ElementType::float32, p.dims, std::as_bytes(network_.value(p)), {}});
    names.push_back(p.name);
  }
  return names;
}

std::string LayerExport::number(std::string_view what, float value) {
  std::string name = node_.spec.name + "." + std::string(what);
  const std::array<float, 1> one = {value};
  model_.initializers.push_back(constant(name, {}, std::span<const float>(one)));
  return name;
}

void LayerExport::node(std::string_view op, std::vector<std::string> inputs, bool gives_vector,
                       std::vector<Attribute> attributes) {
  output_ = {node_.spec.name + ".output", gives_vector};
  model_.nodes.push_back(
      {node_.spec.name, std::string(op), std::move(inputs), {output_.name}, std::move(attributes)});
}

std::string add_network(Model& model, const Network& network, const std::string& input) {
  std::vector<GraphTensor> tensors = {{input, false}};
  for (std::size_t i = 0; i < network.nodes().size(); ++i) {
    const Network::Node& node = network.nodes()[i];
    const auto entry = std::find_if(kLayers.begin(), kLayers.end(),
                                    [&](const LayerNodes& l) { return l.type == node.spec.type; });
    if (entry == kLayers.end()) {
      throw FileError("error: layer '" + node.spec.name +
                      "': ONNX has nothing for a layer of type '" + node.spec.type + "'");
    }
    std::vector<GraphTensor> inputs;
    for (const std::size_t tensor : node.inputs) inputs.push_back(tensors[tensor]);
    LayerExport layer(model, network, i, std::move(inputs));
    entry->add(layer);
    tensors.push_back(layer.output());
  }
  if (tensors.back().is_vector) return tensors.back().name;
  const std::string name = network.nodes().back().spec.name + ".flat";
  model.nodes.push_back(
      {name, "Flatten", {tensors.back().name}, {name}, {{"axis", std::int64_t{1}}}});
  return name;
}

}  // namespace cnn::onnx
