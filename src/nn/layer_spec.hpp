// LayerSpec: a layer of a network as the configuration describes it, before any shape is known. The
// descriptions of a configuration are shared by all networks that are built from it.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nn/init.hpp"

namespace cnn {

class Layer;

struct LayerSpec {
  std::string type;               // "conv"
  std::string name;               // "conv1", unique
  std::vector<std::string> from;  // names of its inputs: earlier layers or kInputName
  std::optional<double> alpha;    // base learning rate instead of the run's; 0 freezes the layer
  std::optional<double> lambda;   // weight decay instead of the run's
  bool frozen = false;            // neither learns nor moves its statistics, whatever its alpha
  Init init;
  std::shared_ptr<const Layer> layer;  // options read; each network plans a clone
};

// The name of the images in `from:`.
inline constexpr std::string_view kInputName = "input";

}  // namespace cnn
