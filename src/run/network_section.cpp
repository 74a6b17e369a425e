#include "run/network_section.hpp"

#include <algorithm>
#include <span>

#include "base/text.hpp"
#include "config/foreign_words.hpp"
#include "config/option_printer.hpp"
#include "run/config_sections.hpp"

namespace cnn {
namespace {

using Names = std::vector<std::string>;

bool contains(std::span<const std::string> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Names type_names() {
  Names names;
  for (const LayerEntry& entry : layer_entries()) names.emplace_back(entry.type);
  return names;
}

// How many inputs `from` names; nothing if it is not of a form that names any.
std::optional<std::size_t> count_inputs(const ConfigNode& options) {
  const ConfigNode* from = options.find("from");
  if (from == nullptr) return 0;
  if (from->kind == ConfigNode::Kind::scalar) return 1;
  if (from->kind == ConfigNode::Kind::sequence) return from->children.size();
  return std::nullopt;
}

class NetworkReader {
 public:
  NetworkReader(const OptionReader::Context& context, const ConfigNode& node)
      : context_(context), node_(node), names_(layer_names(node)) {
    context_.sections.clear();  // keys of sections are no hint for those of layers
  }

  ReadNetwork read() {
    for (std::size_t i = 0; i < node_.children.size(); ++i) read_item(i);
    return std::move(result_);
  }

 private:
  void report(const Place& place, const std::string& message, const std::string& hint) {
    context_.diagnostics->add(place, message, hint);
  }

  void read_item(std::size_t i) {
    const ConfigNode& node = node_.children[i];
    if (node.kind == ConfigNode::Kind::broken) return;
    const LayerItem item = layer_item(node);
    if (item.type.empty()) {
      report_shape(node);
    } else if (const LayerEntry* entry = find_layer_entry(item.type)) {
      read_layer(i, item, *entry);
    } else {
      report_type(item);
    }
  }

  void report_shape(const ConfigNode& node) {
    std::string got = describe(node);
    std::string hint = "as in '- relu' or '- conv: {count: 20, kernel: 5}'";
    if (node.kind == ConfigNode::Kind::map) {
      Names keys;
      for (const ConfigNode& child : node.children) keys.push_back(shown(child.key));
      got = keys.empty() ? "an empty map" : "a map of " + join(keys, ", ", " and ");
      if (!keys.empty() && find_layer_entry(keys.front()) != nullptr) {
        hint = "indent the options of " + keys.front() + " further, or write '- " + keys.front() +
               ": {…}'";
      }
    }
    report(node.place, "a layer must be a type, or one type with its options, got " + got, hint);
  }

  void report_type(const LayerItem& item) {
    const std::string unknown = "unknown layer type " + in_quotes(item.type);
    const ForeignWord* word = find_foreign_layer(item.type);
    if (word != nullptr && !word->here.empty()) {
      report(item.place, unknown + "; it is called '" + std::string(word->here) + "' here", "");
    } else if (word != nullptr) {
      report(item.place, unknown, std::string(word->meaning));
    } else {
      report(item.place, unknown, suggestion(item.type, type_names(), "layer types"));
    }
  }

  void read_layer(std::size_t i, const LayerItem& item, const LayerEntry& entry) {
    const std::span<const std::string> earlier(names_.data(), i);
    LayerSpec spec;
    spec.type = item.type;
    spec.name = names_[i];
    std::unique_ptr<Layer> layer = entry.make();
    const ConfigNode no_options;
    const ConfigNode& options = item.options != nullptr ? *item.options : no_options;
    const std::string title = item.type + " " + in_quotes(spec.name);
    OptionReader reader(context_, options, {title, item.type}, item.place);
    visit(reader, spec, entry, [&] { layer->options(reader); },
          {.name = [&](const std::string& name) { return check_name(name, earlier); },
           .from = [&](const std::string& name) { return check_from(name, i); }});
    reader.finish();
    spec.layer = std::move(layer);
    if (options.find("name") == nullptr && contains(earlier, spec.name)) {
      report(item.place, "two layers are called " + in_quotes(spec.name),
             "give this one a name of its own: name: …");
    }
    if (entry.example_inputs > 1 && count_inputs(options).value_or(2) < 2) {
      report(item.place, title + " needs two or more inputs", "name them, as in from: [a, b]");
    }
    result_.layers.push_back(std::move(spec));
    result_.places.push_back(item.place);
  }

  std::optional<Complaint> check_name(const std::string& name,
                                      std::span<const std::string> earlier) const {
    if (!is_word(name, "_-")) {
      return Complaint{"name must be of letters, digits, '_' and '-', got " + in_quotes(name)};
    }
    if (name == kInputName) {
      return Complaint{"no layer can be called " + in_quotes(name), "that names the images"};
    }
    if (!contains(earlier, name)) return std::nullopt;
    return Complaint{"two layers are called " + in_quotes(name), "give one of them another name"};
  }

  std::optional<Complaint> check_from(const std::string& name, std::size_t i) const {
    Names possible = {std::string(kInputName)};
    possible.insert(possible.end(), names_.begin(),
                    names_.begin() + static_cast<std::ptrdiff_t>(i));
    if (contains(possible, name)) return std::nullopt;
    if (contains(names_, name)) {
      return Complaint{"from: " + in_quotes(name) + " is not an earlier layer",
                       "move it before this one; earlier are: " + join(possible, " ")};
    }
    return Complaint{"from: there is no layer " + in_quotes(name),
                     suggestion(name, possible, "earlier layers")};
  }

  OptionReader::Context context_;
  const ConfigNode& node_;
  Names names_;
  ReadNetwork result_;
};

}  // namespace

ReadNetwork read_network(const OptionReader::Context& context, const ConfigNode& node) {
  if (node.kind == ConfigNode::Kind::sequence && !node.children.empty()) {
    return NetworkReader(context, node).read();
  }
  context.diagnostics->add(node.place, "network must be a list of layers, got " + describe(node),
                           "one layer a line, as in '- conv: {count: 20, kernel: 5}'");
  return {};
}

std::string print_network(const std::vector<LayerSpec>& layers) {
  std::string text;
  for (LayerSpec spec : layers) {
    OptionPrinter printer;
    visit(printer, spec, *find_layer_entry(spec.type), [&] { spec.layer->describe(printer); });
    text += "  - " + spec.type + ": " + printer.flow() + "\n";
  }
  return text;
}

}  // namespace cnn
