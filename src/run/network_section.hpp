// The list of layers in a configuration.

#pragma once

#include <vector>

#include "config/option_reader.hpp"
#include "run/run_config.hpp"

namespace cnn {

struct ReadNetwork {
  std::vector<LayerSpec> layers;
  std::vector<Place> places;  // of their types
};

// Checks types, options, names and `from`. Layers with mistakes, reported by then, are left out.
ReadNetwork read_network(const OptionReader::Context& context, const ConfigNode& node);

// "  - conv: {name: conv1, …}", a line each.
std::string print_network(const std::vector<LayerSpec>& layers);

}  // namespace cnn
