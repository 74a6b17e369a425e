// A network read from an ONNX file, as a configuration and a model of this project.

#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/onnx/network_import.hpp"
#include "run/model.hpp"

namespace cnn {

struct OnnxImport {
  onnx::ImportedNetwork network;
  std::string yaml;  // a configuration, whose data directory is "data"
  Model model;       // with classes 0 … K−1
};

// The network of the model in `path`; `weights` as for onnx::import_network. Throws FileError, also
// if the network takes more memory than a file may (memory_need.hpp).
OnnxImport import_onnx(const std::filesystem::path& path, const onnx::Model& graph,
                       std::span<const onnx::Tensor> weights);

// What the graph gives for `images`, n samples of its input one after the other: the network's
// outputs after what the graph ends in. Throws FileError if `images` do not fit.
std::vector<float> run_graph(const OnnxImport& imported, std::span<const float> images,
                             const std::filesystem::path& path);

}  // namespace cnn
