// The network as a graph and as a table.

#pragma once

#include <vector>

#include "nn/layer_clock.hpp"
#include "nn/network.hpp"
#include "report/template.hpp"

namespace cnn::report {

// `times` are those of its layers, or none.
void add_network(Fields& fields, const Network& network, const std::vector<LayerTime>& times);

}  // namespace cnn::report
