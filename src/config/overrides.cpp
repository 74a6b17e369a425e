#include "config/overrides.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"

namespace cnn {
namespace {

using Kind = ConfigNode::Kind;

constexpr std::string_view kNetwork = "network";

// One part of a dotted path and where it stands in the argument.
struct Step {
  std::string key;
  Place place;
};

// The parts of `path`; one of them is empty if the path is not well formed.
std::vector<Step> split_path(std::string_view path, std::size_t source) {
  std::vector<Step> steps;
  std::size_t column = 1;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string_view key = path.substr(begin, end - begin);
    const std::size_t length = count_characters(key);
    steps.push_back({std::string(key), {source, 1, column, std::max<std::size_t>(length, 1)}});
    column += length + 1;
    begin = end + 1;
  }
  return steps;
}

ConfigNode& child_of(ConfigNode& map, const Step& step) {
  if (ConfigNode* child = map.find(step.key)) return *child;
  ConfigNode& child = map.children.emplace_back();
  child.key = step.key;
  child.key_place = child.place = step.place;
  return child;
}

// The options of a layer; an item that is a type alone becomes a map of the type to options.
ConfigNode& options_of(ConfigNode& item) {
  if (item.kind == Kind::scalar) {
    ConfigNode options;
    options.key = item.text;
    options.key_place = options.place = item.place;
    item.kind = Kind::map;
    item.children.push_back(std::move(options));
  }
  return item.children.front();
}

// Walks down a path, making maps where there is nothing.
class Walk {
 public:
  Walk(ConfigDocument& document, Diagnostics& diagnostics)
      : root_(&document.root), diagnostics_(diagnostics) {}

  // The node at the path's end, or nullptr after a complaint.
  ConfigNode* to(const std::vector<Step>& steps) {
    ConfigNode* node = root_;
    std::string path;
    for (const Step& step : steps) {
      node = into(*node, step, path);
      if (node == nullptr) return nullptr;
      path += (path.empty() ? "" : ".") + step.key;
    }
    return node;
  }

 private:
  ConfigNode* into(ConfigNode& node, const Step& step, const std::string& path) {
    if (node.kind == Kind::broken) return nullptr;
    if (path == kNetwork && node.kind == Kind::sequence) return layer(node, step);
    if (node.kind == Kind::null) node.kind = Kind::map;
    if (node.kind == Kind::map) return &child_of(node, step);
    const std::string what = path.empty() ? "the configuration" : path;
    diagnostics_.add(step.place,
                     what + " is " + describe(node) + " and has no key " + in_quotes(step.key),
                     path.empty() ? "" : "set the whole of " + path + " instead");
    return nullptr;
  }

  ConfigNode* layer(ConfigNode& network, const Step& step) {
    const std::vector<std::string> names = layer_names(network);
    const auto found = std::find(names.begin(), names.end(), step.key);
    if (found != names.end()) {
      return &options_of(network.children[static_cast<std::size_t>(found - names.begin())]);
    }
    diagnostics_.add(step.place, "the network has no layer " + in_quotes(step.key),
                     suggestion(step.key, names, "its layers"));
    return nullptr;
  }

  ConfigNode* root_;
  Diagnostics& diagnostics_;
};

// The node as one line: "32", "[3, 5]", "{policy: exp, gamma: 0.9}".
std::string one_line(const ConfigNode& node) {
  if (node.kind == Kind::null || node.kind == Kind::broken) return "nothing";
  if (node.kind == Kind::scalar) return node.text;
  const bool is_map = node.kind == Kind::map;
  std::vector<std::string> parts;
  for (const ConfigNode& child : node.children) {
    parts.push_back((is_map ? child.key + ": " : "") + one_line(child));
  }
  return (is_map ? "{" : "[") + join(parts, ", ") + (is_map ? "}" : "]");
}

class Comparison {
 public:
  void compare(const std::string& path, const ConfigNode* here, const ConfigNode* there) {
    const bool both = here != nullptr && there != nullptr;
    if (both && here->kind == Kind::map && there->kind == Kind::map) {
      compare_children(path, *here, *there);
    } else if (both && path == kNetwork && here->kind == Kind::sequence &&
               there->kind == Kind::sequence) {
      compare_layers(*here, *there);
    } else {
      report(path, here == nullptr ? "not given" : one_line(*here),
             there == nullptr ? "not given" : one_line(*there));
    }
  }

  std::vector<ConfigDifference> take() { return std::move(found_); }

 private:
  void report(const std::string& path, const std::string& here, const std::string& there) {
    if (here != there) found_.push_back({path, here, there});
  }

  void compare_children(const std::string& path, const ConfigNode& here, const ConfigNode& there) {
    const std::string prefix = path.empty() ? "" : path + ".";
    for (const ConfigNode& child : here.children) {
      compare(prefix + child.key, &child, there.find(child.key));
    }
    for (const ConfigNode& child : there.children) {
      if (here.find(child.key) == nullptr) compare(prefix + child.key, nullptr, &child);
    }
  }

  void compare_layers(const ConfigNode& here, const ConfigNode& there) {
    const std::vector<std::string> names_here = layer_names(here);
    const std::vector<std::string> names_there = layer_names(there);
    if (names_here != names_there) {
      report(std::string(kNetwork), join(names_here, " "), join(names_there, " "));
    }
    for (std::size_t i = 0; i < names_here.size(); ++i) {
      const auto found = std::find(names_there.begin(), names_there.end(), names_here[i]);
      if (found == names_there.end()) continue;
      compare_layer(
          std::string(kNetwork) + "." + names_here[i], layer_item(here.children[i]),
          layer_item(there.children[static_cast<std::size_t>(found - names_there.begin())]));
    }
  }

  void compare_layer(const std::string& path, const LayerItem& here, const LayerItem& there) {
    if (here.type != there.type) {
      report(path, here.type, there.type);
      return;
    }
    ConfigNode no_options;
    no_options.kind = Kind::map;
    const auto options = [&](const LayerItem& item) {
      return item.options != nullptr && item.options->kind != Kind::null ? item.options
                                                                         : &no_options;
    };
    compare(path, options(here), options(there));
  }

  std::vector<ConfigDifference> found_;
};

}  // namespace

LayerItem layer_item(const ConfigNode& item) {
  if (item.kind == Kind::scalar) return {item.text, item.place, nullptr};
  if (item.kind == Kind::map && item.children.size() == 1) {
    const ConfigNode& options = item.children.front();
    return {options.key, options.key_place, &options};
  }
  return {"", item.place, nullptr};
}

std::vector<std::string> layer_names(const ConfigNode& network) {
  std::vector<std::string> names;
  std::map<std::string, int> count;
  for (const ConfigNode& node : network.children) {
    const LayerItem item = layer_item(node);
    const ConfigNode* name = item.options != nullptr ? item.options->find("name") : nullptr;
    std::string& result = names.emplace_back();
    if (item.type.empty()) continue;
    result = item.type + std::to_string(++count[item.type]);
    if (name != nullptr && name->kind == Kind::scalar) result = name->text;
  }
  return names;
}

void apply_override(ConfigDocument& document, const std::string& argument,
                    Diagnostics& diagnostics) {
  const std::size_t source = document.sources.size();
  document.sources.push_back({Source::Kind::argument, "--set " + shown(argument), argument});
  const std::size_t equals = argument.find('=');
  const std::vector<Step> steps = split_path(argument.substr(0, equals), source);
  const auto empty =
      std::find_if(steps.begin(), steps.end(), [](const Step& step) { return step.key.empty(); });
  if (equals == std::string::npos || empty != steps.end()) {
    diagnostics.add(equals == std::string::npos ? Place{source, 0} : empty->place,
                    "must be KEY=VALUE",
                    "as in --set training.alpha=0.05 or --set network.conv1.count=32");
    return;
  }
  ConfigNode value = parse_value(document, source, equals + 1, diagnostics);
  ConfigNode* node = Walk(document, diagnostics).to(steps);
  if (node == nullptr) return;
  value.key = node->key;
  value.key_place = steps.back().place;
  *node = std::move(value);
}

std::vector<ConfigDifference> differences(const ConfigNode& here, const ConfigNode& there) {
  Comparison comparison;
  comparison.compare("", &here, &there);
  return comparison.take();
}

std::vector<ConfigDifference> config_differences(const std::string& here,
                                                 const std::string& there) {
  const auto parse = [](const char* name, const std::string& text) {
    Diagnostics diagnostics;
    ConfigDocument document = parse_document(name, text, diagnostics);
    diagnostics.throw_if_any(document.sources);
    return document;
  };
  return differences(parse("here", here).root, parse("there", there).root);
}

}  // namespace cnn
