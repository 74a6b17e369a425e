// cnn-import: someone else's network as YAML and weights.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/output_kind.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "formats/onnx/reader.hpp"
#include "run/onnx_import.hpp"

namespace cnn::app {
namespace {

namespace fs = std::filesystem;

constexpr int kDiffers = 1;
constexpr double kMostDifference = 1e-4;

// NAME_0.pb, NAME_1.pb, … of the directory. The tensors refer to `bytes`.
struct TestTensors {
  std::vector<fs::path> paths;
  std::vector<std::string> bytes;
  std::vector<onnx::Tensor> tensors;
};

TestTensors read_tests(const fs::path& directory, const std::string& name) {
  TestTensors tests;
  for (int k = 0;; ++k) {
    const fs::path path = directory / (name + "_" + std::to_string(k) + ".pb");
    if (!is_there(path)) break;
    tests.paths.push_back(path);
    tests.bytes.push_back(read_file(path, onnx::kLargestFile));
  }
  for (std::size_t k = 0; k < tests.paths.size(); ++k) {
    tests.tensors.push_back(onnx::parse_tensor(tests.paths[k], tests.bytes[k]));
  }
  if (tests.tensors.empty()) throw file_error(directory, "holds no " + name + "_0.pb");
  return tests;
}

// Those of test files often have no name: they stand in the order of the graph's inputs.
void name_tensors(TestTensors& tests, const onnx::Model& graph) {
  std::vector<std::string> names;
  for (const onnx::Value& input : graph.inputs) {
    if (std::ranges::count(graph.initializers, input.name, &onnx::Tensor::name) == 0) {
      names.push_back(input.name);
    }
  }
  for (std::size_t k = 0; k < tests.tensors.size() && k < names.size(); ++k) {
    onnx::Tensor& tensor = tests.tensors[k];
    if (std::ranges::count(names, tensor.name) == 0) tensor.name = names[k];
  }
}

// Prints the largest difference; returns the exit code.
int check(const OnnxImport& imported, const TestTensors& inputs, const fs::path& directory) {
  const TestTensors outputs = read_tests(directory, "output");
  const auto image =
      std::ranges::find(inputs.tensors, imported.network.input_name, &onnx::Tensor::name);
  if (image == inputs.tensors.end()) throw file_error(directory, "holds no image");
  const fs::path& path = inputs.paths[static_cast<std::size_t>(image - inputs.tensors.begin())];
  const std::vector<float> expected = onnx::floats_of(outputs.paths[0], outputs.tensors[0]);
  const std::vector<float> found = run_graph(imported, onnx::floats_of(path, *image), path);
  if (found.size() != expected.size()) {
    throw file_error(outputs.paths[0], "holds " + std::to_string(expected.size()) +
                                           " numbers, the network gives " +
                                           std::to_string(found.size()));
  }
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double difference = std::abs(double{found[i]} - expected[i]);
    // A number that is none on one side only stays the largest.
    if (found[i] == expected[i] || std::isnan(largest)) continue;
    if (!(difference <= largest)) largest = difference;
  }
  write_lines(stdout, fmt::format("{}: largest difference {:.3g} of {} numbers\n",
                                  path_text(directory), largest, found.size()));
  return largest <= kMostDifference ? kDone : kDiffers;
}

void write(const OnnxImport& imported, const fs::path& yaml) {
  fs::path model = yaml;
  model.replace_extension(".safetensors");
  save_model(model, imported.model.info, imported.model.network);
  write_file(yaml, std::string(kImportedHeader) + imported.yaml);
  const Network& network = imported.model.network;
  write_lines(stdout,
              fmt::format("{}: {} layers, {} parameters, images of {}, {} classes\n"
                          "  cnn-eval --model {} --data DIR\n"
                          "  cnn-train --config {} --weights {} --data DIR\n",
                          path_text(yaml), network.nodes().size(), network.parameter_count(),
                          to_string(network.input()), network.output().size(), path_text(model),
                          path_text(yaml), path_text(model)));
}

// Weights that no configuration of an import stands beside are somebody's model.
void require_free_place(const fs::path& yaml) {
  const fs::path model = fs::path(yaml).replace_extension(".safetensors");
  if (model == yaml) {
    throw ConfigError("error: --out names the configuration, as in " +
                      path_text(fs::path(yaml).replace_extension(".yaml")) +
                      "; the weights go beside it into " + path_text(model));
  }
  if (is_there(model) && !is_there(yaml)) {
    throw ConfigError("error: " + path_text(model) +
                      " is there already, and would be replaced; choose another name with --out "
                      "FILE.yaml");
  }
}

int import_model(const ImportOptions& o) {
  const fs::path path = o.model;
  const bool writes = o.check.empty() || !o.out.empty();
  const fs::path yaml = o.out.empty() ? fs::path(path).replace_extension(".yaml") : fs::path(o.out);
  if (writes) {
    require_output_kind("--out", yaml, OutputKind::imported);
    require_free_place(yaml);
  }
  const std::string bytes = read_file(path, onnx::kLargestFile);
  const onnx::Model graph = onnx::parse_model(path, bytes);
  TestTensors inputs;
  if (!o.check.empty()) {
    inputs = read_tests(o.check, "input");
    name_tensors(inputs, graph);
  }
  const std::span<const onnx::Tensor> given = inputs.tensors;
  const OnnxImport imported = import_onnx(path, graph, given.empty() ? given : given.subspan(1));
  if (writes) write(imported, yaml);
  return o.check.empty() ? kDone : check(imported, inputs, o.check);
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::ImportOptions options;
  return cnn::app::run(argc, argv, options, [&] { return cnn::app::import_model(options); });
}
