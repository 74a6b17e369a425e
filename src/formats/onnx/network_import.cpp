#include "formats/onnx/network_import.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>

#include "base/file.hpp"
#include "base/text.hpp"
#include "formats/onnx/importer.hpp"
#include "formats/onnx/reader.hpp"

namespace cnn::onnx {
namespace {

constexpr std::size_t kMostLayers = 10'000;

// Letters, digits, '_' and '-' of a name in a graph.
std::string cleaned(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (is_word(std::string_view(&c, 1), "_-")) {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  return name;
}

}  // namespace

Importer::Importer(const std::filesystem::path& path, const Model& model,
                   std::span<const Tensor> weights)
    : path_(path), model_(model) {
  std::size_t bytes = std::size_t{1} << 24;
  for (const Tensor& tensor : model.initializers) add_constant(tensor, bytes);
  for (const Tensor& tensor : weights) add_constant(tensor, bytes);
  weight_budget_ = bytes;
}

void Importer::add_constant(const Tensor& tensor, std::size_t& bytes) {
  GraphValue value;
  value.kind = GraphValue::Kind::constant;
  value.tensor = std::make_shared<Tensor>(tensor);
  bytes += 4 * tensor.data().size();
  values_[tensor.name] = std::move(value);
}

void Importer::fail(const std::string& reason) const {
  throw file_error(
      path_, "node '" +
                 printable(node_->name.empty() && !node_->outputs.empty() ? node_->outputs.front()
                                                                          : node_->name) +
                 "' (" + printable(node_->op) + "): " + reason);
}

const Attribute* Importer::find(std::string_view name) const {
  const auto found = std::ranges::find(node_->attributes, name, &Attribute::name);
  return found == node_->attributes.end() ? nullptr : &*found;
}

GraphValue& Importer::input(std::size_t k) {
  if (k >= node_->inputs.size()) fail("lacks input " + std::to_string(k + 1));
  const auto found = values_.find(node_->inputs[k]);
  if (found == values_.end()) {
    fail("its input '" + printable(node_->inputs[k]) +
         "' has no values: it is given by no node and no initializer (--check DIR reads those of "
         "graph inputs)");
  }
  return found->second;
}

bool Importer::has_input(std::size_t k) const {
  return k < node_->inputs.size() && !node_->inputs[k].empty();
}

bool Importer::is_constant(std::size_t k) {
  return input(k).kind == GraphValue::Kind::constant;
}

const Tensor& Importer::constant_input(std::size_t k) {
  const GraphValue& value = input(k);
  if (value.kind != GraphValue::Kind::constant) {
    fail("input '" + printable(node_->inputs[k]) +
         "' depends on the image; layers have constant weights");
  }
  return *value.tensor;
}

std::vector<float> Importer::floats(std::size_t k) {
  return floats_of(path_, constant_input(k));
}

std::vector<std::int64_t> Importer::integers(std::size_t k) {
  return integers_of(path_, constant_input(k));
}

// An image or a layer's output. Zeros that still wait for a layer with a pad of its own get one
// here, unless the caller takes them.
GraphValue& Importer::data(std::size_t k, bool padded) {
  GraphValue& value = input(k);
  if (value.kind == GraphValue::Kind::constant) fail("works on constants only");
  if (!padded && value.is_padded()) value = with_zeros(value, value.pad);
  return value;
}

std::string Importer::unique_name(std::string_view wanted) {
  constexpr std::size_t kLongest = 100;
  const std::string base = cleaned(wanted.substr(0, kLongest));
  std::string name = base;
  if (name.empty()) {
    name = node_->op;
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    name = cleaned(name) + std::to_string(network_.layers.size() + 1);
  }
  if (name == "input") name = "input_1";
  for (int& number = numbers_.try_emplace(name, 1).first->second; names_.contains(name);) {
    name = base + "_" + std::to_string(++number);
  }
  names_.insert(name);
  return name;
}

std::string Importer::own_name() {
  return unique_name(node_->name);
}

// Of a layer with weights: "fc1" of fc1.weight, as PyTorch and this project name them.
std::string Importer::name_by_weight(std::size_t k) {
  const std::string& weight = node_->inputs[k];
  constexpr std::string_view kSuffix = ".weight";
  return weight.ends_with(kSuffix)
             ? unique_name(std::string_view(weight).substr(0, weight.size() - kSuffix.size()))
             : own_name();
}

ImportedLayer& Importer::add_layer(std::string type, std::string name,
                                   const std::vector<const GraphValue*>& inputs,
                                   const Shape& output) {
  if (network_.layers.size() >= kMostLayers) {
    fail("the network has more than " + std::to_string(kMostLayers) + " layers");
  }
  ImportedLayer layer{std::move(type), std::move(name), {}, {}};
  for (const GraphValue* value : inputs) {
    if (value->kind == GraphValue::Kind::image) use_image(*value);
    layer.from.push_back(
        value->kind == GraphValue::Kind::image ? "input" : network_.layers[value->layer].name);
  }
  const std::string before = network_.layers.empty() ? "input" : network_.layers.back().name;
  if (layer.from.size() == 1 && layer.from.front() == before) layer.from.clear();
  network_.layers.push_back(std::move(layer));
  const GraphValue& first = *inputs.front();
  result_ = {};
  result_.kind = GraphValue::Kind::layer;
  result_.layer = network_.layers.size() - 1;
  result_.shape = output;
  result_.is_vector = first.is_vector;
  result_.is_nhwc = first.is_nhwc;
  return network_.layers.back();
}

// The preprocessing is that of the first layer that reads the image; all others must agree.
void Importer::use_image(const GraphValue& value) {
  const auto channels = static_cast<std::size_t>(value.shape.channels);
  std::vector<double> mean = value.mean, scale = value.scale;
  mean.resize(channels, mean.front());
  scale.resize(channels, scale.front());
  if (network_.mean.empty()) {
    network_.input = value.shape;
    network_.input_is_nhwc = value.is_turned;
    network_.mean = std::move(mean);
    network_.scale = std::move(scale);
  } else if (network_.mean != mean || network_.scale != scale || network_.input != value.shape ||
             network_.input_is_nhwc != value.is_turned) {
    fail("the graph prepares its image in two ways");
  }
}

void Importer::charge(std::size_t bytes) {
  if (bytes > weight_budget_) fail("the graph repeats the file's weights too often");
  weight_budget_ -= bytes;
}

void Importer::add_tensor(const ImportedLayer& layer, const char* what, std::vector<float> values) {
  charge(values.size() * sizeof(float));
  network_.tensors.push_back({layer.name + "." + what, std::move(values)});
}

std::vector<float>* Importer::tensor_of(std::size_t layer, const char* what) {
  const std::string name = network_.layers[layer].name + "." + what;
  const auto found = std::ranges::find(network_.tensors, name, &ImportedTensor::name);
  return found == network_.tensors.end() ? nullptr : &found->values;
}

void Importer::pass(std::size_t k) {
  result_ = input(k);
  result_.is_shared = result_.is_shared || !is_only_reader(k);
}

void Importer::set_constant(Dims dims, std::span<const std::int64_t> values) {
  result_ = {};
  result_.kind = GraphValue::Kind::constant;
  result_.tensor = std::make_shared<Tensor>(constant({}, std::move(dims), values));
}

// True if nothing but this node reads input k.
bool Importer::is_only_reader(std::size_t k) const {
  return readers_.at(node_->inputs[k]) == 1;
}

// The nodes that lead to the output, in their order.
std::vector<const Node*> Importer::active_nodes(const std::string& output) {
  std::map<std::string_view, const Node*> makers;
  for (const Node& node : model_.nodes) {
    for (const std::string& name : node.outputs) {
      if (name.empty()) continue;
      node_ = &node;
      if (values_.contains(name)) fail("its output '" + printable(name) + "' is there already");
      if (!makers.emplace(name, &node).second) {
        fail("its output '" + printable(name) + "' is another node's, too");
      }
    }
  }
  std::set<const Node*> active;
  std::vector<std::string_view> open = {output};
  while (!open.empty()) {
    const auto maker = makers.find(open.back());
    open.pop_back();
    if (maker == makers.end() || !active.insert(maker->second).second) continue;
    for (const std::string& name : maker->second->inputs) {
      ++readers_[name];
      open.emplace_back(name);
    }
  }
  ++readers_[output];
  std::vector<const Node*> nodes;
  for (const Node& node : model_.nodes) {
    if (active.contains(&node)) nodes.push_back(&node);
  }
  return nodes;
}

void Importer::add_image() {
  const auto given = std::ranges::find_if(
      model_.inputs, [&](const Value& input) { return !values_.contains(input.name); });
  if (given == model_.inputs.end()) throw file_error(path_, "the graph has no input");
  GraphValue value;
  value.kind = GraphValue::Kind::image;
  std::array<int, 3> extents = {1, 1, 1};
  bool known = given->dims.size() == 4 || given->dims.size() == 2;
  for (std::size_t k = 1; known && k < given->dims.size(); ++k) {
    const auto* extent = std::get_if<std::int64_t>(&given->dims[k]);
    known = extent != nullptr && *extent >= 1 && *extent <= kMostExtent;
    if (known) extents[k - 1] = static_cast<int>(*extent);
  }
  if (!known) {
    throw file_error(path_, "input '" + printable(given->name) +
                                "' should be [batch, channels, height, width] or [batch, values] "
                                "with numbers for all but the batch");
  }
  value.shape = {extents[0], extents[1], extents[2]};
  value.is_vector = given->dims.size() == 2;
  value.is_integer = given->type != ElementType::float32 && given->type != ElementType::float64 &&
                     given->type != ElementType::float16;
  const auto* batch = std::get_if<std::int64_t>(&given->dims[0]);
  batch_ = batch != nullptr && *batch > 0 ? *batch : -1;
  network_.input_name = given->name;
  values_[given->name] = std::move(value);
}

ImportedNetwork Importer::run() {
  constexpr std::int64_t kOldest = 6, kNewest = 20;
  if (model_.opset < kOldest || model_.opset > kNewest) {
    throw file_error(path_, "is of opset " + std::to_string(model_.opset) + ", opsets " +
                                std::to_string(kOldest) + " to " + std::to_string(kNewest) +
                                " are read");
  }
  if (model_.outputs.empty()) throw file_error(path_, "the graph has no output");
  std::string output = model_.outputs.front().name;
  // What cnn-export adds for a euclidean loss.
  if (model_.producer == "cnn" &&
      std::ranges::count(model_.nodes, "probabilities.positive", &Node::name) > 0) {
    output = "logits";
    network_.ending = Ending::euclidean;
  }
  add_image();
  for (const Node* node : active_nodes(output)) {
    node_ = node;
    if (node->outputs.empty()) continue;
    import_node();
    values_[node->outputs.front()] = std::move(result_);
  }
  const auto found = values_.find(output);
  if (found == values_.end() || found->second.kind != GraphValue::Kind::layer) {
    throw file_error(path_, "output '" + printable(output) + "' is given by no layer");
  }
  const GraphValue& last = found->second;
  if (last.layer + 1 != network_.layers.size()) {
    throw file_error(path_, "output '" + printable(output) + "' is not of the last layer");
  }
  if (last.is_padded() || last.gone > 0 ||
      (last.is_nhwc && last.shape.height * last.shape.width > 1)) {
    throw file_error(path_, "output '" + printable(output) + "' is not a layer's as it stands");
  }
  network_.outputs = last.shape.size();
  network_.name = cleaned(model_.graph).empty() ? "network" : cleaned(model_.graph);
  for (ImportedLayer& layer : network_.layers) {
    if ((layer.type == "conv" || layer.type == "fc") &&
        std::ranges::count(network_.tensors, layer.name + ".bias", &ImportedTensor::name) == 0) {
      layer.options.emplace_back("bias", "false");
    }
  }
  return std::move(network_);
}

ImportedNetwork import_network(const std::filesystem::path& path, const Model& model,
                               std::span<const Tensor> weights) {
  return Importer(path, model, weights).run();
}

}  // namespace cnn::onnx
