#include "config/schema_printer.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"

namespace cnn {
namespace {

using Json = SchemaPrinter::Json;
using Keys = std::vector<std::string>;

bool contains(const Keys& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// A bound of an integer, which as a double may be one above the largest of all.
Json bound_of(double bound, bool whole) {
  constexpr double kBeyond = 9223372036854775808.0;  // 2^63
  if (!whole) return bound;
  if (bound >= kBeyond) return std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(bound);
}

Json number_schema(const Bounds& bounds, bool whole) {
  Json schema = {{"type", whole ? "integer" : "number"}};
  if (bounds.low > std::numeric_limits<double>::lowest()) {
    schema[bounds.above_low ? "exclusiveMinimum" : "minimum"] = bound_of(bounds.low, whole);
  }
  if (bounds.high < std::numeric_limits<double>::max()) {
    schema[bounds.below_high ? "exclusiveMaximum" : "maximum"] = bound_of(bounds.high, whole);
  }
  return schema;
}

// Any scalar will do for a text: "name: 5" is one.
Json text_schema() {
  return {{"type", {"string", "number", "boolean"}}, {"minLength", 1}};
}

Json any_of(Json one, Json other) {
  return {{"anyOf", Json::array({std::move(one), std::move(other)})}};
}

// The number as it is printed, "0.01" and not its nearest double.
Json number_default(double value, const Bounds& bounds) {
  return bounds.hold(value) ? Json(value) : Json();
}

Json text_default(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json keys_array(const Keys& keys) {
  Json array = Json::array();
  for (const std::string& key : keys) array.push_back(key);
  return array;
}

}  // namespace

SchemaPrinter::SchemaPrinter(const KeyReference& reference, std::string component,
                             std::string fallback)
    : reference_(reference), component_(std::move(component)), fallback_(std::move(fallback)) {}

SchemaPrinter::Pass SchemaPrinter::pass(const Visit& visit, std::string_view forced,
                                        std::size_t index) const {
  SchemaPrinter printer(reference_, component_, fallback_);
  printer.forced_ = forced;
  printer.forced_index_ = index;
  visit(printer);
  return std::move(printer.pass_);
}

std::vector<SchemaPrinter::Variant> SchemaPrinter::variants(const Visit& visit,
                                                            const Pass& base) const {
  std::vector<Variant> variants;
  for (const Choice& choice : base.choices) {
    for (std::size_t i = 0; i < choice.values.size(); ++i) {
      variants.push_back(
          {choice.key, choice.values[i], i == choice.index, pass(visit, choice.key, i)});
    }
    pass(visit, choice.key, choice.index);  // so that it stands as it stood
  }
  return variants;
}

Json SchemaPrinter::described(std::string_view key, Json schema) const {
  const KeyReference::Row* const row = reference_.find(component_, key, fallback_);
  if (row == nullptr) return schema;
  std::string text = row->meaning;
  if (!row->by_default.empty() && row->by_default != "required") {
    text += ". Default: " + row->by_default;
  }
  if (!row->values.empty()) text += ". Values: " + row->values;
  Json result = {{"description", text}};
  result.update(schema);
  return result;
}

Json SchemaPrinter::finished(const Pass& base, const std::vector<Variant>& variants) const {
  Json properties = base.properties;
  Json defaults = base.defaults;
  Keys required = base.required, varying;
  for (const Variant& variant : variants) {
    for (const auto& [key, schema] : variant.pass.properties.items()) {
      if (!properties.contains(key)) {
        properties[key] = schema;
        defaults[key] = variant.pass.defaults[key];
      } else if (properties[key] != schema && key != variant.key && !contains(varying, key)) {
        varying.push_back(key);
      }
    }
    std::erase_if(required,
                  [&](const std::string& key) { return !contains(variant.pass.required, key); });
  }
  Json rules = base.rules;
  for (const Variant& variant : variants) {
    Json other = Json::object();
    for (const auto& [key, schema] : properties.items()) {
      if (!variant.pass.properties.contains(key)) {
        other[key] = false;
      } else if (contains(varying, key)) {
        other[key] = variant.pass.properties[key];
      }
    }
    Keys needed = variant.pass.required;
    // What another choice decides is no matter of this one.
    const auto is_needed_by_all = [&](const std::string& key) {
      return contains(base.required, key) && std::ranges::all_of(variants, [&](const Variant& one) {
               return one.key != variant.key || contains(one.pass.required, key);
             });
    };
    std::erase_if(needed, [&](const std::string& key) {
      return contains(required, key) || is_needed_by_all(key);
    });
    Json then = Json::object();
    if (!other.empty()) then["properties"] = std::move(other);
    if (!needed.empty()) then["required"] = keys_array(needed);
    if (then.empty()) continue;
    Json condition = {{"properties", {{variant.key, {{"const", variant.value}}}}}};
    if (!variant.is_default) condition["required"] = {variant.key};
    rules.push_back({{"if", std::move(condition)}, {"then", std::move(then)}});
  }
  Json all = Json::object();
  for (auto& [key, schema] : properties.items()) {
    if (contains(varying, key)) schema = Json::object();
    all[key] = described(key, std::move(schema));
    if (!defaults[key].is_null()) all[key]["default"] = defaults[key];
  }
  Json map = {{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(all)}};
  if (required.empty() && !base.needs_key) map["type"] = {"object", "null"};
  if (!required.empty()) map["required"] = keys_array(required);
  if (!rules.empty()) map["allOf"] = std::move(rules);
  return map;
}

Json SchemaPrinter::map(const Visit& visit, std::string_view short_form) const {
  const Pass base = pass(visit, {}, 0);
  const std::vector<Variant> all = variants(visit, base);
  Json schema = finished(base, all);
  if (short_form.empty()) return schema;
  Json words = Json::array();
  for (const Variant& variant : all) {
    const Keys& required = variant.pass.required;
    const bool alone = std::all_of(required.begin(), required.end(),
                                   [&](const std::string& key) { return key == short_form; });
    if (variant.key == short_form && alone) words.push_back(variant.value);
  }
  if (words.empty()) {
    const std::string key(short_form);
    return any_of(base.properties.contains(key) ? base.properties[key] : Json::object(),
                  std::move(schema));
  }
  return any_of({{"enum", std::move(words)}}, std::move(schema));
}

Json SchemaPrinter::plain_map(const Visit& visit) const {
  return finished(pass(visit, {}, 0), {});
}

void SchemaPrinter::add(std::string_view key, Json schema, Json by_default, Presence presence) {
  const std::string name(key);
  const bool unset = unset_ == key || presence == Presence::required;
  if (maybe_numbers_.contains(name) && pass_.properties.contains(name)) {
    schema = any_of(std::move(pass_.properties[name]), std::move(schema));
  }
  pass_.properties[name] = std::move(schema);
  pass_.defaults[name] = unset ? Json() : std::move(by_default);
  if (presence == Presence::required) pass_.required.push_back(name);
}

void SchemaPrinter::add(std::string_view key, Json schema, Presence presence) {
  add(key, std::move(schema), Json(), presence);
}

// Takes down the choice, and returns the value that this pass is about.
std::size_t SchemaPrinter::choose(std::string_view key, std::vector<Json> values,
                                  std::size_t index) {
  if (values.size() > 1) pass_.choices.push_back({std::string(key), std::move(values), index});
  return key == forced_ ? forced_index_ : index;
}

void SchemaPrinter::integer(std::string_view key, std::int64_t& value, Bounds bounds,
                            Presence presence) {
  const bool sound = bounds.hold(static_cast<double>(value));
  add(key, number_schema(bounds, true), sound ? Json(value) : Json(), presence);
}

void SchemaPrinter::real(std::string_view key, double& value, Bounds bounds, Presence presence) {
  add(key, number_schema(bounds, false), number_default(value, bounds), presence);
}

void SchemaPrinter::size2(std::string_view key, Size2& value, Bounds bounds, Presence presence) {
  const Json one = number_schema(bounds, true);
  const Json two = {{"type", "array"}, {"items", one}, {"minItems", 2}, {"maxItems", 2}};
  const bool sound = value.height == value.width && bounds.hold(value.height);
  add(key, any_of(one, two), sound ? Json(value.height) : Json(), presence);
}

void SchemaPrinter::boolean(std::string_view key, bool& value) {
  add(key, {{"type", "boolean"}}, Json(value), Presence::optional);
  value = choose(key, {false, true}, value ? 1 : 0) == 1;
}

void SchemaPrinter::one_of(std::string_view key, std::size_t& index,
                           std::span<const std::string_view> names, Presence presence) {
  const std::vector<Json> values(names.begin(), names.end());
  add(key, {{"enum", values}}, values[index], presence);
  index = choose(key, values, index);
}

bool SchemaPrinter::wants(std::string_view key, bool is_set) {
  unset_ = is_set ? "" : std::string(key);
  return true;
}

void SchemaPrinter::text(std::string_view key, std::string& value, const TextCheck&,
                         Presence presence) {
  add(key, text_schema(), text_default(value), presence);
}

void SchemaPrinter::texts(std::string_view key, std::vector<std::string>&, bool one_will_do,
                          const TextCheck&) {
  const Json list = {{"type", "array"}, {"items", text_schema()}, {"minItems", 1}};
  add(key, one_will_do ? any_of(text_schema(), list) : list, Presence::optional);
}

void SchemaPrinter::path(std::string_view key, std::filesystem::path&, Presence presence) {
  add(key, text_schema(), presence);
}

void SchemaPrinter::integer_or(std::string_view key, std::int64_t& value, Bounds bounds,
                               std::string_view word, std::int64_t word_value) {
  add(key, any_of({{"const", word}}, number_schema(bounds, true)),
      value == word_value ? Json(word) : Json(value), Presence::optional);
}

void SchemaPrinter::range(std::string_view key, std::array<double, 2>& value, Bounds bounds,
                          Presence presence) {
  const Json schema = {
      {"type", "array"}, {"items", number_schema(bounds, false)}, {"minItems", 2}, {"maxItems", 2}};
  add(key, schema, Json(value), presence);
}

bool SchemaPrinter::has_number(std::string_view key, bool) {
  maybe_numbers_.emplace(key);
  return pass_.properties.contains(std::string(key));
}

void SchemaPrinter::numbers(std::string_view key, std::vector<std::pair<std::string, double>>&,
                            Bounds bounds, std::string_view word, bool&) {
  const Json map = {{"type", "object"},
                    {"minProperties", 1},
                    {"additionalProperties", number_schema(bounds, false)}};
  add(key, any_of({{"const", word}}, map), Presence::optional);
}

void SchemaPrinter::section(std::string_view key, std::string_view short_form, const Visit& visit,
                            Presence presence) {
  const std::string name(key);
  const std::string inner = component_.empty() ? name : component_ + "." + name;
  add(key, SchemaPrinter(reference_, inner, fallback_).map(visit, short_form), presence);
}

void SchemaPrinter::exclusive(std::string_view key, const std::vector<std::string_view>& others) {
  for (const std::string_view other : others) {
    Json both = {{"required", {key, other}}};
    for (const std::string_view one : {key, other}) {
      if (!maybe_numbers_.contains(one)) continue;
      both["properties"][std::string(one)] = {{"not", {{"type", "number"}}}};
    }
    pass_.rules.push_back({{"not", std::move(both)}});
  }
}

void SchemaPrinter::needs_one_of(const std::vector<std::string_view>& keys) {
  Json options = Json::array();
  for (const std::string_view key : keys) options.push_back({{"required", {key}}});
  pass_.needs_key = true;
  pass_.rules.push_back({{"anyOf", std::move(options)}});
}

}  // namespace cnn
