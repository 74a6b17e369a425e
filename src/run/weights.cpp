#include "run/weights.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "cnn/error.hpp"

#include "base/text.hpp"
#include "run/tensor_taker.hpp"

namespace cnn {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// FROM and TO.
struct Rename {
  explicit Rename(const std::string& text)
      : from(text.substr(0, text.find('='))), to(text.substr(text.find('=') + 1)) {}

  bool fits(const std::string& name) const {
    if (!name.starts_with(from)) return false;
    return name.size() == from.size() || !is_digit(from.back()) || !is_digit(name[from.size()]);
  }

  std::string from;
  std::string to;
};

const std::string& layer_of(const Network& network, const Parameter& p) {
  return network.nodes()[p.layer].spec.name;
}

// "conv1" of "conv1.weight"
std::string stem(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

void rename_all(TensorFile& file, const std::vector<std::string>& rename) {
  for (const std::string& text : rename) {
    const Rename by(text);
    bool used = false;
    for (TensorFile::Entry& entry : file.tensors) {
      used = used || by.fits(entry.name);
      entry.name = rename_tensor(std::move(entry.name), {text});
    }
    if (used) continue;
    throw FileError(path_text(file.path) + ": error: no tensor's name begins with " +
                    in_quotes(by.from) + ", which --rename " + shown(text) + " is for" +
                    (file.tensors.empty()
                         ? ""
                         : "; the first is called " + in_quotes(file.tensors.front().name)));
  }
  std::set<std::string> seen;
  for (const TensorFile::Entry& entry : file.tensors) {
    if (seen.insert(entry.name).second) continue;
    throw FileError(path_text(file.path) + ": error: two tensors are called " +
                    in_quotes(entry.name) + " after --rename");
  }
}

// What would help where the tensors of a file do not fit.
class Advice {
 public:
  Advice(const TensorFile& file, const Network& network, const WeightsOptions& options)
      : file_(file), network_(network), reset_(options.reset) {
    for (const TensorFile::Entry& entry : file.tensors) {
      if (!entry.name.starts_with(kOptimizerPrefix)) stems_[stem(entry.name)].push_back(&entry);
    }
    for (const Parameter& p : network.parameters()) stems_.erase(layer_of(network, p));
  }

  // Lines, each with a line end before it.
  std::string text() {
    std::string renames;
    std::vector<std::string> unlike;
    bool any_fits = false;
    for (std::size_t i = 0; i < network_.nodes().size(); ++i) {
      const std::string& layer = network_.nodes()[i].spec.name;
      if (network_.nodes()[i].plan.parameters.empty() || contains(reset_, layer)) continue;
      if (fits(i, layer)) {
        any_fits = true;
      } else if (const std::optional<std::string> other = only_twin(i, layer)) {
        renames += (renames.empty() ? "" : " ") + ("--rename " + *other + ".=" + layer + ".");
        stems_.erase(*other);
      } else {
        unlike.push_back(layer);
      }
    }
    std::string text;
    if (!renames.empty()) text += "\n  tensors of such shapes have other names: " + renames;
    // A file in which nothing fits is one of another network.
    if (!unlike.empty() && (any_fits || !renames.empty())) {
      text += "\n  to start anew what does not fit: --reset " + join(unlike, ",");
    }
    return text;
  }

 private:
  // Has the file all parameters of layer i, in their shapes, under the name `as`?
  bool fits(std::size_t i, const std::string& as) const {
    const Network::Node& node = network_.nodes()[i];
    return std::all_of(node.plan.parameters.begin(), node.plan.parameters.end(),
                       [&](const ParameterSpec& spec) {
                         const TensorFile::Entry* entry = file_.find(as + "." + spec.name);
                         return entry != nullptr && entry->dims == spec.dims && entry->is_read;
                       });
  }

  // The one name that others of the file have and under which the layer would fit.
  std::optional<std::string> only_twin(std::size_t i, const std::string& layer) const {
    const bool is_there =
        std::any_of(file_.tensors.begin(), file_.tensors.end(),
                    [&](const TensorFile::Entry& entry) { return stem(entry.name) == layer; });
    if (is_there) return std::nullopt;
    std::optional<std::string> found;
    for (const auto& [name, entries] : stems_) {
      if (name.empty() || !is_word(name, "_-.") || !fits(i, name)) continue;
      if (found) return std::nullopt;
      found = name;
    }
    return found;
  }

  const TensorFile& file_;
  const Network& network_;
  const std::vector<std::string>& reset_;
  std::map<std::string, std::vector<const TensorFile::Entry*>> stems_;  // that no layer has
};

}  // namespace

std::string rename_tensor(std::string name, const std::vector<std::string>& rename) {
  for (const std::string& text : rename) {
    const Rename by(text);
    if (by.fits(name)) name = by.to + name.substr(by.from.size());
  }
  return name;
}

void check_weights_options(const WeightsOptions& options, const Network& network) {
  for (const std::string& text : options.rename) {
    if (text.find('=') != std::string::npos && text.front() != '=') continue;
    throw ConfigError("error: --rename must be as in old=new or old.=, got " + in_quotes(text));
  }
  std::vector<std::string> layers;
  for (const Network::Node& node : network.nodes()) {
    if (!node.plan.parameters.empty()) layers.push_back(node.spec.name);
  }
  for (const std::string& name : options.reset) {
    if (contains(layers, name)) continue;
    throw ConfigError("error: --reset: no layer " + in_quotes(name) + " has weights\n  " +
                      suggestion(name, layers, "layers with weights"));
  }
}

std::vector<std::string> load_weights(const FilePlace& place, Network& network,
                                      const WeightsOptions& options) {
  check_weights_options(options, network);
  TensorFile file = read_tensors(place);
  rename_all(file, options.rename);
  TensorTaker taker(file);
  for (const Parameter& p : network.parameters()) {
    if (contains(options.reset, layer_of(network, p))) {
      taker.pass_over(p.name);
    } else {
      taker.take(p.name, p.dims, network.value(p));
    }
  }
  if (!taker.fits()) taker.finish(Advice(file, network, options).text());
  return taker.left_over();
}

}  // namespace cnn
