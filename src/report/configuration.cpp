#include "report/configuration.hpp"

#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cnn/error.hpp"

#include "nn/layer.hpp"

namespace cnn::report {
namespace {

struct Piece {
  std::string text;
  bool changed = false;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// "key: value" for each entry of "{key: value, …}", whatever brackets and quotes are in the values.
std::vector<std::string> entries_of(std::string_view flow) {
  std::vector<std::string> entries;
  std::string entry;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < flow.size(); ++i) {
    const char c = flow[i];
    if (c == '"' && (i == 0 || flow[i - 1] != '\\')) quoted = !quoted;
    if (!quoted && (c == '}' || c == ']')) --depth;
    if (depth == 0) {
      if (!entry.empty()) entries.push_back(entry);
      entry.clear();
    } else if (depth == 1 && c == ',' && !quoted) {
      entries.push_back(entry);
      entry.clear();
    } else if (!entry.empty() || c != ' ') {
      entry += c;
    }
    if (!quoted && (c == '{' || c == '[')) ++depth;
  }
  return entries;
}

// Where the map of a line begins; npos if its value is something else.
std::size_t map_in(const std::string& line) {
  const std::size_t at = line.find(": {");
  return at == std::string::npos || line.back() != '}' ? std::string::npos : at + 2;
}

std::string with_entries(const std::string& before, const std::vector<std::string>& entries) {
  std::string text = before + "{";
  for (const std::string& entry : entries) text += (&entry == &entries.front() ? "" : ", ") + entry;
  return text + "}";
}

// A key differs if the configuration would be another one without it.
class Sections {
 public:
  explicit Sections(const RunConfig& config) : config_(config) {
    // Few sections depend on the network, which may be large.
    if (config_.training.train_only.empty()) config_.network.resize(1);
    whole_ = to_yaml(config_, ConfigText::complete);
    lines_ = lines_of(whole_);
  }

  // The pieces of `line`, which is one of the configuration's outside its network.
  std::vector<Piece> pieces(const std::string& line) {
    std::size_t at = 0;
    while (at < lines_.size() && lines_[at] != line) ++at;
    if (at == lines_.size() || line.ends_with(":")) return {{line}};
    const std::size_t map = map_in(line);
    if (map == std::string::npos) {
      const std::size_t indent = line.find_first_not_of(' ');
      return {{line.substr(0, indent)}, {line.substr(indent), differs(at, "")}};
    }
    const std::string before = line.substr(0, map);
    const std::vector<std::string> entries = entries_of(std::string_view(line).substr(map));
    std::vector<Piece> pieces = {{before + "{"}};
    for (std::size_t i = 0; i < entries.size(); ++i) {
      std::vector<std::string> others = entries;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
      if (i > 0) pieces.push_back({", "});
      pieces.push_back({entries[i], differs(at, with_entries(before, others))});
    }
    pieces.push_back({"}"});
    return pieces;
  }

 private:
  bool differs(std::size_t at, const std::string& instead) const {
    std::string text;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const std::string& line = i == at ? instead : lines_[i];
      if (!line.empty()) text += line + "\n";
    }
    try {
      return to_yaml(parse_config("run", text), ConfigText::complete) != whole_;
    } catch (const ConfigError&) {
      return true;  // it must be given
    }
  }

  RunConfig config_;
  std::string whole_;
  std::vector<std::string> lines_;
};

// The keys of a layer that are as they would be if they were left out.
class DefaultKeys final : public OptionSink {
 public:
  explicit DefaultKeys(const LayerSpec& spec) : keys_{"name"} {
    spec.layer->describe(*this);
    if (spec.init == Init{}) keys_.insert("init");
  }
  void option(const OptionState& state) override {
    if (state.is_default) keys_.insert(std::string(state.key));
  }
  bool hold(const std::string& entry) const {
    return keys_.contains(entry.substr(0, entry.find(':')));
  }

 private:
  std::set<std::string> keys_;
};

std::vector<Piece> layer_pieces(const std::string& line, const LayerSpec& spec) {
  const std::size_t map = map_in(line);
  if (map == std::string::npos) return {{line}};
  const DefaultKeys defaults(spec);
  std::vector<Piece> pieces = {{line.substr(0, map) + "{"}};
  for (const std::string& entry : entries_of(std::string_view(line).substr(map))) {
    if (pieces.size() > 1) pieces.push_back({", "});
    pieces.push_back({entry, !defaults.hold(entry)});
  }
  pieces.push_back({"}"});
  return pieces;
}

std::string without_indent(const std::string& line) {
  return line.substr(line.find_first_not_of(" -"));
}

std::pair<std::string, std::string> key_and_value(const std::string& entry) {
  const std::size_t colon = entry.find(": ");
  if (colon == std::string::npos) return {entry, ""};
  return {entry.substr(0, colon), entry.substr(colon + 2)};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> flat_configuration(const RunConfig& config) {
  std::vector<std::pair<std::string, std::string>> flat;
  std::string section;
  std::size_t layer = 0;
  for (const std::string& line : lines_of(to_yaml(config, ConfigText::portable))) {
    if (line.front() != ' ') section = "";
    if (line.ends_with(":")) {
      section = line.substr(0, line.size() - 1) + ".";
      continue;
    }
    const std::size_t map = map_in(line);
    auto [key, value] = key_and_value(without_indent(line));
    if (section == "network.") key = config.network.at(layer++).name;
    if (map == std::string::npos) {
      if (section + key != "name") flat.emplace_back(section + key, value);
      continue;
    }
    for (const std::string& entry : entries_of(std::string_view(line).substr(map))) {
      const auto [inner, inner_value] = key_and_value(entry);
      if (inner != "name") flat.emplace_back(section + key + "." + inner, inner_value);
    }
  }
  return flat;
}

namespace {

// Calls use(line, pieces, number of the layer or nothing) for each line of a configuration.
template <typename Use>
void for_lines(const RunConfig& config, const Use& use) {
  Sections sections(config);
  std::size_t layer = 0;
  bool in_network = false;
  for (const std::string& line : lines_of(to_yaml(config, ConfigText::complete))) {
    if (line.front() != ' ') in_network = line == "network:";
    const bool is_layer = in_network && line.starts_with("  - ") && layer < config.network.size();
    use(line, is_layer ? layer_pieces(line, config.network[layer]) : sections.pieces(line),
        is_layer ? config.network[layer].name : std::string());
    if (is_layer) ++layer;
  }
}

}  // namespace

std::set<std::string> default_keys(const RunConfig& config) {
  std::set<std::string> keys;
  std::string section;
  for_lines(config, [&](const std::string& line, const std::vector<Piece>& pieces,
                        const std::string& layer) {
    if (line.front() != ' ') section = "";
    if (line.ends_with(":")) {
      section = line.substr(0, line.size() - 1) + ".";
      return;
    }
    const bool is_map = map_in(line) != std::string::npos;
    const std::string key =
        section + (layer.empty() ? key_and_value(without_indent(line)).first : layer);
    for (const Piece& piece : pieces) {
      const auto [inner, value] = key_and_value(piece.text);
      if (piece.changed || value.empty()) continue;
      keys.insert(is_map ? key + "." + inner : key);
    }
  });
  return keys;
}

void add_configuration(Fields& fields, const RunConfig& config) {
  for_lines(config, [&](const std::string& /*line*/, const std::vector<Piece>& pieces,
                        const std::string& /*layer*/) {
    Fields item;
    for (const Piece& piece : pieces) {
      item.add("pieces", Fields().text("text", piece.text).show("changed", piece.changed));
    }
    fields.add("yaml", std::move(item));
  });
}

}  // namespace cnn::report
