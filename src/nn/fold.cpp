#include "nn/fold.hpp"

#include <algorithm>
#include <memory>
#include <string>

namespace cnn {
namespace {

// Fills `values` with those of the layer's parameters.
void collect(const Network& network, const Network::Node& node, std::vector<CView>& values) {
  values.clear();
  for (std::size_t k = 0; k < node.plan.parameters.size(); ++k) {
    values.push_back(network.value(network.parameters()[node.first_parameter + k]));
  }
}

bool is_affine(const Network& network, const Network::Node& node) {
  std::vector<CView> values;
  collect(network, node, values);
  return node.layer->as_affine(values, 0).has_value();
}

// What becomes of a node.
struct Fate {
  std::size_t host;                  // the node that it becomes a part of: itself, or one before it
  bool takes_affine = false;         // of a host: it takes up affine maps …
  std::optional<OutputRange> range;  // … and then a range
};

std::vector<Fate> find_fates(const Network& network, FoldedNetwork::Merges merges) {
  std::vector<Fate> fates;
  for (std::size_t i = 0; i < network.nodes().size(); ++i) {
    const Network::Node& node = network.nodes()[i];
    fates.push_back({.host = i, .range = {}});
    const std::size_t input = node.inputs[0];
    if (input == 0 || network.is_shared(input)) continue;
    const std::size_t host = fates[input - 1].host;
    if (fates[host].range) continue;
    const Layer& layer = *network.nodes()[host].spec.layer;
    const std::optional<OutputRange> range = node.layer->as_range();
    if (is_affine(network, node) && layer.with_bias() != nullptr) {
      fates[host].takes_affine = true;
      fates[i].host = host;
    } else if (merges == FoldedNetwork::Merges::all && range &&
               layer.with_range(*range) != nullptr) {
      fates[host].range = range;
      fates[i].host = host;
    }
  }
  return fates;
}

// The layers that remain, each with its inputs by name.
std::vector<LayerSpec> remaining_layers(const Network& network, const std::vector<Fate>& fates) {
  std::vector<LayerSpec> layers;
  for (std::size_t i = 0; i < fates.size(); ++i) {
    if (fates[i].host != i) continue;
    const Network::Node& node = network.nodes()[i];
    LayerSpec spec = node.spec;
    spec.from.clear();
    for (const std::size_t tensor : node.inputs) {
      spec.from.push_back(tensor == 0 ? std::string(kInputName)
                                      : network.nodes()[fates[tensor - 1].host].spec.name);
    }
    if (fates[i].takes_affine) spec.layer = spec.layer->with_bias();
    if (fates[i].range) spec.layer = spec.layer->with_range(*fates[i].range);
    layers.push_back(std::move(spec));
  }
  return layers;
}

const Parameter* find(const Network& network, const std::string& name) {
  const auto found = std::find_if(network.parameters().begin(), network.parameters().end(),
                                  [&](const Parameter& p) { return p.name == name; });
  return found == network.parameters().end() ? nullptr : &*found;
}

}  // namespace

FoldedNetwork::FoldedNetwork(const Network& original, Merges merges) : original_(original) {
  const std::vector<Fate> fates = find_fates(original, merges);
  for (std::size_t i = 0; i < fates.size(); ++i) {
    if (fates[i].host == i) continue;
    if (!folded_) folded_.emplace(original.input(), remaining_layers(original, fates));
    const Network::Node& node = original.nodes()[i];
    if (node.layer->as_range()) continue;  // nothing of it is a value
    const std::string& host = original.nodes()[fates[i].host].spec.name;
    merges_.push_back({&node, find(*folded_, host + ".weight"), find(*folded_, host + ".bias")});
    values_.reserve(node.plan.parameters.size());
  }
  if (!folded_) return;
  for (const Parameter& p : folded_->parameters()) {
    const Parameter* const from = find(original, p.name);
    from != nullptr ? copies_.push_back({from, &p}) : new_biases_.push_back(&p);
  }
  update();
}

void FoldedNetwork::update() {
  if (!folded_) return;
  for (const Copy& copy : copies_) {
    const CView from = original_.value(*copy.from);
    std::copy(from.begin(), from.end(), folded_->value(*copy.to).begin());
  }
  for (const Parameter* bias : new_biases_) {
    const View b = folded_->value(*bias);
    std::fill(b.begin(), b.end(), Real{0});
  }
  for (const Merge& m : merges_) merge(m);
}

// The host was z = W·x + b, so (z − mean)·scale + shift has the weights W·scale and the bias
// (b − mean)·scale + shift.
void FoldedNetwork::merge(const Merge& m) {
  collect(original_, *m.affine, values_);
  const View weight = folded_->value(*m.weight);
  const View bias = folded_->value(*m.bias);
  const std::size_t row = weight.size() / bias.size();
  for (std::size_t c = 0; c < bias.size(); ++c) {
    const ChannelAffine map = m.affine->layer->as_affine(values_, c).value();
    for (Real& w : weight.subspan(c * row, row)) w = static_cast<Real>(w * map.scale);
    bias[c] = static_cast<Real>((double{bias[c]} - map.mean) * map.scale + map.shift);
  }
}

}  // namespace cnn
