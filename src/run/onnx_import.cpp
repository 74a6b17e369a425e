#include "run/onnx_import.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "base/finite.hpp"
#include "base/text.hpp"
#include "config/option_printer.hpp"
#include "nn/workspace.hpp"
#include "run/memory_need.hpp"

namespace cnn {
namespace {

bool are_equal(const std::vector<double>& values) {
  return std::ranges::all_of(values, [&](double v) { return v == values.front(); });
}

std::string layer_line(const onnx::ImportedLayer& layer) {
  std::string text = "  - " + layer.type + ": {name: " + yaml_text(layer.name);
  for (const auto& [key, value] : layer.options) text += ", " + key + ": " + value;
  if (layer.from.size() == 1) text += ", from: " + yaml_text(layer.from.front());
  if (layer.from.size() > 1) {
    std::vector<std::string> names;
    for (const std::string& name : layer.from) names.push_back(yaml_text(name));
    text += ", from: [" + join(names, ", ") + "]";
  }
  return text + "}\n";
}

// The data directory is a name to begin with: --data replaces it. Numbers that differ from channel
// to channel stand in the model alone: the configuration measures them anew.
std::string network_yaml(const onnx::ImportedNetwork& network) {
  std::string text = "name: " + yaml_text(network.name) + "\ndata:\n  dir: data\n";
  if (are_equal(network.mean) && are_equal(network.scale)) {
    text += "  scale: " + number_text(network.scale.front()) +
            "\n  mean: " + number_text(network.mean.front()) + "\n";
  } else {
    text += "  normalize: auto\n";
  }
  text += "network:\n";
  for (const onnx::ImportedLayer& layer : network.layers) text += layer_line(layer);
  if (network.ending == onnx::Ending::euclidean) text += "loss: euclidean\n";
  return text;
}

Model make_model(const std::filesystem::path& path, const onnx::ImportedNetwork& imported) {
  try {
    RunConfig config = parse_config(path_text(path) + " (as YAML)", network_yaml(imported));
    Network network(imported.input, config.network);
    require_model_memory(path, network, 1);
    for (const Parameter& p : network.parameters()) {
      const auto found = std::ranges::find(imported.tensors, p.name, &onnx::ImportedTensor::name);
      if (found == imported.tensors.end() || found->values.size() != p.size) {
        throw file_error(path, "tensor '" + printable(p.name) + "' does not fit the network");
      }
      if (!all_finite(found->values)) {
        throw file_error(path,
                         "tensor '" + printable(p.name) + "' holds a value that is not finite");
      }
      std::ranges::copy(found->values, network.value(p).begin());
    }
    ModelInfo info{std::move(config),
                   imported.input,
                   class_names({}, network.output().size()),
                   {imported.mean, imported.scale},
                   {}};
    return {std::move(info), std::move(network), ""};
  } catch (const ConfigError& error) {
    throw file_error(path, std::string("its network cannot be described\n") + error.what());
  } catch (const NetworkError& error) {
    throw file_error(path, std::string("its network cannot be built\n") + error.what());
  }
}

// Assigns x, (C, H, W), from one sample of the graph's input.
void prepare(const onnx::ImportedNetwork& network, std::span<const float> image, View x) {
  const auto channels = static_cast<std::size_t>(network.input.channels);
  const std::size_t plane = x.size() / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < plane; ++i) {
      const double pixel = network.input_is_nhwc ? image[i * channels + c] : image[c * plane + i];
      x[c * plane + i] = static_cast<Real>(network.scale[c] * (pixel - network.mean[c]));
    }
  }
}

void add_ending(onnx::Ending ending, CView outputs, std::vector<float>& results) {
  std::vector<double> values(outputs.begin(), outputs.end());
  if (ending == onnx::Ending::softmax || ending == onnx::Ending::log_softmax) {
    class_probabilities(Loss::softmax_cross_entropy, outputs, values);
  }
  if (ending == onnx::Ending::log_softmax) {
    const double largest = *std::ranges::max_element(outputs);
    double sum = 0;
    for (const Real z : outputs) sum += std::exp(double{z} - largest);
    for (std::size_t k = 0; k < values.size(); ++k) {
      values[k] = outputs[k] - largest - std::log(sum);
    }
  }
  if (ending == onnx::Ending::euclidean) class_probabilities(Loss::euclidean, outputs, values);
  results.insert(results.end(), values.begin(), values.end());
}

}  // namespace

OnnxImport import_onnx(const std::filesystem::path& path, const onnx::Model& graph,
                       std::span<const onnx::Tensor> weights) {
  onnx::ImportedNetwork network = onnx::import_network(path, graph, weights);
  std::string yaml = network_yaml(network);
  Model model = make_model(path, network);
  return {std::move(network), std::move(yaml), std::move(model)};
}

std::vector<float> run_graph(const OnnxImport& imported, std::span<const float> images,
                             const std::filesystem::path& path) {
  const Network& network = imported.model.network;
  const std::size_t size = imported.network.input.size();
  if (images.empty() || images.size() % size != 0) {
    throw file_error(path, "holds " + std::to_string(images.size()) +
                               " numbers, which are no images of " +
                               to_string(imported.network.input));
  }
  Workspace workspace(network, 1, Phase::evaluate);
  std::vector<float> results;
  for (std::size_t at = 0; at < images.size(); at += size) {
    prepare(imported.network, images.subspan(at, size), workspace.input(1));
    network.forward(workspace, 1, {});
    add_ending(imported.network.ending, std::as_const(workspace).output(1), results);
  }
  return results;
}

}  // namespace cnn
