// SchemaPrinter: the visitor that makes a JSON Schema (draft 7) of the keys that a component
// visits.
//
// A choice may decide which other keys there are (`policy` of a schedule). So a map is visited once
// for each value of each of its choices, and where keys come or go with one, the schema says so by
// "if" and "then". What depends on another section is no matter of the schema.

#pragma once

#include <array>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "config/config_visitor.hpp"
#include "config/key_reference.hpp"

namespace cnn {

class SchemaPrinter final : public ConfigVisitor {
 public:
  using Json = nlohmann::ordered_json;

  // Descriptions come from `reference`, which must outlive it: those of `component` (empty: the
  // whole configuration), or of `fallback` where that has none.
  SchemaPrinter(const KeyReference& reference, std::string component, std::string fallback = {});

  // The schema of the map whose keys `visit` visits. Afterwards the component that it visited has
  // the values of its choices again. With a `short_form` it may be a text, too (ConfigVisitor).
  Json map(const Visit& visit, std::string_view short_form = {}) const;
  // The same, visited once: no choice decides about other keys.
  Json plain_map(const Visit& visit) const;

  // Adds a key that is no option.
  void add(std::string_view key, Json schema, Presence presence);

  void integer(std::string_view key, std::int64_t& value, Bounds bounds,
               Presence presence) override;
  void real(std::string_view key, double& value, Bounds bounds, Presence presence) override;
  using ConfigVisitor::real;
  void size2(std::string_view key, Size2& value, Bounds bounds, Presence presence) override;
  void boolean(std::string_view key, bool& value) override;
  void one_of(std::string_view key, std::size_t& index, std::span<const std::string_view> names,
              Presence presence) override;
  bool wants(std::string_view key, bool is_set) override;
  // A key that is something else already is visited once more, as a number.
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
  void exclusive(std::string_view key, const std::vector<std::string_view>& others) override;
  void rule_out(std::string_view, std::string_view, const Complaint&) override {}
  void needs_one_of(const std::vector<std::string_view>& keys) override;

 private:
  struct Choice {
    std::string key;
    std::vector<Json> values;
    std::size_t index;  // as it stood
  };
  // What one visit of a map has shown.
  struct Pass {
    Json properties = Json::object();
    Json defaults = Json::object();  // null: the key has none
    Json rules = Json::array();
    std::vector<std::string> required;
    bool needs_key = false;  // of several, one must be given
    std::vector<Choice> choices;
  };
  struct Variant {
    std::string key;
    Json value;
    bool is_default;
    Pass pass;
  };

  Pass pass(const Visit& visit, std::string_view forced, std::size_t index) const;
  std::vector<Variant> variants(const Visit& visit, const Pass& base) const;
  Json finished(const Pass& base, const std::vector<Variant>& variants) const;
  Json described(std::string_view key, Json schema) const;
  std::size_t choose(std::string_view key, std::vector<Json> values, std::size_t index);
  void add(std::string_view key, Json schema, Json by_default, Presence presence);

  const KeyReference& reference_;
  std::string component_;
  std::string fallback_;
  std::string_view forced_;  // the choice whose value is `forced_index_`, whatever it was
  std::size_t forced_index_ = 0;
  std::set<std::string, std::less<>> maybe_numbers_;
  std::string unset_;  // the key that was announced as one without a value
  Pass pass_;
};

}  // namespace cnn
