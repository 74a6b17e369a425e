#include "report/line_chart.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/text.hpp"
#include "report/numbers.hpp"

namespace cnn::report {
namespace {

constexpr double kWidth = 440;
constexpr double kLeft = 52;
constexpr double kRight = 12;
constexpr double kTop = 10;
constexpr double kBottom = 30;
constexpr std::size_t kMostPoints = 400;
constexpr std::size_t kMostMarks = 60;

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

// 1, 2 or 5 times a power of ten, so that about `count` of them make the range.
double nice_step(double range, double count) {
  const double raw = range / count;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double digit = raw / power;
  return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

std::vector<double> plain_ticks(const Range& range, double count) {
  const double step = nice_step(range.high - range.low, count);
  std::vector<double> ticks;
  for (double k = std::ceil(range.low / step - 1e-9); k * step <= range.high + 1e-9 * step; ++k) {
    ticks.push_back(k == 0 ? 0 : k * step);  // never −0
  }
  return ticks;
}

// 1, 2 and 5 times the powers of ten; where they are too many, every power, every second, …
std::vector<double> log_ticks(const Range& range) {
  constexpr std::size_t kMost = 6;
  const auto ticks_of = [&](double every, bool all) {
    std::vector<double> ticks;
    const double first = std::floor(std::log10(range.low) / every) * every;
    for (double power = first; power <= std::log10(range.high); power += every) {
      for (const double digit : {1.0, 2.0, 5.0}) {
        const double tick = digit * std::pow(10, power);
        if (!all && digit > 1) continue;
        if (tick >= range.low * 0.999 && tick <= range.high * 1.001) ticks.push_back(tick);
      }
    }
    return ticks;
  };
  std::vector<double> ticks = ticks_of(1, true);
  for (double every = 1; ticks.size() > kMost; ++every) ticks = ticks_of(every, false);
  return ticks;
}

// Ticks that are `step` apart have texts that differ.
std::string tick_text(double tick, double step) {
  constexpr double kLargest = 1e6, kSmallest = 1e-4;
  const double size = std::max(std::abs(tick), step);
  if (size >= kLargest || size < kSmallest) {
    const int significant = 2 + static_cast<int>(std::log10(size / step) + 1e-9);
    return fmt::format("{:.{}g}", tick, significant);
  }
  const int digits = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  return fmt::format("{:.{}f}", tick, digits);
}

// Points that are drawn: all, or every n-th and the last.
std::vector<Point> thinned(const std::vector<Point>& points) {
  if (points.size() <= kMostPoints) return points;
  const std::size_t every = (points.size() + kMostPoints - 1) / kMostPoints;
  std::vector<Point> result;
  for (std::size_t i = 0; i < points.size(); i += every) result.push_back(points[i]);
  if ((points.size() - 1) % every != 0) result.push_back(points.back());
  return result;
}

class Plot {
 public:
  explicit Plot(const LineChart& chart) : chart_(chart) {
    for (const Line& line : chart.lines) {
      for (const Point& point : line.points) {
        x_.add(point.x);
        y_.add(point.y);
      }
      for (const Spread& spread : line.band) {
        y_.add(spread.low);
        y_.add(spread.high);
      }
    }
    if (x_.empty()) x_ = {0, 1};
    if (y_.empty()) y_ = {0, 1};
    constexpr double kWorthIt = 4;
    logarithmic_ = chart.scale == Scale::logarithmic && y_.low > 0 && y_.high > kWorthIt * y_.low;
    if (x_.low == x_.high) x_ = {x_.low - 1, x_.high + 1};
    widen();
  }

  Fields fields() const {
    Fields fields;
    fields.text("width", coordinate(kWidth)).text("height", coordinate(chart_.height));
    fields.text("left", coordinate(kLeft)).text("right", coordinate(kWidth - kRight));
    fields.text("bottom", coordinate(chart_.height - kBottom));
    fields.text("title", chart_.title).text("x_name", chart_.x_name);
    fields.show("logarithmic", logarithmic_);
    fields.text("x_middle", coordinate((kLeft + kWidth - kRight) / 2));
    fields.text("x_name_y", coordinate(chart_.height - 3));
    fields.text("tick_x", coordinate(kLeft - 7));
    fields.text("tick_y", coordinate(chart_.height - kBottom + 14));
    add_ticks(fields);
    for (const Line& line : chart_.lines) add_line(fields, line);
    return fields;
  }

 private:
  void widen() {
    if (logarithmic_) return;
    if (chart_.begins_at_zero) y_.low = std::min(y_.low, 0.0);
    const double middle = std::abs(y_.high);
    double range = y_.high - y_.low;
    if (range <= 1e-12 * middle || range == 0) range = middle > 0 ? 0.1 * middle : 1;
    constexpr double kRoom = 0.06;
    if (!chart_.begins_at_zero) y_.low -= kRoom * range;
    y_.high += kRoom * range;
    if (chart_.scale == Scale::percent) {
      y_.high = std::min(y_.high, 1.0);
      y_.low = std::max(y_.low, 0.0);
      if (y_.low >= y_.high) y_.low = y_.high - 0.01;
    } else if (chart_.scale == Scale::logarithmic) {
      y_.low = std::max(y_.low, 0.0);
    }
  }

  double x_of(double x) const {
    return kLeft + (x - x_.low) / (x_.high - x_.low) * (kWidth - kLeft - kRight);
  }
  double y_of(double y) const {
    const double share = logarithmic_ ? std::log(y / y_.low) / std::log(y_.high / y_.low)
                                      : (y - y_.low) / (y_.high - y_.low);
    return chart_.height - kBottom - share * (chart_.height - kBottom - kTop);
  }

  std::string value_text(double y) const {
    if (chart_.scale == Scale::percent) return percent(y);
    constexpr double kLargest = 1e6;
    return std::abs(y) < kLargest ? rounded_text(y) : fmt::format("{:.3g}", y);
  }

  void add_ticks(Fields& fields) const {
    constexpr double kTicksAcross = 6, kTicksUp = 5, kRowOfTicks = 40;
    const double up = std::min(kTicksUp, (chart_.height - kBottom - kTop) / kRowOfTicks + 1);
    const double step = nice_step(y_.high - y_.low, up);
    for (const double tick : logarithmic_ ? log_ticks(y_) : plain_ticks(y_, up)) {
      const std::string text = chart_.scale == Scale::percent
                                   ? rounded_text(std::round(1e7 * tick) / 1e5) + " %"
                                   : tick_text(tick, logarithmic_ ? tick : step);
      fields.add("y_ticks", Fields().text("y", coordinate(y_of(tick))).text("text", text));
    }
    // Names may be long: those at the edges stay between them.
    constexpr std::size_t kNames = 60, kShortest = 8;  // characters, of all and of one
    const std::size_t names = chart_.x_names.size();
    for (std::size_t i = 0; i < names; ++i) {
      fields.add("x_ticks",
                 Fields()
                     .text("x", coordinate(x_of(static_cast<double>(i))))
                     .text("text", shown(chart_.x_names[i], std::max(kNames / names, kShortest)))
                     .show("first", i == 0 && names > 1)
                     .show("last", i == names - 1 && names > 1));
    }
    if (!chart_.x_names.empty()) return;
    for (const double tick : plain_ticks(x_, kTicksAcross)) {
      if (tick != std::floor(tick) && chart_.x_name == "epoch") continue;
      fields.add("x_ticks",
                 Fields().text("x", coordinate(x_of(tick))).text("text", rounded_text(tick)));
    }
  }

  void add_line(Fields& fields, const Line& line) const {
    const std::vector<Point> points = thinned(line.points);
    std::string path;
    bool pen_down = false;
    for (const Point& point : points) {
      if (!std::isfinite(point.y)) {
        pen_down = false;
        continue;
      }
      path += (pen_down ? "L" : "M") + coordinate(x_of(point.x)) + " " + coordinate(y_of(point.y));
      pen_down = true;
      if (points.size() > kMostMarks) continue;
      fields.add("marks",
                 Fields()
                     .text("style", line.style)
                     .text("x", coordinate(x_of(point.x)))
                     .text("y", coordinate(y_of(point.y)))
                     .text("says", line.name + ", " + chart_.x_name + " " + rounded_text(point.x) +
                                       ": " + value_text(point.y)));
    }
    if (!path.empty()) fields.add("lines", Fields().text("style", line.style).text("path", path));
    add_band(fields, line);
    fields.add(
        "legend",
        Fields().text("style", line.style).text("name", line.name).text("value", last_text(line)));
  }

  void add_band(Fields& fields, const Line& line) const {
    std::string path, back;
    for (const Spread& spread : line.band) {
      const std::string x = coordinate(x_of(spread.x));
      const double low = logarithmic_ ? std::max(spread.low, y_.low) : spread.low;
      path += (path.empty() ? "M" : "L") + x + " " + coordinate(y_of(spread.high));
      back.insert(0, "L" + x + " " + coordinate(y_of(low)));
    }
    if (path.empty()) return;
    fields.add("bands", Fields().text("style", line.style).text("path", path + back + "Z"));
  }

  std::string last_text(const Line& line) const {
    for (auto point = line.points.rbegin(); point != line.points.rend(); ++point) {
      if (std::isfinite(point->y)) return value_text(point->y);
    }
    return "no finite value";
  }

  const LineChart& chart_;
  Range x_;
  Range y_;
  bool logarithmic_ = false;
};

}  // namespace

Fields line_chart_fields(const LineChart& chart) {
  return Plot(chart).fields();
}

}  // namespace cnn::report
