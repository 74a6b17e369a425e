#include "support/example_options.hpp"

#include <charconv>
#include <stdexcept>

#include "nn/registry.hpp"

namespace cnn {
namespace {

[[noreturn]] void fail(std::string_view what, std::string_view where) {
  throw std::invalid_argument(std::string(what) + " '" + std::string(where) + "'");
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// What stands between `open` and `close`, which must be the first and the last character.
std::string_view inside(std::string_view text, char open, char close) {
  text = trim(text);
  if (text.size() < 2 || text.front() != open || text.back() != close) {
    fail(std::string("expected ") + open + "…" + close + ", got", text);
  }
  return trim(text.substr(1, text.size() - 2));
}

// Cuts at the commas that are not within brackets.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  if (text.empty()) return parts;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      parts.push_back(trim(text.substr(begin, i - begin)));
      begin = i + 1;
    } else if (text[i] == '[') {
      ++depth;
    } else if (text[i] == ']') {
      --depth;
    }
  }
  return parts;
}

template <typename Number>
Number number(std::string_view text, Bounds bounds) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) fail("not a number:", text);
  const auto wide = static_cast<double>(value);
  if (wide < bounds.low || wide > bounds.high) fail("out of bounds:", text);
  return value;
}

}  // namespace

ExampleOptions::ExampleOptions(std::string_view text) {
  for (const std::string_view entry : split(inside(text, '{', '}'))) {
    const std::size_t colon = entry.find(": ");
    if (colon == std::string_view::npos) fail("expected key: value, got", entry);
    const std::string_view key = entry.substr(0, colon);
    if (!left_.emplace(key, trim(entry.substr(colon + 2))).second) fail("repeated key", key);
  }
}

bool ExampleOptions::take(std::string_view key, Presence presence, std::string& value) {
  const auto found = left_.find(key);
  if (found == left_.end()) {
    if (presence == Presence::required) fail("missing key", key);
    return false;
  }
  value = found->second;
  left_.erase(found);
  return true;
}

void ExampleOptions::integer(std::string_view key, std::int64_t& value, Bounds bounds,
                             Presence presence) {
  std::string text;
  if (take(key, presence, text)) value = number<std::int64_t>(text, bounds);
}

void ExampleOptions::real(std::string_view key, double& value, Bounds bounds, Presence presence) {
  std::string text;
  if (take(key, presence, text)) value = number<double>(text, bounds);
}

void ExampleOptions::size2(std::string_view key, Size2& value, Bounds bounds, Presence presence) {
  std::string text;
  if (!take(key, presence, text)) return;
  if (!text.starts_with('[')) {
    const int both = number<int>(text, bounds);
    value = {both, both};
    return;
  }
  const std::vector<std::string_view> parts = split(inside(text, '[', ']'));
  if (parts.size() != 2) fail("expected [height, width], got", text);
  value = {number<int>(parts[0], bounds), number<int>(parts[1], bounds)};
}

void ExampleOptions::boolean(std::string_view key, bool& value) {
  std::string text;
  if (!take(key, Presence::optional, text)) return;
  if (text != "true" && text != "false") fail("expected true or false, got", text);
  value = text == "true";
}

void ExampleOptions::one_of(std::string_view key, std::size_t& index,
                            std::span<const std::string_view> names, Presence presence) {
  std::string text;
  if (!take(key, presence, text)) return;
  for (index = 0; index < names.size(); ++index) {
    if (names[index] == text) return;
  }
  fail("unknown name", text);
}

void ExampleOptions::expect_nothing_left() const {
  if (!left_.empty()) fail("unknown key", left_.begin()->first);
}

std::string option_text(Size2 size) {
  std::string text = "[";
  text += std::to_string(size.height) + ", ";
  text += std::to_string(size.width) + "]";
  return text;
}

std::unique_ptr<Layer> make_layer(std::string_view type, std::string_view options) {
  const LayerEntry* entry = find_layer_entry(type);
  if (entry == nullptr) fail("unknown layer type", type);
  std::unique_ptr<Layer> layer = entry->make();
  ExampleOptions reader(options);
  layer->options(reader);
  reader.expect_nothing_left();
  return layer;
}

LayerSpec layer_spec(std::string_view type, std::string_view name, std::string_view options,
                     std::vector<std::string> from) {
  LayerSpec spec;
  spec.type = type;
  spec.name = name;
  spec.from = std::move(from);
  spec.layer = make_layer(type, options);
  return spec;
}

}  // namespace cnn
