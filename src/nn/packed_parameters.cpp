#include "nn/packed_parameters.hpp"

#include <algorithm>

namespace cnn {

PackedParameters::PackedParameters(const Network& network) : network_(network) {
  std::vector<std::size_t> offsets;
  std::size_t most = 0;
  for (const Network::Node& node : network.nodes()) {
    offsets.push_back(arena_.reserve<Real>(node.plan.packed));
    most = std::max(most, node.plan.parameters.size());
  }
  parameters_.reserve(most);
  arena_.allocate();
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    views_.push_back(arena_.view<Real>(offsets[i], network.nodes()[i].plan.packed));
  }
  update();
}

void PackedParameters::update() {
  for (std::size_t i = 0; i < views_.size(); ++i) {
    if (views_[i].empty()) continue;
    const Network::Node& node = network_.nodes()[i];
    parameters_.clear();
    for (std::size_t k = 0; k < node.plan.parameters.size(); ++k) {
      parameters_.push_back(network_.value(network_.parameters()[node.first_parameter + k]));
    }
    node.layer->pack({.parameters = parameters_, .packed = views_[i]});
  }
}

std::size_t PackedParameters::bytes(const Network& network) {
  Arena arena;
  for (const Network::Node& node : network.nodes()) arena.reserve<Real>(node.plan.packed);
  return arena.bytes();
}

}  // namespace cnn
