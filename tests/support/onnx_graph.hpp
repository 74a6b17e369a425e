// ONNX graphs put together by a test, and what the import makes of them as text.

#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/onnx/layer_nodes.hpp"
#include "formats/onnx/network_import.hpp"
#include "support/file_error_of.hpp"

namespace cnn::onnx {

using Integers = std::vector<std::int64_t>;

// Graphs put together node by node, from x (batch, 2, 8, 8).
class Graph {
 public:
  Graph() {
    model_.inputs.push_back(
        {"x",
         ElementType::float32,
         {std::string("n"), std::int64_t{2}, std::int64_t{8}, std::int64_t{8}}});
  }

  Graph& weight(const std::string& name, const Dims& dims, float value = 0.5F) {
    const std::vector<float> values(element_count(dims), value);
    model_.initializers.push_back(constant(name, dims, std::span(values)));
    return *this;
  }
  Graph& integers(const std::string& name, const Integers& values) {
    model_.initializers.push_back(
        constant(name, {static_cast<std::int64_t>(values.size())}, std::span(values)));
    return *this;
  }
  Graph& node(const std::string& op, std::vector<std::string> inputs, const std::string& output,
              std::vector<Attribute> attributes = {}) {
    model_.nodes.push_back({output, op, std::move(inputs), {output}, std::move(attributes)});
    return *this;
  }

  ImportedNetwork import() {
    model_.outputs = {{model_.nodes.back().outputs.front(), ElementType::float32, {}}};
    return import_network("a.onnx", model_, {});
  }
  std::string error() {
    return file_error_of([&] { import(); });
  }
  Model& model() { return model_; }

 private:
  Model model_;
};

inline std::string text(const ImportedLayer& layer) {
  std::string line = layer.type;
  for (const auto& [key, value] : layer.options) line += " " + key + " " + value;
  return line;
}

inline std::vector<std::string> texts(const ImportedNetwork& network) {
  std::vector<std::string> lines;
  for (const ImportedLayer& layer : network.layers) lines.push_back(text(layer));
  return lines;
}

inline const std::vector<float>& tensor(const ImportedNetwork& network, std::string_view name) {
  return std::ranges::find(network.tensors, name, &ImportedTensor::name)->values;
}

}  // namespace cnn::onnx
