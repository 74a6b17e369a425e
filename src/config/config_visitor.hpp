// ConfigVisitor: visits the keys of the sections of a configuration. Beside the numbers and choices
// of an OptionVisitor there are texts, paths, nested sections, and keys that exclude one another.

#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/options.hpp"

namespace cnn {

// The fault of a value, and the next step.
struct Complaint {
  std::string message;
  std::string hint = {};
};
// Judges a text that was read; may take it over, too. Nothing means that it is right.
using TextCheck = std::function<std::optional<Complaint>(const std::string&)>;

class ConfigVisitor : public OptionVisitor {
 public:
  using OptionVisitor::real;

  // Should a key that may have no value be visited? Readers: true if the file gives it. Printers:
  // `is_set`. Listers: always true.
  virtual bool wants(std::string_view key, bool is_set) = 0;
  // Is the value a number, where it may be something else? Readers: as the file gives it, false if
  // it does not. All others: `is_number`.
  virtual bool has_number(std::string_view key, bool is_number) = 0;

  virtual void text(std::string_view key, std::string& value, const TextCheck& check,
                    Presence presence = Presence::optional) = 0;
  // A list of texts, or where `one_will_do` a single one. Judged one by one, in their order.
  virtual void texts(std::string_view key, std::vector<std::string>& values, bool one_will_do,
                     const TextCheck& check) = 0;
  // Read relative to the configuration's directory; absolute and lexically normal afterwards.
  virtual void path(std::string_view key, std::filesystem::path& value,
                    Presence presence = Presence::optional) = 0;
  // An integer or `word`, which stands for the number `word_value`.
  virtual void integer_or(std::string_view key, std::int64_t& value, Bounds bounds,
                          std::string_view word, std::int64_t word_value) = 0;
  // [least, most], of which both are within the bounds.
  virtual void range(std::string_view key, std::array<double, 2>& value, Bounds bounds,
                     Presence presence = Presence::optional) = 0;
  // A map of names and numbers, or `word` alone.
  virtual void numbers(std::string_view key, std::vector<std::pair<std::string, double>>& values,
                       Bounds bounds, std::string_view word, bool& is_word) = 0;
  // Keys of a nested map. Where `short_form` names one of them, `key: x` means `key: {short_form:
  // x}`, and that key decides which others there are.
  using Visit = std::function<void(ConfigVisitor&)>;
  virtual void section(std::string_view key, std::string_view short_form, const Visit& visit,
                       Presence presence = Presence::optional) = 0;

  // `key` and each of `others` exclude one another. To be called before any of them is visited.
  virtual void exclusive(std::string_view key, const std::vector<std::string_view>& others) = 0;
  // `key` has no meaning, for the reason that `complaint` gives: a mistake where it is given. If
  // the key `decider` is to blame and comes from a later override, `key` is passed over instead.
  virtual void rule_out(std::string_view key, std::string_view decider,
                        const Complaint& complaint) = 0;
  // One of `keys` must be given.
  virtual void needs_one_of(const std::vector<std::string_view>& keys) = 0;

  void real(std::string_view key, std::optional<double>& value, Bounds bounds) {
    if (!wants(key, value.has_value())) return;
    double number = value.value_or(0);
    real(key, number, bounds);
    value = number;
  }
};

}  // namespace cnn
