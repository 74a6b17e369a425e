#include "data/image/marks.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "data/image/distance.hpp"
#include "data/image/outline.hpp"
#include "data/image/strokes.hpp"

namespace cnn {
namespace {

// From here on a pixel belongs to a part; a part has at least one pixel of kFullInk.
constexpr std::uint8_t kFaintInk = 64;
constexpr std::uint8_t kFullInk = 128;

// A part with less than 1/32 of the ink of the largest one is a speck.
constexpr std::size_t kSpeck = 32;

// What the border cuts off has this part of its ink's weight; what lies in a corner loses half.
constexpr double kCutOff = 0.3;
constexpr double kCorner = 0.5;

// Distances in parts of the mark's longer side: parts so near are one mark if one is small beside
// the other (kSmall of its longer side) or lies above it; what hovers above it may be farther away.
// Of what the border cuts off only what is large, and above or below, is more than a neighbour's
// end. A gap that a pen closes stays open between hairlines: parts above one another may be kAbove
// apart, and what nearly touches is one mark wherever it lies, as the two strokes of a 4.
constexpr double kTouching = 0.07;
constexpr double kNear = 0.12;
constexpr double kAbove = 0.2;
// On a picture of few pixels a stroke may have a gap of two.
constexpr double kGap = 3;
constexpr double kHovering = 0.35;
constexpr double kSmall = 0.6;
// A dash above a mark is its hat from farther away: no digit is a dash. It is not much longer than
// the rest.
constexpr double kDashAbove = 0.5;
constexpr double kLongestHat = 1.5;
// The cup of a 4 ends this part of the stem's height above the stem's foot, or more.
constexpr double kFoot = 0.2;

// A separate mark has this part of the longer side of the one to read, or more.
constexpr double kNotable = 0.3;

// A frame covers this part of each side of its bounding box, seen from outside to this depth, and
// has something else within it.
constexpr double kFrameCover = 0.85;
constexpr double kFrameDepth = 0.14;

// What is thicker than this part of its longer side is no drawing but a blot, or a shadow. (A disc
// has 0.5, a felt pen's stroke 0.3 at most.)
constexpr double kBlot = 0.4;

// At the edge of ink the level changes by kSteep from pixel to pixel, in this part of the edge at
// least; that of a shadow is softer.
constexpr int kSteep = 20;
constexpr double kSharp = 0.5;

// It is at least this part of the picture wide and high.
constexpr double kLeastFrame = 0.4;
// Marks are looked at one by one, this many at most: a pattern has no end of them.
constexpr int kMostMarks = 24;

struct Bounds {
  int top = std::numeric_limits<int>::max();
  int left = std::numeric_limits<int>::max();
  int bottom = -1;
  int right = -1;

  void include(int y, int x) {
    top = std::min(top, y);
    left = std::min(left, x);
    bottom = std::max(bottom, y);
    right = std::max(right, x);
  }
  void include(const Bounds& other) {
    include(other.top, other.left);
    include(other.bottom, other.right);
  }
  int width() const { return right - left + 1; }
  int height() const { return bottom - top + 1; }
  int longer_side() const { return std::max(width(), height()); }
  bool is_flat() const { return 2 * height() <= width(); }
  bool is_slim() const { return 2 * width() <= height(); }
  bool contains(const Bounds& other) const {
    return top < other.top && left < other.left && bottom > other.bottom && right > other.right;
  }
  // The columns that both have.
  int common_columns(const Bounds& other) const {
    return std::min(right, other.right) - std::max(left, other.left) + 1;
  }
};

// Neighbouring pixels of ink.
struct Part {
  Bounds bounds;
  std::size_t ink = 0;    // pixels of full ink
  std::size_t edge = 0;   // pixels beside paper
  std::size_t steep = 0;  // of these, those where the level changes as fast as ink's does

  bool is_shadow() const { return static_cast<double>(steep) < kSharp * static_cast<double>(edge); }
};

// The parts of a picture, and to which each pixel belongs.
class PartMap {
 public:
  explicit PartMap(const Gray& ink) : ink_(ink), owners_(ink.levels.size(), kNobody) {
    for (std::size_t start = 0; start < owners_.size(); ++start) {
      if (!is_open(start)) continue;
      parts_.emplace_back();
      trace(start);
    }
  }

  const std::vector<Part>& parts() const { return parts_; }
  // The index of the part that a pixel belongs to; parts().size() or more if to none.
  std::size_t owner(std::size_t pixel) const { return owners_[pixel]; }

 private:
  static constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

  bool is_open(std::size_t pixel) const {
    return owners_[pixel] == kNobody && ink_.levels[pixel] >= kFaintInk;
  }

  void visit(std::size_t pixel) {
    if (!is_open(pixel)) return;
    owners_[pixel] = static_cast<std::uint32_t>(parts_.size() - 1);
    open_.push_back(static_cast<std::uint32_t>(pixel));
  }

  void trace(std::size_t start) {
    visit(start);
    while (!open_.empty()) {
      const std::size_t pixel = open_.back();
      open_.pop_back();
      const std::size_t y = pixel / ink_.width(), x = pixel % ink_.width();
      Part& part = parts_.back();
      part.bounds.include(static_cast<int>(y), static_cast<int>(x));
      part.ink += ink_.levels[pixel] >= kFullInk;
      look_at_edge(y, x, part);
      for (std::size_t v = y - (y > 0); v <= std::min(y + 1, ink_.height() - 1); ++v) {
        for (std::size_t u = x - (x > 0); u <= std::min(x + 1, ink_.width() - 1); ++u) {
          visit(v * ink_.width() + u);
        }
      }
    }
  }

  void look_at_edge(std::size_t y, std::size_t x, Part& part) const {
    const int up = ink_.at(y - (y > 0), x), down = ink_.at(std::min(y + 1, ink_.height() - 1), x);
    const int left = ink_.at(y, x - (x > 0)), right = ink_.at(y, std::min(x + 1, ink_.width() - 1));
    if (std::min({up, down, left, right}) >= kFaintInk) return;
    const int here = ink_.at(y, x);
    const int change = std::max({up, down, left, right, here}) - std::min({up, down, left, right});
    ++part.edge;
    part.steep += change >= 2 * kSteep;
  }

  const Gray& ink_;
  std::vector<Part> parts_;
  std::vector<std::uint32_t> owners_;
  std::vector<std::uint32_t> open_;  // pixels whose neighbours are still to be visited
};

// Groups the parts of a picture into marks.
class MarkFinder {
 public:
  explicit MarkFinder(const Gray& ink) : ink_(ink), map_(ink), groups_(map_.parts().size(), kNone) {
    leave_frames_out();
    if (const int main = heaviest(); main != kNone) {
      largest_ = map_.parts()[static_cast<std::size_t>(main)].ink;
    }
  }

  std::optional<Marks> find() {
    Marks marks;
    Bounds read;
    int looks = 0;
    do {
      const int main = heaviest();
      if (main == kNone || ++looks > kMostMarks) return std::nullopt;
      read = grow(main, kRead);
      if (read.longer_side() < kSmallestMark) return std::nullopt;
      marks.box = {read.left, read.top, read.width(), read.height()};
      marks.read = cut_out(ink_, marks.box);
      keep_group(marks, kRead);
    } while (is_blot(marks.read) && give_up(kRead));
    marks.count = 1;
    marks.sharpness = sharpness_of(kRead);
    for (int group = kRead + 1, next = heaviest(); next != kNone && group <= kMostMarks;
         next = heaviest(), ++group) {
      const Bounds bounds = grow(next, group);
      const bool smaller = bounds.longer_side() < read.longer_side();
      if (bounds.longer_side() >= kNotable * read.longer_side() &&
          !(is_cut_off(bounds) && smaller)) {
        ++marks.count;
      }
    }
    return marks;
  }

 private:
  static constexpr int kNone = -1;
  static constexpr int kNotRead = -2;  // frames and blots
  static constexpr int kRead = 0;

  static bool is_blot(const Gray& mark) {
    return stroke_thickness(mark.levels, mark.size) > kBlot * mark.longer_side();
  }

  bool give_up(int group) {
    std::replace(groups_.begin(), groups_.end(), group, kNotRead);
    return true;
  }

  void leave_frames_out() {
    const std::vector<Part>& parts = map_.parts();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const Bounds& bounds = parts[i].bounds;
      if (bounds.width() < kLeastFrame * ink_.size.width ||
          bounds.height() < kLeastFrame * ink_.size.height) {
        continue;
      }
      const auto lies_within = [&](const Part& part) {
        return part.ink * kSpeck >= parts[i].ink && parts[i].bounds.contains(part.bounds);
      };
      if (std::any_of(parts.begin(), parts.end(), lies_within) && is_frame(i))
        groups_[i] = kNotRead;
    }
  }

  bool is_frame(std::size_t index) const {
    const Bounds& bounds = map_.parts()[index].bounds;
    std::vector<std::uint8_t> mask(ink_.levels.size());
    for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = map_.owner(i) == index;
    const Box box{bounds.left, bounds.top, bounds.width(), bounds.height()};
    return covered_side(mask, ink_.size, box, 1, kFrameDepth) >= kFrameCover;
  }

  bool is_cut_off(const Bounds& bounds) const {
    return bounds.top == 0 || bounds.left == 0 || bounds.bottom == ink_.size.height - 1 ||
           bounds.right == ink_.size.width - 1;
  }

  double weight(const Part& part) const {
    const double y = (part.bounds.top + part.bounds.bottom + 1.0) / ink_.size.height - 1;
    const double x = (part.bounds.left + part.bounds.right + 1.0) / ink_.size.width - 1;
    const double place = 1 - kCorner * std::hypot(x, y) / std::sqrt(2.0);
    return static_cast<double>(part.ink) * place * (is_cut_off(part.bounds) ? kCutOff : 1);
  }

  bool is_speck(const Part& part) const {
    return part.ink == 0 || part.is_shadow() || part.ink * kSpeck < largest_;
  }

  // Of the parts that belong to no group yet, but for specks.
  int heaviest() const {
    int best = kNone;
    double most = 0;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      const Part& part = map_.parts()[i];
      if (groups_[i] != kNone || is_speck(part) || weight(part) <= most) continue;
      most = weight(part);
      best = static_cast<int>(i);
    }
    return best;
  }

  // The hat of a 5 is often drawn to the right, and as long as the rest. No digit is a flat dash.
  static bool is_hat(const Bounds& hat, const Bounds& rest) {
    if (2 * hat.bottom >= rest.top + rest.bottom) return false;
    const bool over = 5 * hat.common_columns(rest) >= hat.width();
    return (over && 2 * rest.width() >= hat.width()) || (hat.is_flat() && hat.right > rest.right);
  }

  static bool is_dash_above(const Bounds& dash, const Bounds& rest) {
    return dash.is_flat() && is_hat(dash, rest) && dash.width() <= kLongestHat * rest.longer_side();
  }

  // The left part of a 4 that was drawn in two strokes. Digits side by side have their feet on one
  // line.
  static bool is_cup(const Bounds& cup, const Bounds& stem) {
    return stem.is_slim() && cup.left < stem.left && !cup.is_slim() &&
           cup.bottom <= stem.bottom - kFoot * stem.height() && cup.bottom > stem.top;
  }

  // Are they one mark, at this distance?
  bool belong_together(const Bounds& mark, const Part& part, double distance) const {
    const Bounds& bounds = part.bounds;
    const double side = std::max(mark.longer_side(), bounds.longer_side());
    const int common = mark.common_columns(bounds);
    const int narrower = std::min(mark.width(), bounds.width());
    const bool above = 2 * common >= narrower;
    const bool hat = is_hat(bounds, mark) || (mark.is_flat() && is_hat(mark, bounds));
    const bool cup = is_cup(bounds, mark) || is_cup(mark, bounds);
    if (is_cut_off(bounds) && !is_cut_off(mark)) {
      if (above && distance <= kNear / 2 * side) return true;
      const bool large = bounds.longer_side() > kSmall * mark.longer_side();
      return large && (above || hat || cup) && distance <= kAbove * side;
    }
    const bool small = std::min(mark.longer_side(), bounds.longer_side()) <= kSmall * side;
    if (distance <= kTouching * side || (small && distance <= kNear * side)) return true;
    // Of a slanting digit the parts are not quite above one another.
    const bool near = 3 * common >= narrower || hat || cup;
    if (near && distance <= std::max(kAbove * side, kGap)) return true;
    if (distance <= kHovering * side && small && (above || hat)) return true;
    return distance <= kDashAbove * side &&
           (is_dash_above(bounds, mark) || is_dash_above(mark, bounds));
  }

  // Gathers what belongs to the part into the group; returns the bounds of all of it.
  Bounds grow(int start, int group) {
    groups_[static_cast<std::size_t>(start)] = group;
    Bounds bounds = map_.parts()[static_cast<std::size_t>(start)].bounds;
    for (bool grown = true; grown;) {
      grown = false;
      const std::vector<double> distances = distances_from(group);
      for (std::size_t i = 0; i < groups_.size(); ++i) {
        const Part& part = map_.parts()[i];
        if (groups_[i] != kNone || is_speck(part)) continue;
        if (!belong_together(bounds, part, distances[i])) continue;
        groups_[i] = group;
        bounds.include(part.bounds);
        grown = true;
      }
    }
    return bounds;
  }

  // From the group to each part.
  std::vector<double> distances_from(int group) const {
    std::vector<double> nearest(groups_.size(), std::numeric_limits<double>::infinity());
    const bool alone = std::count_if(map_.parts().begin(), map_.parts().end(),
                                     [&](const Part& p) { return !is_speck(p); }) == 1;
    if (alone) return nearest;
    std::vector<std::uint8_t> mask(ink_.levels.size());
    for (std::size_t i = 0; i < mask.size(); ++i) {
      const std::size_t owner = map_.owner(i);
      mask[i] = owner < groups_.size() && groups_[owner] == group;
    }
    const std::vector<float> distances = distances_to(mask, ink_.size);
    for (std::size_t i = 0; i < mask.size(); ++i) {
      const std::size_t owner = map_.owner(i);
      if (owner < groups_.size()) nearest[owner] = std::min(nearest[owner], double{distances[i]});
    }
    return nearest;
  }

  double sharpness_of(int group) const {
    std::size_t edge = 0, steep = 0;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      if (groups_[i] != group) continue;
      edge += map_.parts()[i].edge;
      steep += map_.parts()[i].steep;
    }
    return edge == 0 ? 1 : static_cast<double>(steep) / static_cast<double>(edge);
  }

  // Blanks what belongs to other groups. What belongs to no part, fainter than ink, stays.
  void keep_group(Marks& marks, int group) const {
    std::size_t at = 0;
    for (int y = marks.box.top; y < marks.box.top + marks.box.height; ++y) {
      for (int x = marks.box.left; x < marks.box.left + marks.box.width; ++x, ++at) {
        const std::size_t owner =
            map_.owner(static_cast<std::size_t>(y) * ink_.width() + static_cast<std::size_t>(x));
        if (owner < groups_.size() && groups_[owner] != group) marks.read.levels[at] = 0;
      }
    }
  }

  const Gray& ink_;
  PartMap map_;
  std::vector<int> groups_;  // per part
  std::size_t largest_ = 0;
};

}  // namespace

std::optional<Marks> find_marks(const Gray& ink) {
  return MarkFinder(ink).find();
}

}  // namespace cnn
