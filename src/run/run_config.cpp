#include "run/run_config.hpp"

#include <algorithm>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "base/paths.hpp"
#include "base/text.hpp"
#include "base/workers.hpp"
#include "config/option_printer.hpp"
#include "config/option_reader.hpp"
#include "nn/network.hpp"
#include "nn/registry.hpp"
#include "run/config_sections.hpp"
#include "run/network_section.hpp"

namespace cnn {
namespace {

// All keys of all sections, as "training.alpha".
std::vector<std::string> section_keys() {
  RunConfig config;
  OptionLister lister;
  visit(lister, config, ConfigText::complete, [] {});
  return lister.keys();
}

// A run's name from that of its file, without what a name cannot hold.
std::string default_name(const std::string& file) {
  return run_name(std::filesystem::path(file).stem().string());
}

// Where training.train_only stands.
Place place_of_train_only(const ConfigDocument& document) {
  const ConfigNode* const section = document.root.find("training");
  const ConfigNode* const node = section == nullptr ? nullptr : section->find("train_only");
  return node == nullptr ? Place{} : node->key_place;
}

// Freezes the layers that training.train_only does not name.
void freeze_others(LoadedConfig& loaded, Diagnostics& diagnostics) {
  const std::vector<std::string>& named = loaded.config.training.train_only;
  if (named.empty() || loaded.config.network.empty()) return;
  std::vector<std::string> possible;
  for (const LayerSpec& spec : loaded.config.network) {
    if (find_layer_entry(spec.type)->learns != Learns::nothing) possible.push_back(spec.name);
  }
  const auto contains = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const std::string& name : named) {
    if (contains(possible, name)) continue;
    diagnostics.add(place_of_train_only(loaded.document),
                    "train_only: no layer " + in_quotes(name) + " learns anything",
                    suggestion(name, possible, "layers that learn"));
  }
  for (std::size_t i = 0; i < loaded.config.network.size(); ++i) {
    LayerSpec& spec = loaded.config.network[i];
    spec.frozen = !contains(named, spec.name);
    if (!spec.alpha) continue;
    diagnostics.add(
        loaded.layers[i],
        "layer " + in_quotes(spec.name) + " has an alpha of its own, beside training.train_only",
        "either names the layers that learn; remove one of them");
  }
}

LoadedConfig read(ConfigDocument document, const std::filesystem::path& base,
                  const std::vector<std::string>& overrides, Diagnostics& diagnostics) {
  for (const std::string& override : overrides) {
    apply_override(document, override, diagnostics);
  }
  LoadedConfig loaded{{}, std::move(document), {}};
  RunConfig& config = loaded.config;
  config.name = default_name(loaded.document.sources.front().name);
  const OptionReader::Context context{&diagnostics, base, section_keys()};
  OptionReader reader(context, loaded.document.root, {"the configuration", "a configuration"},
                      Place{});
  visit(reader, config, ConfigText::complete, [&] {
    if (const ConfigNode* node = reader.take("network", Presence::required)) {
      ReadNetwork network = read_network(context, *node);
      config.network = std::move(network.layers);
      loaded.layers = std::move(network.places);
    }
  });
  reader.finish();
  freeze_others(loaded, diagnostics);
  diagnostics.throw_if_any(loaded.document.sources);
  if (config.output.dir.empty()) config.output.dir = base / "runs" / config.name;
  return loaded;
}

// Throws ConfigError unless what will be written of it, every default spelt out, can be read again:
// a run would end in a model that nobody can use.
LoadedConfig readable(LoadedConfig loaded) {
  constexpr std::size_t kRoomForPaths = 1 << 14;  // --data and --out come later
  const std::string& name = loaded.document.sources.front().name;
  const std::string text = to_yaml(loaded.config, ConfigText::complete);
  std::string reason;
  if (text.size() > kLargestConfig - kRoomForPaths) {
    reason = "it would be larger than " + std::to_string(kLargestConfig - kRoomForPaths) + " bytes";
  } else {
    try {
      parse_config("with every default", text);
    } catch (const ConfigError& error) {
      reason = error.what();
    }
  }
  if (reason.empty()) return loaded;
  throw ConfigError(shown(name) +
                    ": error: the configuration with every default, as it is written into models, "
                    "could not be read again; make it shorter\n  " +
                    reason);
}

[[noreturn]] void fail_at(const LoadedConfig& loaded, std::size_t layer, const std::string& message,
                          const std::string& hint) {
  throw ConfigError(render(loaded.document.sources, {loaded.layers.at(layer), message, hint}));
}

// How to make the network give `count` values.
std::string advise_count(const Network& network, std::size_t count) {
  const std::string number = std::to_string(count);
  const Shape vector{network.output().channels, 1, 1};
  // Back over layers that keep the shape, as long as they form a chain.
  for (std::size_t i = network.nodes().size(); i-- > 0;) {
    const Network::Node& node = network.nodes()[i];
    if (node.plan.output != vector) break;
    if (find_layer_entry(node.spec.type)->has_weights()) {
      return "set count: " + number + " in '" + node.spec.name + "'";
    }
    if (node.inputs != std::vector<std::size_t>{i}) break;
  }
  return "end the network with fc: {count: " + number + "}";
}

}  // namespace

LoadedConfig load_config(const std::filesystem::path& path,
                         const std::vector<std::string>& overrides) {
  Diagnostics diagnostics;
  std::error_code unknown_size;
  const std::uintmax_t size = std::filesystem::file_size(path, unknown_size);
  if (!unknown_size && size > kLargestConfig) {
    throw ConfigError(path_text(path) + ": error: larger than " + std::to_string(kLargestConfig) +
                      " bytes; this is no configuration");
  }
  ConfigDocument document =
      parse_document(path_text(path), read_file(path, kLargestConfig), diagnostics);
  const std::filesystem::path base = resolved(path).parent_path();
  return readable(read(std::move(document), base, overrides, diagnostics));
}

LoadedConfig load_config_text(const std::string& name, const std::string& text,
                              const std::vector<std::string>& overrides) {
  Diagnostics diagnostics;
  ConfigDocument document = parse_document(name, text, diagnostics);
  return readable(read(std::move(document), current_directory(), overrides, diagnostics));
}

RunConfig parse_config(const std::string& name, const std::string& text) {
  Diagnostics diagnostics;
  ConfigDocument document = parse_document(name, text, diagnostics);
  return read(std::move(document), current_directory(), {}, diagnostics).config;
}

std::string to_yaml(const RunConfig& config, ConfigText what) {
  RunConfig copy = config;  // a visitor may write
  OptionPrinter printer(OptionPrinter::Sections::block);
  visit(printer, copy, what,
        [&] { printer.add_lines("network:\n" + print_network(copy.network)); });
  return printer.block("");
}

Network build_network(const LoadedConfig& loaded, const Shape& input) {
  try {
    return Network(input, loaded.config.network);
  } catch (const NetworkError& error) {
    const std::string text = error.what();
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::size_t trail = std::min(text.find_first_not_of("\n ", end), text.size());
    fail_at(loaded, error.layer, text.substr(0, end), text.substr(trail));
  }
}

void check_classes(const LoadedConfig& loaded, const Network& network, const Dataset& dataset) {
  const std::size_t values = network.output().size();
  const std::size_t labels = dataset.class_count();
  const std::size_t names = loaded.config.data.classes.size();
  const std::size_t last = network.nodes().size() - 1;
  const std::string gives =
      "last layer gives " + std::to_string(values) + " value" + (values == 1 ? "" : "s") + " but ";
  if (values < labels) {
    fail_at(loaded, last,
            gives + "the data set has " + std::to_string(labels) + " classes (labels 0.." +
                std::to_string(labels - 1) + " in " + path_text(dataset.origin.labels) + ")",
            advise_count(network, labels));
  }
  if (names > 0 && values != names) {
    fail_at(loaded, last, gives + "data.classes names " + std::to_string(names),
            names < labels ? "name all " + std::to_string(labels) + " classes in data.classes"
                           : advise_count(network, names));
  }
}

void check_validation(const LoadedConfig& loaded, bool has_validation) {
  if (has_validation) return;
  const TrainingConfig& training = loaded.config.training;
  const bool plateau = training.schedule.policy == Schedule::Policy::plateau;
  if (!plateau && training.patience == 0) return;
  const std::string key = plateau ? "schedule" : "patience";
  const ConfigNode* const section = loaded.document.root.find("training");
  const ConfigNode* const node = section == nullptr ? nullptr : section->find(key);
  throw ConfigError(
      render(loaded.document.sources,
             {node == nullptr ? Place{} : node->key_place,
              (plateau ? "schedule plateau" : "patience") + std::string(" needs a validation set"),
              "set data.validation to the number of images to hold out"}));
}

int worker_count(const TrainingConfig& training) {
  return training.threads > 0 ? static_cast<int>(training.threads) : Workers::available();
}

}  // namespace cnn
