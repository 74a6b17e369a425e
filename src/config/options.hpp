// Options: a component names its YAML keys once, in one function that visits them. Reading a file,
// printing the resolved configuration and listing what a component accepts are three visitors over
// that one list. A component that must not be changed describes its options to an OptionSink.
//
// Layers see an OptionVisitor: numbers and choices. The sections of a configuration see a
// ConfigVisitor (config_visitor.hpp), which knows more kinds of keys.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <variant>

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

// The bound of numbers of the mathematics: squares and products of a few still fit into a float.
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
  // One of `names`, which live for ever; `index` counts them from 0.
  virtual void one_of(std::string_view key, std::size_t& index,
                      std::span<const std::string_view> names,
                      Presence presence = Presence::optional) = 0;

  // A key of this component that cannot be used with `other`, as the values stand: a visitor that
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

// The value of an option: an integer, a real number, a size, a switch, or the name of a choice.
using OptionValue = std::variant<std::int64_t, double, Size2, bool, std::string_view>;

// An option of a component as it stands. Keys and names live for ever.
struct OptionState {
  std::string_view key;
  OptionValue value;
  // Would the value be the same if the key were left out and the others were as they are? Never so
  // of a required key.
  bool is_default;
};

// Receives the options of a component that describes itself.
class OptionSink {
 public:
  virtual ~OptionSink() = default;
  virtual void option(const OptionState& state) = 0;
};

}  // namespace cnn
