// config_edit: changes to a configuration before it is read, and comparison of two. Places in it
// are dotted paths, "training.alpha"; the layers in `network` go by their names,
// "network.conv1.count".

#pragma once

#include <string>
#include <vector>

#include "config/yaml_tree.hpp"

namespace cnn {

// Of each item of `network`: its explicit name, or its type and its number among the layers of that
// type, "conv2". Empty for what is no layer.
std::vector<std::string> layer_names(const ConfigNode& network);

// What an item of `network` says: a type, or a map of one type to its options.
struct LayerItem {
  std::string type;                     // empty if the item is neither
  Place place;                          // of the type
  const ConfigNode* options = nullptr;  // nullptr for a type alone
};
LayerItem layer_item(const ConfigNode& item);

// Applies "KEY=VALUE", VALUE being YAML: replaces what the key has, or adds it, making maps on the
// way. The argument becomes a source of the document. Mistakes are added to `diagnostics`.
void apply_override(ConfigDocument& document, const std::string& argument,
                    Diagnostics& diagnostics);

struct ConfigDifference {
  std::string path;  // "network.conv1.count"
  std::string here;  // "32", or "not given"
  std::string there;
};

// Where two resolved configurations differ, in the order of the first.
std::vector<ConfigDifference> differences(const ConfigNode& here, const ConfigNode& there);
// The same for two texts. Throws ConfigError if one is not YAML.
std::vector<ConfigDifference> config_differences(const std::string& here, const std::string& there);

}  // namespace cnn
