#include "nn/fold.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "nn/layers/batch_norm.hpp"
#include "nn/layers/convolution.hpp"
#include "nn/layers/fully_connected.hpp"

namespace cnn {
namespace {

// The same layer with a bias, unplanned; nullptr if it is neither conv nor fc.
std::shared_ptr<const Layer> with_bias(const Layer& layer) {
  if (const auto* conv = dynamic_cast<const Convolution*>(&layer)) {
    return std::make_shared<Convolution>(conv->with_bias());
  }
  if (const auto* fc = dynamic_cast<const FullyConnected*>(&layer)) {
    return std::make_shared<FullyConnected>(fc->with_bias());
  }
  return nullptr;
}

bool is_batch_norm(const Network::Node& node) {
  return dynamic_cast<const BatchNorm*>(node.spec.layer.get()) != nullptr;
}

// For each node the one that it becomes a part of: itself, or the conv or fc before a batch_norm.
std::vector<std::size_t> find_hosts(const Network& network) {
  std::vector<std::size_t> hosts;
  for (std::size_t i = 0; i < network.nodes().size(); ++i) {
    const Network::Node& node = network.nodes()[i];
    hosts.push_back(i);
    if (!is_batch_norm(node) || node.inputs[0] == 0 || network.is_shared(node.inputs[0])) continue;
    const std::size_t host = hosts[node.inputs[0] - 1];
    if (with_bias(*network.nodes()[host].spec.layer)) hosts[i] = host;
  }
  return hosts;
}

// The layers that remain, each with its inputs by name.
std::vector<LayerSpec> remaining_layers(const Network& network,
                                        const std::vector<std::size_t>& hosts) {
  std::vector<LayerSpec> layers;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (hosts[i] != i) continue;
    const Network::Node& node = network.nodes()[i];
    LayerSpec spec = node.spec;
    spec.from.clear();
    for (const std::size_t tensor : node.inputs) {
      spec.from.push_back(tensor == 0 ? std::string(kInputName)
                                      : network.nodes()[hosts[tensor - 1]].spec.name);
    }
    const bool is_host = std::count(hosts.begin(), hosts.end(), i) > 1;
    if (is_host) spec.layer = with_bias(*spec.layer);
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

FoldedNetwork::FoldedNetwork(const Network& original) : original_(original) {
  const std::vector<std::size_t> hosts = find_hosts(original);
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (hosts[i] == i) continue;
    if (!folded_) folded_.emplace(original.input(), remaining_layers(original, hosts));
    const std::string& host = original.nodes()[hosts[i]].spec.name;
    merges_.push_back(
        {&original.nodes()[i], find(*folded_, host + ".weight"), find(*folded_, host + ".bias")});
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

void FoldedNetwork::merge(const Merge& m) {
  const auto value = [&](std::size_t k) {
    return original_.value(original_.parameters()[m.batch_norm->first_parameter + k]);
  };
  const CView gamma = value(0), beta = value(1), mean = value(2), variance = value(3);
  const double epsilon = dynamic_cast<const BatchNorm&>(*m.batch_norm->spec.layer).epsilon();
  const View weight = folded_->value(*m.weight);
  const View bias = folded_->value(*m.bias);
  const std::size_t row = weight.size() / bias.size();
  for (std::size_t c = 0; c < bias.size(); ++c) {
    const double scale = gamma[c] / std::sqrt(double{variance[c]} + epsilon);
    for (Real& w : weight.subspan(c * row, row)) w = static_cast<Real>(w * scale);
    bias[c] = static_cast<Real>((double{bias[c]} - mean[c]) * scale + beta[c]);
  }
}

}  // namespace cnn
