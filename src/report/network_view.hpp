// The network as a graph and as a table.

#pragma once

#include "nn/network.hpp"
#include "report/template.hpp"

namespace cnn::report {

void add_network(Fields& fields, const Network& network);

}  // namespace cnn::report
