// Interval: a stretch of a run, as a configuration gives it: "2 epochs", "100 steps", "30 seconds",
// "never".

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cnn {

class ConfigVisitor;
enum class Presence;

// The largest number of anything that is counted: epochs, steps, images, seconds. Products of two
// stay within 64 bits.
inline constexpr double kLargestCount = 1e9;

struct Interval {
  enum class Unit { steps, epochs, seconds, never };
  Unit unit = Unit::steps;
  std::int64_t count = 0;

  bool operator==(const Interval&) const = default;

  // Requires steps or epochs.
  std::int64_t in_steps(std::int64_t steps_per_epoch) const;
};

// "100", "1 epoch", "30 seconds", "never"; a number alone counts steps. Nothing if it is none.
std::optional<Interval> parse_interval(std::string_view text);
// "1 epoch", "100 steps", "never"
std::string to_text(const Interval& interval);

// A key whose value is a number of steps, at least `smallest`, or of epochs.
void visit_period(ConfigVisitor& visitor, std::string_view key, Interval& interval,
                  std::int64_t smallest, Presence presence);

}  // namespace cnn
