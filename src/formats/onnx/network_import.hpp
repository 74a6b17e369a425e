// The network that an ONNX graph describes: its layers, weights and preprocessing. Knows no runs
// and no YAML files; what a layer's options mean is the registry's business.

#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cnn/shape.hpp"

#include "formats/onnx/model.hpp"

namespace cnn::onnx {

struct ImportedLayer {
  std::string type;
  std::string name;                                          // unique
  std::vector<std::pair<std::string, std::string>> options;  // "kernel", "[5, 5]"
  std::vector<std::string> from;                             // names; empty: the layer before
};

struct ImportedTensor {
  std::string name;  // "conv1.weight"
  std::vector<float> values;
};

// What stood after the last layer: a run does without.
enum class Ending { none, softmax, log_softmax, euclidean };

struct ImportedNetwork {
  std::string name;
  Shape input;
  std::vector<double> mean;   // one value per channel: x = scale·(pixel − mean)
  std::vector<double> scale;  // likewise
  std::vector<ImportedLayer> layers;
  std::vector<ImportedTensor> tensors;
  std::size_t outputs = 0;  // of the last layer
  Ending ending = Ending::none;
  std::string input_name;      // of the graph's
  bool input_is_nhwc = false;  // the graph's input is (batch, H, W, C)
};

// The network of the model's first output. Values of graph inputs beyond the first are in
// `weights`, by name. Throws FileError, with the node's name, its operator and what is missing, for
// what no layer can do.
ImportedNetwork import_network(const std::filesystem::path& path, const Model& model,
                               std::span<const Tensor> weights);

}  // namespace cnn::onnx
