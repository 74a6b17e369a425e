#include "config/option_printer.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "config/path_bytes.hpp"

namespace cnn {
namespace {

// Words that some YAML reader takes for something other than a text.
constexpr std::array<std::string_view, 9> kReserved = {"null", "true", "false", "yes", "no",
                                                       "on",   "off",  "y",     "n"};

// One or several plain words; a single one neither reserved nor like a number.
bool needs_quotes(std::string_view text) {
  const std::size_t space = text.find(' ');
  const std::string_view word = text.substr(0, space);
  if (!is_word(word, "/_-.") || word[0] == '-' || word[0] == '.' || word[0] == '_') return true;
  if (space != text.npos) return !is_word(text.substr(space + 1), "/_-.");
  std::string lower(word);
  for (char& c : lower) {
    if ('A' <= c && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const bool reserved = std::find(kReserved.begin(), kReserved.end(), lower) != kReserved.end();
  return reserved || ('0' <= word[0] && word[0] <= '9');
}

// YAML 1.2 §5.7: escapes of a double-quoted scalar.
std::string escaped(char32_t code, std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  if (code == '"' || code == '\\') return "\\" + std::string(bytes);
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  if (!is_control(code) && !stands_for_byte(code)) return std::string(bytes);
  std::string text = code > 0xFFFF ? "\\U" : "\\u";
  for (int shift = code > 0xFFFF ? 28 : 12; shift >= 0; shift -= 4) {
    text += kHex[(code >> shift) & 0xF];
  }
  return text;
}

std::string value_text(std::int64_t value) {
  return std::to_string(value);
}

std::string value_text(double value) {
  return number_text(value);
}

std::string value_text(Size2 value) {
  const std::string height = std::to_string(value.height);
  if (value.height == value.width) return height;
  return "[" + height + ", " + std::to_string(value.width) + "]";
}

std::string value_text(bool value) {
  return value ? "true" : "false";
}

std::string value_text(std::string_view name) {
  return std::string(name);
}

}  // namespace

std::string yaml_quoted(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    const Character c = first_character(text);
    result += escaped(c.code, text.substr(0, c.bytes));
    text.remove_prefix(c.bytes);
  }
  return result + "\"";
}

std::string yaml_text(std::string_view text) {
  return needs_quotes(text) ? yaml_quoted(text) : std::string(text);
}

void OptionPrinter::add(std::string_view key, std::string_view value) {
  entries_.push_back(std::string(key) + ": " + std::string(value));
}

void OptionPrinter::add_lines(std::string lines) {
  if (lines.ends_with('\n')) lines.pop_back();
  entries_.push_back(std::move(lines));
}

void OptionPrinter::option(const OptionState& state) {
  add(state.key, std::visit([](auto value) { return value_text(value); }, state.value));
}

void OptionPrinter::integer(std::string_view key, std::int64_t& value, Bounds, Presence) {
  add(key, value_text(value));
}

void OptionPrinter::real(std::string_view key, double& value, Bounds, Presence) {
  add(key, value_text(value));
}

void OptionPrinter::size2(std::string_view key, Size2& value, Bounds, Presence) {
  add(key, value_text(value));
}

void OptionPrinter::boolean(std::string_view key, bool& value) {
  add(key, value_text(value));
}

void OptionPrinter::one_of(std::string_view key, std::size_t& index,
                           std::span<const std::string_view> names, Presence) {
  add(key, value_text(names[index]));
}

bool OptionPrinter::wants(std::string_view, bool is_set) {
  return is_set;
}

void OptionPrinter::text(std::string_view key, std::string& value, const TextCheck&, Presence) {
  add(key, yaml_text(value));
}

void OptionPrinter::texts(std::string_view key, std::vector<std::string>& values, bool one_will_do,
                          const TextCheck&) {
  if (values.empty()) return;
  if (one_will_do && values.size() == 1) {
    add(key, yaml_text(values[0]));
    return;
  }
  std::vector<std::string> items;
  for (const std::string& value : values) {
    items.push_back(one_will_do ? yaml_text(value) : yaml_quoted(value));
  }
  add(key, "[" + join(items, ", ") + "]");
}

void OptionPrinter::path(std::string_view key, std::filesystem::path& value, Presence) {
  add(key, yaml_text(path_to_yaml(value.native())));
}

void OptionPrinter::integer_or(std::string_view key, std::int64_t& value, Bounds,
                               std::string_view word, std::int64_t word_value) {
  add(key, value == word_value ? std::string(word) : std::to_string(value));
}

void OptionPrinter::range(std::string_view key, std::array<double, 2>& value, Bounds, Presence) {
  add(key, "[" + number_text(value[0]) + ", " + number_text(value[1]) + "]");
}

void OptionPrinter::numbers(std::string_view key,
                            std::vector<std::pair<std::string, double>>& values, Bounds,
                            std::string_view word, bool& is_word) {
  std::vector<std::string> entries;
  for (const auto& [name, value] : values) {
    entries.push_back(yaml_quoted(name) + ": " + number_text(value));
  }
  add(key, is_word ? std::string(word) : "{" + join(entries, ", ") + "}");
}

void OptionPrinter::section(std::string_view key, std::string_view, const Visit& visit, Presence) {
  OptionPrinter printer;
  visit(printer);
  if (sections_ == Sections::flow) {
    add(key, printer.flow());
  } else {
    add_lines(std::string(key) + ":\n" + printer.block("  "));
  }
}

std::string OptionPrinter::flow() const {
  return "{" + join(entries_, ", ") + "}";
}

std::string OptionPrinter::block(std::string_view indent) const {
  std::string text;
  for (const std::string& entry : entries_) text += std::string(indent) + entry + "\n";
  return text;
}

void OptionLister::section(std::string_view key, std::string_view, const Visit& visit, Presence) {
  add(key);
  OptionLister lister(prefix_ + std::string(key) + ".");
  visit(lister);
  keys_.insert(keys_.end(), lister.keys_.begin(), lister.keys_.end());
}

}  // namespace cnn
