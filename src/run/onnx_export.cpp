#include "run/onnx_export.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cnn/version.hpp"

#include "formats/onnx/layer_nodes.hpp"

namespace cnn {
namespace {

constexpr const char* kImage = "image";
constexpr const char* kLogits = "logits";
constexpr const char* kProbabilities = "probabilities";

std::vector<onnx::Extent> with_batch(const OnnxOptions& options, const Dims& dims) {
  std::vector<onnx::Extent> extents;
  if (options.batch > 0) {
    extents.emplace_back(options.batch);
  } else {
    extents.emplace_back("batch");
  }
  extents.insert(extents.end(), dims.begin(), dims.end());
  return extents;
}

class GraphBuilder {
 public:
  explicit GraphBuilder(onnx::Model& model) : model_(model) {}

  // One node, whose name is that of its output.
  std::string add(const std::string& output, const char* op, std::vector<std::string> inputs,
                  std::vector<onnx::Attribute> attributes = {}) {
    model_.nodes.push_back({output, op, std::move(inputs), {output}, std::move(attributes)});
    return output;
  }

  std::string constant(const std::string& name, const Dims& dims,
                       const std::vector<float>& values) {
    model_.initializers.push_back(onnx::constant(name, dims, std::span(values)));
    return name;
  }

  // One value per channel.
  std::string per_channel(const std::string& name, const std::vector<double>& values) {
    return constant(name, {1, static_cast<std::int64_t>(values.size()), 1, 1},
                    {values.begin(), values.end()});
  }

 private:
  onnx::Model& model_;
};

bool are_all(const std::vector<double>& values, double value) {
  return std::all_of(values.begin(), values.end(), [=](double v) { return v == value; });
}

// x = scale·(pixel − mean) for each channel; steps that change nothing are left out.
std::string add_preprocessing(GraphBuilder& graph, const Preprocessing& by, bool bytes) {
  std::string x = kImage;
  if (bytes) {
    const auto type = static_cast<std::int64_t>(onnx::ElementType::float32);
    x = graph.add("image.float", "Cast", {x}, {{"to", type}});
  }
  if (!are_all(by.mean, 0)) {
    x = graph.add("image.centred", "Sub", {x, graph.per_channel("image.mean", by.mean)});
  }
  if (!are_all(by.scale, 1)) {
    x = graph.add("image.scaled", "Mul", {x, graph.per_channel("image.scale", by.scale)});
  }
  return x;
}

// What class_probabilities (nn/loss.hpp) does. For the euclidean loss p = r/Σr = softmax(log r)
// with r = max(0, z); where no z is positive, 1 − sign(Σr) = 1 is added to each r first, so that
// all p are equal. The sum and its way back to K values are products with ones, and nothing is
// divided: OpenCV knows no broadcast of (n, 1).
void add_probabilities(GraphBuilder& graph, Loss loss, std::size_t classes,
                       const std::string& logits) {
  std::string scores = logits;
  if (loss == Loss::euclidean) {
    const auto k = static_cast<std::int64_t>(classes);
    const std::vector<float> ones(classes, 1.0F);
    const std::vector<float> minus(classes, -1.0F);
    const std::string r = graph.add("probabilities.positive", "Relu", {logits});
    const std::string sum = graph.add("probabilities.sum", "MatMul",
                                      {r, graph.constant("probabilities.ones", {k, 1}, ones)});
    const std::string sign = graph.add("probabilities.sign", "Sign", {sum});
    const std::string minus_sign =
        graph.add("probabilities.minus_sign", "MatMul",
                  {sign, graph.constant("probabilities.minus", {1, k}, minus)});
    const std::string none =
        graph.add("probabilities.none", "Add",
                  {minus_sign, graph.constant("probabilities.one", {1, k}, ones)});
    const std::string shares = graph.add("probabilities.shares", "Add", {r, none});
    scores = graph.add("probabilities.scores", "Log", {shares});
  }
  graph.add(kProbabilities, "Softmax", {scores}, {{"axis", std::int64_t{1}}});
}

// {"0": "cat", "1": "dog"}
std::string names_json(const std::vector<std::string>& classes) {
  std::string text;
  for (std::size_t k = 0; k < classes.size(); ++k) {
    text +=
        (k == 0 ? "\"" : ", \"") + std::to_string(k) + "\": " + nlohmann::json(classes[k]).dump();
  }
  return "{" + text + "}";
}

// The configuration without the place of the data on this machine, which is nobody's business.
std::string public_yaml(RunConfig config) {
  const std::filesystem::path name = config.data.source.dir().filename();
  config.data.source.set_dir(name.empty() ? "data" : name);
  return to_yaml(config, ConfigText::portable);
}

void add_metadata(onnx::Model& graph, const ModelInfo& info, bool raw) {
  graph.metadata = {
      {"names", names_json(info.classes)},
      {"imgsz", to_string(Dims{info.input.height, info.input.width})},
      {"channels", std::to_string(info.input.channels)},
      {"task", "classify"},
      {"cnn.config", public_yaml(info.config)},
      {"cnn.version", version()},
  };
  if (raw) return;
  if (info.input.channels == 1 || info.input.channels == 3) {
    graph.metadata.emplace_back("Image.BitmapPixelFormat",
                                info.input.channels == 1 ? "Gray8" : "Rgb8");
  }
  graph.metadata.emplace_back("Image.NominalPixelRange", "NominalRange_0_255");
}

// Gives the tensor that name.
void rename(onnx::Model& graph, const std::string& from, const std::string& to) {
  for (onnx::Node& node : graph.nodes) {
    std::replace(node.inputs.begin(), node.inputs.end(), from, to);
    std::replace(node.outputs.begin(), node.outputs.end(), from, to);
  }
}

}  // namespace

OnnxExport export_onnx(const Model& model, const OnnxOptions& options) {
  const ModelInfo& info = model.info;
  OnnxExport result{
      std::make_unique<const FoldedNetwork>(model.network, FoldedNetwork::Merges::affine), {}};
  onnx::Model& graph = result.graph;
  graph.producer = "cnn";
  graph.producer_version = version();
  graph.graph = info.config.name.empty() ? "network" : info.config.name;
  GraphBuilder builder(graph);

  const bool bytes = options.bytes && !options.raw;
  graph.inputs.push_back(
      {options.raw ? "x" : kImage, bytes ? onnx::ElementType::uint8 : onnx::ElementType::float32,
       with_batch(options, {info.input.channels, info.input.height, info.input.width})});
  const std::string x = options.raw ? "x" : add_preprocessing(builder, info.preprocessing, bytes);
  rename(graph, onnx::add_network(graph, result.folded->network(), x), kLogits);
  if (!options.raw) add_probabilities(builder, info.config.loss, info.classes.size(), kLogits);

  const auto classes = static_cast<std::int64_t>(info.classes.size());
  const auto add_output = [&](const char* name) {
    graph.outputs.push_back({name, onnx::ElementType::float32, with_batch(options, {classes})});
  };
  if (!options.raw) add_output(kProbabilities);
  if (options.raw || options.logits) add_output(kLogits);
  add_metadata(graph, info, options.raw);
  return result;
}

}  // namespace cnn
