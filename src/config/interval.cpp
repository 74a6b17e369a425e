#include "config/interval.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "base/text.hpp"
#include "config/config_visitor.hpp"
#include "config/option_reader.hpp"

namespace cnn {
namespace {

constexpr std::array<std::string_view, 4> kUnitNames = {"step", "epoch", "second", "never"};

}  // namespace

std::int64_t Interval::in_steps(std::int64_t steps_per_epoch) const {
  assert(unit == Unit::steps || unit == Unit::epochs);
  return unit == Unit::epochs ? count * steps_per_epoch : count;
}

std::optional<Interval> parse_interval(std::string_view text) {
  if (text == "never") return Interval{Interval::Unit::never, 0};
  const std::size_t space = text.find(' ');
  const std::optional<std::int64_t> count = parse_integer(text.substr(0, space));
  if (!count || *count < 0 || static_cast<double>(*count) > kLargestCount) return std::nullopt;
  if (space == std::string_view::npos) return Interval{Interval::Unit::steps, *count};
  std::string_view unit = text.substr(space + 1);
  if (unit.ends_with('s')) unit.remove_suffix(1);
  const auto found = std::find(kUnitNames.begin(), kUnitNames.end() - 1, unit);
  if (found == kUnitNames.end() - 1) return std::nullopt;
  return Interval{static_cast<Interval::Unit>(found - kUnitNames.begin()), *count};
}

std::string to_text(const Interval& interval) {
  if (interval.unit == Interval::Unit::never) return "never";
  const auto unit = kUnitNames[static_cast<std::size_t>(interval.unit)];
  return std::to_string(interval.count) + " " + std::string(unit) +
         (interval.count == 1 ? "" : "s");
}

void visit_period(ConfigVisitor& visitor, std::string_view key, Interval& interval,
                  std::int64_t smallest, Presence presence) {
  std::string text = to_text(interval);
  const TextCheck check = [&](const std::string& given) -> std::optional<Complaint> {
    const std::optional<Interval> parsed = parse_interval(given);
    if (parsed && parsed->unit <= Interval::Unit::epochs && parsed->count >= smallest) {
      interval = *parsed;
      return std::nullopt;
    }
    return Complaint{std::string(key) + " must be a number of steps from " +
                     std::to_string(smallest) + ", or of epochs as in '2 epochs', got " +
                     in_quotes(given)};
  };
  visitor.text(key, text, check, presence);
}

}  // namespace cnn
