// What each layer is in ONNX: a table by the layer's type, read from its description and its plan.
// Immutable; any thread may read it.
//
// In the graph a tensor of maps is (batch, C, H, W), one of vectors, C x 1 x 1 here, (batch, C).
// The tensors of layer conv1 are "conv1.output", its parameters ("conv1.weight") as in a model
// file, and "conv1.vector" or "conv1.map" where its input must change its rank: no two have one
// name, because the names of layers hold no dot.

#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.hpp"
#include "formats/onnx/model.hpp"
#include "nn/network.hpp"

namespace cnn::onnx {

struct GraphTensor {
  std::string name;
  bool is_vector = false;
};

// A layer of a network and the graph that takes up its nodes. Keeps references to all three.
class LayerExport final : public OptionSink {
 public:
  LayerExport(Model& model, const Network& network, std::size_t layer,
              std::vector<GraphTensor> inputs);

  const std::vector<GraphTensor>& inputs() const { return inputs_; }
  const Shape& output_shape() const { return node_.plan.output; }
  const Shape& input_shape() const { return network_.tensor_shape(node_.inputs[0]); }
  // The option as its layer describes it. Requires that it is there, of that type.
  template <typename T>
  T option(std::string_view key) const {
    return std::get<T>(options_.at(key));
  }
  // Has the layer's description such an option?
  bool has(std::string_view key) const { return options_.contains(key); }

  // Input k as maps or vectors, by a node more if it is of the other kind.
  std::string map(std::size_t k = 0);
  std::string vector(std::size_t k = 0);
  // The names of the layer's parameters in the order of the plan, which become initialisers.
  std::vector<std::string> parameters();
  // The name of a single number, which becomes an initialiser.
  std::string number(std::string_view what, float value);
  // The layer's own node.
  void node(std::string_view op, std::vector<std::string> inputs, bool gives_vector,
            std::vector<Attribute> attributes = {});
  // The layer does nothing: its output is its input.
  void pass() { output_ = inputs_.front(); }

  // Of node() or pass().
  const GraphTensor& output() const { return output_; }

  void option(const OptionState& state) override { options_[state.key] = state.value; }

 private:
  std::string reshaped(std::size_t k, std::string_view suffix);

  Model& model_;
  const Network& network_;
  const Network::Node& node_;
  std::vector<GraphTensor> inputs_;
  std::map<std::string_view, OptionValue> options_;
  GraphTensor output_;
};

struct LayerNodes {
  std::string_view type;  // the YAML key
  void (*add)(LayerExport& layer);
};

std::span<const LayerNodes> layer_nodes();

// Adds the layers of `network`, which reads `input` (batch, C, H, W), to the model; the parameters
// are the network's memory, which must outlive the model. Returns the output's name: (batch, K).
// Throws FileError for a layer that the table does not have.
std::string add_network(Model& model, const Network& network, const std::string& input);

// A tensor that holds its own data.
Tensor constant(std::string name, Dims dims, std::span<const float> values);
Tensor constant(std::string name, Dims dims, std::span<const std::int64_t> values);

}  // namespace cnn::onnx
