// The lecture's equations of a layer.

#pragma once

#include <string_view>

#include "nn/network.hpp"

namespace cnn::report {

struct Equations {
  std::string_view type;
  std::string_view forward;
  std::string_view back;      // how δ of its output becomes that of its input
  std::string_view gradient;  // empty: it learns nothing
};

Equations equations_of(const Network::Node& node);

// Is it a pooling layer that takes the maximum?
bool is_max_pooling(const Network::Node& node);

}  // namespace cnn::report
