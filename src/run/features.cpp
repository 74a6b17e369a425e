#include "run/features.hpp"

#include <algorithm>
#include <utility>

#include "cnn/error.hpp"

#include "base/text.hpp"
#include "run/memory_need.hpp"

namespace cnn {
namespace {

// The layers that lead to layer `last`, itself included, each with its inputs by name.
std::vector<LayerSpec> layers_up_to(const Network& network, std::size_t last) {
  std::vector<bool> wanted(last + 1);
  wanted[last] = true;
  for (std::size_t i = last + 1; i-- > 0;) {
    if (!wanted[i]) continue;
    for (const std::size_t tensor : network.nodes()[i].inputs) {
      if (tensor > 0) wanted[tensor - 1] = true;
    }
  }
  std::vector<LayerSpec> layers;
  for (std::size_t i = 0; i <= last; ++i) {
    if (!wanted[i]) continue;
    LayerSpec spec = network.nodes()[i].spec;
    spec.from.clear();
    for (const std::size_t tensor : network.nodes()[i].inputs) {
      spec.from.push_back(tensor == 0 ? std::string(kInputName)
                                      : network.nodes()[tensor - 1].spec.name);
    }
    layers.push_back(std::move(spec));
  }
  return layers;
}

Model model_up_to(const std::filesystem::path& path, const std::string& layer) {
  Model model = load_model(path);
  const std::vector<Network::Node>& nodes = model.network.nodes();
  std::vector<std::string> names;
  for (const Network::Node& node : nodes) names.push_back(node.spec.name);
  const auto found = std::find(names.begin(), names.end(), layer);
  if (found == names.end()) {
    throw ConfigError("error: --layer: " + path_text(path) + " has no layer " + in_quotes(layer) +
                      "\n  " + suggestion(layer, names, "its layers"));
  }
  Network part(model.network.input(),
               layers_up_to(model.network, static_cast<std::size_t>(found - names.begin())));
  for (const Parameter& p : part.parameters()) {
    const auto from =
        std::find_if(model.network.parameters().begin(), model.network.parameters().end(),
                     [&](const Parameter& other) { return other.name == p.name; });
    const CView values = std::as_const(model.network).value(*from);
    std::copy(values.begin(), values.end(), part.value(p).begin());
  }
  model.network = std::move(part);
  return model;
}

}  // namespace

FeatureExtractor::FeatureExtractor(const std::filesystem::path& model, const std::string& layer,
                                   Workers& workers)
    : workers_(workers), runner_(model, model_up_to(model, layer), workers) {}

std::size_t FeatureExtractor::memory() const {
  return inference_bytes(runner_.model.network, workers_.count());
}

void FeatureExtractor::append(std::span<const PreparedImage* const> pictures,
                              std::vector<float>& values) {
  const std::size_t size = shape().size();
  const std::size_t first = values.size();
  values.resize(first + pictures.size() * size);
  with_model(runner_.path, [&] {
    runner_.inference.run(
        pictures.size(), [&](std::size_t i) { return std::span(pictures[i]->pixels); },
        [&](std::size_t i, CView outputs) {
          std::copy(outputs.begin(), outputs.end(),
                    values.begin() + static_cast<std::ptrdiff_t>(first + i * size));
        });
  });
}

}  // namespace cnn
