#include "run/onnx_import.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

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

// Names of classes as cnn-export and others write them, {"0": "cat", …}; none if the graph has no
// such entry, or if they are the numbers that classes are called by without it.
std::vector<std::string> names_in(const onnx::Model& graph, std::size_t classes) {
  const auto found = std::ranges::find(graph.metadata, "names",
                                       [](const auto& e) { return std::string_view(e.first); });
  if (found == graph.metadata.end()) return {};
  const auto json = nlohmann::json::parse(found->second, nullptr, false);
  if (!json.is_object() || json.size() != classes) return {};
  std::vector<std::string> names;
  bool are_numbers = true;
  for (std::size_t k = 0; k < classes; ++k) {
    const auto name = json.find(std::to_string(k));
    if (name == json.end() || !name->is_string()) return {};
    names.push_back(name->get<std::string>());
    if (names.back().empty() || has_control(names.back())) return {};
    are_numbers = are_numbers && names.back() == std::to_string(k);
  }
  const std::set<std::string> different(names.begin(), names.end());
  return are_numbers || different.size() < classes ? std::vector<std::string>() : names;
}

// Numbers that differ from channel to channel stand in the model alone: the configuration measures
// them anew. `dir` is a line with a data directory, or nothing: --data names it.
std::string network_yaml(const onnx::ImportedNetwork& network,
                         const std::vector<std::string>& names, const std::string& dir) {
  std::string text = "name: " + yaml_text(network.name) + "\ndata:\n" + dir;
  // Sets of colour pictures come as files of any size; arrays of gray ones, which have theirs, must
  // not be given one.
  constexpr int kLargestSize = 16384;
  if (network.input.channels == 3 &&
      std::max(network.input.height, network.input.width) <= kLargestSize) {
    text += "  size: [" + std::to_string(network.input.height) + ", " +
            std::to_string(network.input.width) + "]\n";
  }
  if (!names.empty()) {
    std::vector<std::string> quoted;
    for (const std::string& name : names) quoted.push_back(yaml_quoted(name));
    text += "  classes: [" + join(quoted, ", ") + "]\n";
  }
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

Model make_model(const std::filesystem::path& path, const onnx::ImportedNetwork& imported,
                 const std::vector<std::string>& names) {
  try {
    RunConfig config = parse_config(path_text(path) + " (as YAML)",
                                    network_yaml(imported, names, "  dir: data\n"));
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
                   class_names(names, network.output().size()),
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
  const std::vector<std::string> names = names_in(graph, network.outputs);
  std::string yaml = network_yaml(network, names, "");
  Model model = make_model(path, network, names);
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
