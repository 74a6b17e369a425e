#include "data/image/ruled_lines.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "data/image/strokes.hpp"

namespace cnn {
namespace {

// From here on a pixel may belong to a line.
constexpr int kFaint = 40;
// The thickest line, in parts of the height.
constexpr double kThickestLine = 1.0 / 36;
// The steepest line: its rise in parts of the width (lines of 6 degrees are found).
constexpr double kSteepest = 0.14;
// A line is seen in this part of all columns, and of the columns at either end.
constexpr double kSeen = 0.6;
// This part of all columns shows it apart from strokes.
constexpr double kPlainlySeen = 0.4;
constexpr double kEnd = 0.12;
// What else is drawn lies within this part of the width.
constexpr double kWidestDrawing = 0.84;
constexpr int kMostLines = 20;
// More lines than this per column are a pattern, which would take seconds.
constexpr std::size_t kMostRuns = 48;
// How far a line strays from a straight one, in pixels.
constexpr double kWaver = 1.5;
// A line alone has at most this part of the strokes' ink: it might be one of them.
constexpr double kWeakLine = 0.7;
// On smaller pictures lines are as thick as strokes.
constexpr int kSmallestSheet = 48;

// A column's pixels first … last that are darker than the paper, with paper above and below.
struct Run {
  int x, first, last;
  double middle() const { return (first + last) / 2.0; }
  int length() const { return last - first + 1; }
};

std::vector<Run> thin_runs(const Gray& ink, int thickest) {
  std::vector<Run> runs;
  for (int x = 0; x < ink.size.width; ++x) {
    int first = -1;
    for (int y = 0; y <= ink.size.height; ++y) {
      const bool dark = y < ink.size.height &&
                        ink.at(static_cast<std::size_t>(y), static_cast<std::size_t>(x)) >= kFaint;
      if (dark && first < 0) first = y;
      if (!dark && first >= 0) {
        if (y - first <= thickest) runs.push_back({x, first, y - 1});
        first = -1;
      }
    }
  }
  return runs;
}

// y = start + rise·x / (width − 1)
struct Line {
  double start = 0;
  double rise = 0;
  double at(int x, int width) const { return start + rise * x / std::max(1, width - 1); }
};

class LineFinder {
 public:
  LineFinder(const Gray& ink, int thickest)
      : ink_(ink),
        runs_(thin_runs(ink, thickest)),
        size_(ink.size),
        tolerance_(std::max(kWaver, 0.75 * thickest)) {}

  // The line that most columns see; false if none is seen in enough of them.
  bool find(Line& best) {
    if (runs_.size() > kMostRuns * ink_.width()) return false;
    const int steepest = static_cast<int>(kSteepest * size_.width);
    const int offsets = size_.height + 2 * steepest + 1;
    std::size_t most = 0;
    std::vector<std::uint16_t> counts;
    for (int rise = -steepest; rise <= steepest; ++rise) {
      counts.assign(static_cast<std::size_t>(offsets), 0);
      for (const Run& run : runs_) {
        const double start =
            run.middle() - static_cast<double>(rise) * run.x / std::max(1, size_.width - 1);
        ++counts[static_cast<std::size_t>(std::lround(start) + steepest)];
      }
      for (std::size_t i = 0; i + 1 < counts.size(); ++i) {
        const std::size_t count = std::size_t{counts[i]} + counts[i + 1];
        if (count <= most) continue;
        most = count;
        best = {static_cast<double>(i) + 0.5 - steepest, static_cast<double>(rise)};
      }
    }
    return runs_across(best);
  }

  // Takes out and returns the runs on the line that are as thin as it is: not those of strokes that
  // run along it.
  std::vector<Run> take(const Line& line) {
    std::vector<int> lengths;
    for (const Run& run : runs_) {
      if (lies_on(run, line, tolerance_)) lengths.push_back(run.length());
    }
    const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
    std::nth_element(lengths.begin(), middle, lengths.end());
    const int thickness = *middle;
    const auto off = std::stable_partition(runs_.begin(), runs_.end(), [&](const Run& run) {
      return run.length() > 2 * thickness || !lies_on(run, line, thickness / 2.0 + kWaver);
    });
    std::vector<Run> taken(off, runs_.end());
    runs_.erase(off, runs_.end());
    return taken;
  }

 private:
  bool lies_on(const Run& run, const Line& line, double tolerance) const {
    return std::abs(run.middle() - line.at(run.x, size_.width)) <= tolerance;
  }

  // A column that a stroke covers counts as seen if others show the line.
  bool runs_across(const Line& line) const {
    std::vector<std::uint8_t> seen(static_cast<std::size_t>(size_.width));
    for (const Run& run : runs_) {
      if (lies_on(run, line, tolerance_)) seen[static_cast<std::size_t>(run.x)] = 1;
    }
    const auto plain = static_cast<double>(std::count(seen.begin(), seen.end(), 1));
    if (plain < kPlainlySeen * static_cast<double>(seen.size())) return false;
    for (int x = 0; x < size_.width; ++x) {
      const auto y = static_cast<int>(std::lround(line.at(x, size_.width)));
      if (y < 0 || y >= size_.height) continue;
      if (ink_.at(static_cast<std::size_t>(y), static_cast<std::size_t>(x)) >= kFaint) {
        seen[static_cast<std::size_t>(x)] = 1;
      }
    }
    const auto part = [&seen](std::size_t first, std::size_t count) {
      const auto begin = seen.begin() + static_cast<std::ptrdiff_t>(first);
      return static_cast<double>(std::count(begin, begin + static_cast<std::ptrdiff_t>(count), 1)) /
             static_cast<double>(count);
    };
    const std::size_t end =
        std::max<std::size_t>(1, static_cast<std::size_t>(kEnd * static_cast<double>(seen.size())));
    return part(0, seen.size()) >= kSeen && part(0, end) >= kSeen &&
           part(seen.size() - end, end) >= kSeen;
  }

  const Gray& ink_;
  std::vector<Run> runs_;
  Size2 size_;
  double tolerance_;
};

// Does what is drawn clearly end well before the left and right border?
bool ends_within(const Gray& ink) {
  int left = ink.size.width, right = -1;
  for (std::size_t y = 0; y < ink.height(); ++y) {
    for (int x = 0; x < ink.size.width; ++x) {
      if (ink.at(y, static_cast<std::size_t>(x)) < 128) continue;
      left = std::min(left, x);
      right = std::max(right, x);
    }
  }
  return right - left + 1 <= kWidestDrawing * ink.size.width;
}

// Ink per pixel of the line's length.
double strength(const std::vector<Run>& runs, const Gray& ink) {
  double sum = 0;
  for (const Run& run : runs) {
    for (int y = run.first; y <= run.last; ++y) {
      sum += ink.at(static_cast<std::size_t>(y), static_cast<std::size_t>(run.x));
    }
  }
  return runs.empty() ? 0 : sum / static_cast<double>(runs.size());
}

// A picture without its level lines.
struct Cleared {
  Gray rest;
  int lines = 0;
  double strongest = 0;  // ink per pixel of length
};

Cleared without_level_lines(const Gray& ink) {
  const int thickest = std::max(2, static_cast<int>(std::lround(kThickestLine * ink.size.height)));
  LineFinder finder(ink, thickest);
  Cleared cleared{ink};
  for (Line line; cleared.lines < kMostLines && finder.find(line); ++cleared.lines) {
    const std::vector<Run> runs = finder.take(line);
    cleared.strongest = std::max(cleared.strongest, strength(runs, ink));
    for (const Run& run : runs) {
      for (int y = run.first; y <= run.last; ++y) {
        cleared.rest
            .levels[static_cast<std::size_t>(y) * ink.width() + static_cast<std::size_t>(run.x)] =
            0;
      }
    }
  }
  return cleared;
}

}  // namespace

void remove_ruled_lines(Gray& ink) {
  if (std::min(ink.size.height, ink.size.width) < kSmallestSheet) return;
  const Cleared level = without_level_lines(ink);
  const Cleared upright = without_level_lines(transpose(ink));
  const int lines = level.lines + upright.lines;
  if (lines == 0) return;
  Gray rest = level.rest;
  const Gray other = transpose(upright.rest);
  for (std::size_t i = 0; i < rest.levels.size(); ++i) {
    rest.levels[i] = std::min(rest.levels[i], other.levels[i]);
  }
  if (lines == 1) {
    const bool is_weak = std::max(level.strongest, upright.strongest) <=
                         kWeakLine * 255 * stroke_thickness(rest.levels, rest.size);
    if (!is_weak || !ends_within(level.lines == 1 ? rest : transpose(rest))) return;
  }
  ink = std::move(rest);
}

}  // namespace cnn
