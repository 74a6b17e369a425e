// The network as a graph: a line per layer, from the image to the output. An edge to the next layer
// goes straight down; one that passes layers by has a lane of its own beside them.

#pragma once

#include "nn/network.hpp"
#include "report/template.hpp"

namespace cnn::report {

// Adds the fields of graph.svg.
void add_graph(Fields& fields, const Network& network);

}  // namespace cnn::report
