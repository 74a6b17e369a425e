// OptionReader: the visitor that reads a map of the configuration. Every mistake becomes a
// diagnostic at its place, and the value keeps its default; one mistake gives one diagnostic.

#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_visitor.hpp"
#include "config/diagnostics.hpp"
#include "config/yaml_tree.hpp"

namespace cnn {

// Strictly decimal: "-12", "0"; not "012", "+1", "0x10", "1e3" or "1.0". Nothing if it is none or
// does not fit.
std::optional<std::int64_t> parse_integer(std::string_view text);
// A finite decimal number: "1", "-0.5", ".5", "1e-3".
std::optional<double> parse_real(std::string_view text);

class OptionReader final : public ConfigVisitor {
 public:
  struct Context {
    Diagnostics* diagnostics;
    std::filesystem::path base;         // relative paths start here
    std::vector<std::string> sections;  // all keys of all sections, as "training.alpha"; for hints
  };
  // How messages speak of the map: "unknown key 'strid' in conv 'conv1'", "conv accepts: name …".
  struct Title {
    std::string full;
    std::string brief;
    std::string key = {};  // under which it stands in the map above
  };

  // Reads `node`: a map, or null for one without keys, or where `short_form` names a key, a scalar
  // for a map of that key alone. `place` is where messages about the map as a whole point. The node
  // must outlive the reader.
  OptionReader(const Context& context, const ConfigNode& node, Title title, const Place& place,
               std::string_view short_form = {});

  void integer(std::string_view key, std::int64_t& value, Bounds bounds,
               Presence presence) override;
  void real(std::string_view key, double& value, Bounds bounds, Presence presence) override;
  using ConfigVisitor::real;
  void size2(std::string_view key, Size2& value, Bounds bounds, Presence presence) override;
  void boolean(std::string_view key, bool& value) override;
  void one_of(std::string_view key, std::size_t& index, std::span<const std::string_view> names,
              Presence presence) override;
  void refuse(std::string_view key, std::string_view other, std::string_view hint) override;
  bool wants(std::string_view key, bool is_set) override;
  bool has_number(std::string_view key, bool is_number) override;
  void text(std::string_view key, std::string& value, const TextCheck& check,
            Presence presence) override;
  void texts(std::string_view key, std::vector<std::string>& values, bool one_will_do,
             const TextCheck& check) override;
  void path(std::string_view key, std::filesystem::path& value, Presence presence) override;
  void integer_or(std::string_view key, std::int64_t& value, Bounds bounds, std::string_view word,
                  std::int64_t word_value) override;
  void range(std::string_view key, std::array<double, 2>& value, Bounds bounds,
             Presence presence) override;
  void numbers(std::string_view key, std::vector<std::pair<std::string, double>>& values,
               Bounds bounds, std::string_view word, bool& is_word) override;
  void section(std::string_view key, std::string_view short_form, const Visit& visit,
               Presence presence) override;
  // Between a key of the file and one of an override, or of two overrides, the later one wins.
  void exclusive(std::string_view key, const std::vector<std::string_view>& others) override;
  void rule_out(std::string_view key, std::string_view decider,
                const Complaint& complaint) override;
  void needs_one_of(const std::vector<std::string_view>& keys) override;

  // The value of a key that no visiting function knows how to read, or nullptr.
  const ConfigNode* take(std::string_view key, Presence presence);

  // To be called when everything has been visited: reports keys that are missing and keys that
  // nobody visited.
  void finish();

 private:
  // The value given for the key, if it is given and has not been displaced by a later override.
  const ConfigNode* given(std::string_view key) const;
  void remember(std::string_view key);
  // How the file calls that key: by the map's own, where the short form stands for the map.
  std::string shown_name(std::string_view key) const;
  void complain(const ConfigNode& node, std::string message, std::string hint = {});
  // Complains that `what` must be [or_else] `form`, or [or_else] within the bounds.
  std::optional<std::int64_t> read_integer(const ConfigNode& node, const std::string& what,
                                           Bounds bounds, const std::string& form,
                                           const std::string& or_else = {});
  std::optional<double> read_real(const ConfigNode& node, const std::string& what, Bounds bounds);
  std::optional<std::string> read_text(const ConfigNode& node, const std::string& what,
                                       const TextCheck& check);
  // Returns the key that was probably meant, or nothing.
  std::string report_unknown(const ConfigNode& child);
  std::string accepted() const;

  // What is neither a map nor short for one; finish() complains, when all keys are known.
  struct Unfit {
    const ConfigNode* node;
    std::string wanted;
  };

  const Context& context_;
  Title title_;
  Place place_;
  std::string short_form_;
  std::optional<ConfigNode> expanded_;  // of a short form
  const ConfigNode* map_;               // nullptr if there is nothing to read
  std::optional<Unfit> unfit_;
  bool keys_uncertain_ = false;     // the key that decides about the others is wrong or missing
  std::string choices_;             // what that key may be, if it is missing
  std::vector<std::string> known_;  // keys visited, in their order
  std::vector<std::string> displaced_;
  std::vector<std::string> undecided_;  // keys whose value is none of their choices
  std::vector<std::string> refused_;
  std::vector<std::vector<std::string>> missing_;  // of each set one key is needed
};

}  // namespace cnn
