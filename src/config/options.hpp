// Options: a component names its YAML keys once, in one function that visits them. Reading a file,
// printing the resolved configuration and listing what a component accepts are three visitors over
// that one list.
//
// Layers see an OptionVisitor: numbers and choices. The sections of a configuration see a
// ConfigVisitor, which adds texts, paths, nested sections and keys that exclude one another.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cnn/shape.hpp"

namespace cnn {

// Bounds of a number, inclusive unless said otherwise.
struct Bounds {
  double low = -std::numeric_limits<double>::max();
  double high = std::numeric_limits<double>::max();
  bool above_low = false;   // low itself is out
  bool below_high = false;  // high itself is out

  bool hold(double value) const {
    return (above_low ? value > low : value >= low) && (below_high ? value < high : value <= high);
  }
};

// What a number of the mathematics may be: squares and products of a few still fit into a float.
inline constexpr double kLargestReal = 1e18;

enum class Presence { required, optional };

class OptionVisitor {
 public:
  virtual ~OptionVisitor() = default;

  // A visitor that reads assigns `value` where the key is given and leaves it as it is (the
  // default) elsewhere.
  virtual void integer(std::string_view key, std::int64_t& value, Bounds bounds,
                       Presence presence = Presence::optional) = 0;
  virtual void real(std::string_view key, double& value, Bounds bounds,
                    Presence presence = Presence::optional) = 0;
  // N or [height, width]
  virtual void size2(std::string_view key, Size2& value, Bounds bounds,
                     Presence presence = Presence::optional) = 0;
  virtual void boolean(std::string_view key, bool& value) = 0;
  // One of `names`; `index` is its place among them.
  virtual void one_of(std::string_view key, std::size_t& index,
                      std::span<const std::string_view> names,
                      Presence presence = Presence::optional) = 0;

  // A key of this component that has no place beside `other`, as the values stand: a visitor that
  // reads complains where it is given.
  virtual void refuse(std::string_view /*key*/, std::string_view /*other*/,
                      std::string_view /*hint*/) {}

  // one_of for an enum whose values are 0, 1, … in the order of `names`.
  template <typename Enum, std::size_t Count>
  void choice(std::string_view key, Enum& value, const std::array<std::string_view, Count>& names,
              Presence presence = Presence::optional) {
    auto index = static_cast<std::size_t>(value);
    one_of(key, index, names, presence);
    value = static_cast<Enum>(index);
  }
};

// What is wrong with a value, and the next step.
struct Complaint {
  std::string message;
  std::string hint = {};
};
// Judges a text that was read; may take it over, too. Nothing means that it is right.
using TextCheck = std::function<std::optional<Complaint>(const std::string&)>;

class ConfigVisitor : public OptionVisitor {
 public:
  using OptionVisitor::real;

  // For keys that may have no value at all. Does the visitor go for this one? One that reads does
  // where the key is given, one that prints where `is_set`, one that lists always.
  virtual bool wants(std::string_view key, bool is_set) = 0;

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
  // A map of names and numbers, or `word` alone.
  virtual void numbers(std::string_view key, std::vector<std::pair<std::string, double>>& values,
                       Bounds bounds, std::string_view word, bool& is_word) = 0;
  // Keys of a nested map. Where `short_form` names one of them, `key: x` means `key: {short_form:
  // x}`, and that key decides which others there are.
  using Visit = std::function<void(ConfigVisitor&)>;
  virtual void section(std::string_view key, std::string_view short_form, const Visit& visit,
                       Presence presence = Presence::optional) = 0;

  // `key` and each of `others` exclude one another. To be called before any of them is visited.
  virtual void exclusive(std::string_view key, std::initializer_list<std::string_view> others) = 0;
  // `key` has no meaning, for the reason that `complaint` gives: a mistake where it is given. If
  // the key `decider` is to blame and comes from a later override, `key` is passed over instead.
  virtual void rule_out(std::string_view key, std::string_view decider,
                        const Complaint& complaint) = 0;
  // One of `keys` must be given.
  virtual void needs_one_of(std::initializer_list<std::string_view> keys) = 0;

  void real(std::string_view key, std::optional<double>& value, Bounds bounds) {
    if (!wants(key, value.has_value())) return;
    double number = value.value_or(0);
    real(key, number, bounds);
    value = number;
  }
};

}  // namespace cnn
