// The table of all layers: one line per layer. Immutable; any thread may read it.

#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "nn/layer.hpp"

namespace cnn {

// What training changes in a layer. It decides which common options the layer accepts: `alpha` if
// it learns anything; `lambda` and `init` as well if it has weights.
enum class Learns { nothing, gains, weights };

struct LayerEntry {
  std::string_view type;  // the YAML key
  std::unique_ptr<Layer> (*make)();
  Learns learns;
  std::size_t example_inputs;  // how many inputs the example takes
  std::string_view example;    // options for the contract test and the documentation, "{count: 3}"

  bool has_weights() const { return learns == Learns::weights; }
};

std::span<const LayerEntry> layer_entries();

// nullptr if there is no such type.
const LayerEntry* find_layer_entry(std::string_view type);

}  // namespace cnn
