#include "image/paper.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "image/distance.hpp"
#include "image/outline.hpp"
#include "image/resample.hpp"
#include "image/tones.hpp"

namespace cnn {
namespace {

// A sheet lies on something else if this part of the border has one tone, and what that does not
// reach covers so much of the picture, so much of each side of its bounding box (seen from outside
// to this depth, for it may lie askew), and shows so much of the border's tone itself.
constexpr double kFrameLine = 0.9;
constexpr double kSmallestSheet = 0.4;
constexpr double kStraight = 0.85;
constexpr double kAskew = 0.14;
constexpr double kLeastDrawn = 0.003;
constexpr double kMostDrawn = 0.45;
constexpr int kMostFrames = 3;

// A border is paper if this part of it has one tone, and 8 of 10 of its pixels lie within this part
// of the contrast.
constexpr double kPaperBorder = 0.9;
constexpr double kEvenBorder = 0.35;
constexpr double kMostlyPaper = 0.6;
constexpr double kPlainBorder = 0.06;

// Ink is a stroke if no place of it is farther from its edge than this part of the picture's side.
constexpr double kThickestStroke = 0.2;
// Side of the reduced picture in which strokes are told from areas.
constexpr int kOverview = 160;

// Paper is evenly lit if 8 of 10 of its pixels lie within this part of the contrast.
constexpr double kEven = 0.2;
// Side of the reduced picture in which the paper's level is estimated, and the part of the side up
// to which what is lighter counts as drawn on it.
constexpr int kLightMap = 96;
constexpr double kDrawnOn = 1.0 / 3;
// The same for a small drawing on a large sheet, of which ink is so small a part that the light's
// unevenness outweighs it. Its ink stands out by so many deviations.
constexpr double kSmallDrawnOn = 1.0 / 10;
constexpr double kStandsOut = 6;
// Ink of which this much can be seen needs no such proof.
constexpr double kPlainInk = 50;
// Paper darker than this part of the lightest is as hard to read as if it were as light.
constexpr double kDeepestShadow = 0.25;

// What touches this part of the picture's border in one piece is no ink but what lies around the
// sheet.
constexpr double kAround = 0.15;
// Its blurred edge, in parts of the picture's side.
constexpr double kBlur = 1.0 / 80;
constexpr int kMostSurroundings = 2;

// Ink stands out by so many deviations of the noise. The two halves of pure noise lie 1.6 to 1.8
// apart.
constexpr double kAboveNoise = 2.5;
// The faintest ink, in levels.
constexpr double kFaintest = 25;

std::vector<std::uint8_t> pixels_of_tone(const Gray& picture, const Tones& tones, bool light) {
  std::vector<std::uint8_t> mask;
  mask.reserve(picture.levels.size());
  for (const std::uint8_t level : picture.levels) mask.push_back((level > tones.middle()) == light);
  return mask;
}

// Rows and columns of a picture of two tones, from all four edges.
class Lines {
 public:
  Lines(const Gray& picture, const Tones& tones)
      : light_(pixels_of_tone(picture, tones, true)), size_(picture.size) {}

  enum class Side { top, bottom, left, right };

  // The part of light pixels in line `depth` from the edge of the box, counted within it.
  double light_part(const Box& box, Side side, int depth) const {
    const bool row = side == Side::top || side == Side::bottom;
    const int length = row ? box.width : box.height;
    int count = 0;
    for (int i = 0; i < length; ++i) {
      const int y = side == Side::top      ? box.top + depth
                    : side == Side::bottom ? box.top + box.height - 1 - depth
                                           : box.top + i;
      const int x = side == Side::left    ? box.left + depth
                    : side == Side::right ? box.left + box.width - 1 - depth
                                          : box.left + i;
      count += light_[static_cast<std::size_t>(y) * static_cast<std::size_t>(size_.width) +
                      static_cast<std::size_t>(x)];
    }
    return static_cast<double>(count) / length;
  }

 private:
  std::vector<std::uint8_t> light_;
  Size2 size_;
};

// Pixels that the border's pixels of its own tone reach through that tone: 1.
std::vector<std::uint8_t> reached_from_border(const std::vector<std::uint8_t>& tone, Size2 size) {
  const auto height = static_cast<std::size_t>(size.height);
  const auto width = static_cast<std::size_t>(size.width);
  std::vector<std::uint8_t> reached(tone.size());
  std::vector<std::size_t> open;
  const auto visit = [&](std::size_t pixel) {
    if (tone[pixel] == 0 || reached[pixel] != 0) return;
    reached[pixel] = 1;
    open.push_back(pixel);
  };
  for (std::size_t x = 0; x < width; ++x) visit(x), visit((height - 1) * width + x);
  for (std::size_t y = 0; y < height; ++y) visit(y * width), visit(y * width + width - 1);
  while (!open.empty()) {
    const std::size_t pixel = open.back();
    open.pop_back();
    if (pixel >= width) visit(pixel - width);
    if (pixel + width < tone.size()) visit(pixel + width);
    if (pixel % width > 0) visit(pixel - 1);
    if (pixel % width + 1 < width) visit(pixel + 1);
  }
  return reached;
}

// The bounding box of the pixels that are 0, of which there is one at least.
Box bounds_of_rest(const std::vector<std::uint8_t>& mask, Size2 size) {
  int left = size.width, top = size.height, right = -1, bottom = -1;
  for (int y = 0, i = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x, ++i) {
      if (mask[static_cast<std::size_t>(i)] != 0) continue;
      left = std::min(left, x);
      right = std::max(right, x);
      top = std::min(top, y);
      bottom = std::max(bottom, y);
    }
  }
  return {left, top, right - left + 1, bottom - top + 1};
}

// The largest distance of any marked pixel from one that is not. The picture's border is no edge.
double half_thickness(std::vector<std::uint8_t> mask, Size2 size) {
  for (std::uint8_t& marked : mask) marked = marked == 0;
  const std::vector<float> distances = distances_to(mask, size);
  return *std::max_element(distances.begin(), distances.end());
}

bool in_strokes(const Gray& picture, const Tones& tones, bool light) {
  const double side = std::sqrt(static_cast<double>(picture.levels.size()));
  return half_thickness(pixels_of_tone(picture, tones, light), picture.size) <=
         kThickestStroke * side;
}

double light_part_of_border(const Gray& picture, const Tones& tones) {
  const Lines lines(picture, tones);
  const Box all{0, 0, picture.size.width, picture.size.height};
  double light = 0;
  double count = 0;
  for (const auto side :
       {Lines::Side::top, Lines::Side::bottom, Lines::Side::left, Lines::Side::right}) {
    const double length = side == Lines::Side::top || side == Lines::Side::bottom
                              ? picture.size.width
                              : picture.size.height;
    light += length * lines.light_part(all, side, 0);
    count += length;
  }
  return light / count;
}

Histogram border_levels(const Gray& picture) {
  Histogram border{};
  for (std::size_t y = 0; y < picture.height(); ++y) {
    const bool whole = y == 0 || y + 1 == picture.height();
    const std::size_t step = whole || picture.width() == 1 ? 1 : picture.width() - 1;
    for (std::size_t x = 0; x < picture.width(); x += step) ++border[picture.at(y, x)];
  }
  return border;
}

// values_i <- the best of values_{i−radius} … values_{i+radius}, along lines of a plane.
template <typename Better>
void filter_lines(std::vector<double>& values, Size2 size, int radius, Better better) {
  const auto height = static_cast<std::size_t>(size.height);
  const auto width = static_cast<std::size_t>(size.width);
  const auto reach = static_cast<std::size_t>(radius);
  const auto along = [&](std::size_t first, std::size_t step, std::size_t count) {
    std::vector<double> line(count);
    for (std::size_t i = 0; i < count; ++i) line[i] = values[first + i * step];
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t end = std::min(i + reach + 1, count);
      double best = line[i];
      for (std::size_t k = i > reach ? i - reach : 0; k < end; ++k) best = better(best, line[k]);
      values[first + i * step] = best;
    }
  };
  for (std::size_t y = 0; y < height; ++y) along(y * width, 1, width);
  for (std::size_t x = 0; x < width; ++x) along(x, width, height);
}

// A surface of the second degree over the unit square, as light on a sheet of paper falls off.
class Surface {
 public:
  static constexpr std::size_t kTerms = 6;

  // The least squares fit to the levels; then again, without what lies clearly above or below.
  explicit Surface(const Gray& map) : map_(map), used_(map.levels.size(), 1) {
    for (int round = 0; round < kFits; ++round) {
      fit();
      leave_outliers_out();
    }
  }

  double at(std::size_t y, std::size_t x) const {
    const auto terms = terms_at(y, x);
    double sum = 0;
    for (std::size_t k = 0; k < kTerms; ++k) sum += weights_[k] * terms[k];
    return sum;
  }

 private:
  using Terms = std::array<double, kTerms>;
  static constexpr int kFits = 6;
  // Ink is light: what lies above by so many deviations is ink, what lies below by so many is
  // noise.
  static constexpr double kAbove = 1.5;
  static constexpr double kBelow = 3;

  Terms terms_at(std::size_t y, std::size_t x) const {
    const double v = static_cast<double>(y) / static_cast<double>(map_.height());
    const double u = static_cast<double>(x) / static_cast<double>(map_.width());
    return {1, u, v, u * u, u * v, v * v};
  }

  // Solves the normal equations by elimination.
  void fit() {
    std::array<std::array<double, kTerms + 1>, kTerms> rows{};
    for (std::size_t y = 0; y < map_.height(); ++y) {
      for (std::size_t x = 0; x < map_.width(); ++x) {
        if (used_[y * map_.width() + x] == 0) continue;
        const Terms terms = terms_at(y, x);
        for (std::size_t i = 0; i < kTerms; ++i) {
          for (std::size_t k = 0; k < kTerms; ++k) rows[i][k] += terms[i] * terms[k];
          rows[i][kTerms] += terms[i] * map_.at(y, x);
        }
      }
    }
    // A line of pixels leaves some terms free: they stay 0.
    constexpr double kFree = 1e-9;
    for (std::size_t i = 0; i < kTerms; ++i) {
      if (rows[i][i] < kFree) rows[i][i] = 1;
      for (std::size_t other = 0; other < kTerms; ++other) {
        if (other == i) continue;
        const double part = rows[other][i] / rows[i][i];
        for (std::size_t k = i; k <= kTerms; ++k) rows[other][k] -= part * rows[i][k];
      }
    }
    for (std::size_t i = 0; i < kTerms; ++i) weights_[i] = rows[i][kTerms] / rows[i][i];
  }

  void leave_outliers_out() {
    std::vector<double> apart;
    for (std::size_t y = 0; y < map_.height(); ++y) {
      for (std::size_t x = 0; x < map_.width(); ++x) apart.push_back(map_.at(y, x) - at(y, x));
    }
    std::vector<double> sorted;
    for (const double value : apart) sorted.push_back(std::abs(value));
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    const double deviation = std::max(1.0, *middle / 0.674);  // of normal noise
    for (std::size_t i = 0; i < apart.size(); ++i) {
      used_[i] = apart[i] < kAbove * deviation && apart[i] > -kBelow * deviation;
    }
  }

  const Gray& map_;
  std::vector<std::uint8_t> used_;
  Terms weights_{};
};

// The paper's level at each place. What a surface of the second degree does not explain is shadows,
// which stay, and what is drawn: lighter than its surroundings, and smaller than kDrawnOn, it is
// taken away (a morphological opening); the rest is made smooth.
Gray paper_of(const Gray& picture, double drawn_on) {
  const Gray small = reduce(picture, reduction(picture, kLightMap));
  const Surface surface(small);
  std::vector<double> levels;
  levels.reserve(small.levels.size());
  for (std::size_t y = 0; y < small.height(); ++y) {
    for (std::size_t x = 0; x < small.width(); ++x) {
      levels.push_back(small.at(y, x) - surface.at(y, x));
    }
  }
  const double side = std::sqrt(static_cast<double>(small.levels.size()));
  const int radius = std::max(1, static_cast<int>(std::lround(drawn_on / 2 * side)));
  const auto lower = [](double a, double b) { return std::min(a, b); };
  const auto higher = [](double a, double b) { return std::max(a, b); };
  filter_lines(levels, small.size, radius, lower);
  filter_lines(levels, small.size, radius, higher);
  Gray paper{small.size, {}};
  for (std::size_t y = 0; y < small.height(); ++y) {
    for (std::size_t x = 0; x < small.width(); ++x) {
      const double level = levels[y * small.width() + x] + surface.at(y, x);
      paper.levels.push_back(static_cast<std::uint8_t>(std::lround(std::clamp(level, 0.0, 255.0))));
    }
  }
  for (int i = 0; i < radius / 2; ++i) paper = smooth(paper);
  if (paper.size == picture.size) return paper;
  Gray result{picture.size, {}};
  result.levels.reserve(picture.levels.size());
  for (const double level : resample(paper.levels, paper.size, picture.size)) {
    result.levels.push_back(static_cast<std::uint8_t>(std::lround(level)));
  }
  return result;
}

// How much light the ink takes away, in proportion to what the paper around it reflects: 0 … 255.
Gray without_shading(const Gray& picture, double drawn_on = kDrawnOn) {
  Gray ink = paper_of(picture, drawn_on);
  const int lightest = 255 - *std::min_element(ink.levels.begin(), ink.levels.end());
  const int least = std::max(1, static_cast<int>(kDeepestShadow * lightest));
  for (std::size_t i = 0; i < ink.levels.size(); ++i) {
    const int paper = ink.levels[i];
    const int reflected = std::max(255 - paper, least);
    const int taken = std::max(picture.levels[i] - paper, 0);
    ink.levels[i] = static_cast<std::uint8_t>(std::min(255, taken * 255 / reflected));
  }
  return ink;
}

// Marks what is connected with pixels of ink at the border, each piece for itself.
class BorderPieces {
 public:
  BorderPieces(const Gray& ink, double least) : size_(ink.size), pieces_(ink.levels.size()) {
    for (std::size_t i = 0; i < pieces_.size(); ++i) pieces_[i] = ink.levels[i] > least ? kInk : 0;
  }

  // 1 for each pixel of a piece that covers kAround of the border; empty if there is none.
  std::vector<std::uint8_t> large() {
    const std::size_t height = static_cast<std::size_t>(size_.height);
    const std::size_t width = static_cast<std::size_t>(size_.width);
    std::vector<std::uint8_t> mask(pieces_.size());
    bool found = false;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (pieces_[i] != kInk || !is_border(i)) continue;
      std::vector<std::size_t> piece = trace(i);
      const auto contact = std::count_if(piece.begin(), piece.end(),
                                         [this](std::size_t pixel) { return is_border(pixel); });
      if (static_cast<double>(contact) < kAround * 2 * static_cast<double>(height + width)) {
        continue;
      }
      for (const std::size_t pixel : piece) mask[pixel] = 1;
      found = true;
    }
    if (!found) mask.clear();
    return mask;
  }

 private:
  static constexpr std::uint8_t kInk = 1;

  bool is_border(std::size_t pixel) const {
    const auto width = static_cast<std::size_t>(size_.width);
    const std::size_t y = pixel / width, x = pixel % width;
    return y == 0 || x == 0 || y + 1 == static_cast<std::size_t>(size_.height) || x + 1 == width;
  }

  // The piece that the pixel belongs to, which is erased.
  std::vector<std::size_t> trace(std::size_t start) {
    const auto width = static_cast<std::size_t>(size_.width);
    std::vector<std::size_t> piece{start};
    pieces_[start] = 0;
    const auto visit = [&](std::size_t pixel) {
      if (pieces_[pixel] != kInk) return;
      pieces_[pixel] = 0;
      piece.push_back(pixel);
    };
    for (std::size_t i = 0; i < piece.size(); ++i) {
      const std::size_t pixel = piece[i];
      if (pixel >= width) visit(pixel - width);
      if (pixel + width < pieces_.size()) visit(pixel + width);
      if (pixel % width > 0) visit(pixel - 1);
      if (pixel % width + 1 < width) visit(pixel + 1);
    }
    return piece;
  }

  Size2 size_;
  std::vector<std::uint8_t> pieces_;
};

// If a sheet lies on something else, makes that as light as the sheet and returns the sheet's box.
std::optional<Box> clear_frame(Gray& picture) {
  const std::optional<Tones> tones = find_tones(picture.levels);
  if (!tones) return std::nullopt;
  const double light = light_part_of_border(picture, *tones);
  if (std::max(light, 1 - light) < kFrameLine) return std::nullopt;
  const bool frame_is_light = light > 0.5;
  const std::vector<std::uint8_t> tone = pixels_of_tone(picture, *tones, frame_is_light);
  const std::vector<std::uint8_t> frame = reached_from_border(tone, picture.size);
  const auto all = static_cast<double>(tone.size());
  const auto outside = static_cast<double>(std::count(frame.begin(), frame.end(), 1));
  const auto drawn = static_cast<double>(std::count(tone.begin(), tone.end(), 1)) - outside;
  const double sheet = all - outside;
  if (sheet < kSmallestSheet * all || drawn < kLeastDrawn * sheet || drawn > kMostDrawn * sheet) {
    return std::nullopt;
  }
  const Box box = bounds_of_rest(frame, picture.size);
  if (covered_side(frame, picture.size, box, 0, kAskew) < kStraight) return std::nullopt;
  const std::vector<float> distances = distances_to(frame, picture.size);
  const double blur = kBlur * picture.longer_side() + 1;
  const auto level = static_cast<std::uint8_t>(frame_is_light ? tones->dark : tones->light);
  for (std::size_t i = 0; i < distances.size(); ++i) {
    if (distances[i] <= blur) picture.levels[i] = level;
  }
  return box;
}

// Makes paper of what lies around the sheet: a table, another sheet's edge. Nothing is changed
// where nothing else would be left. Returns whether something was.
bool remove_surroundings(Gray& ink, const Tones& tones) {
  const std::vector<std::uint8_t> around = BorderPieces(ink, tones.middle()).large();
  if (around.empty()) return false;
  const double blur = kBlur * ink.longer_side() + 1;
  const std::vector<float> distances = distances_to(around, ink.size);
  Gray rest = ink;
  for (std::size_t i = 0; i < distances.size(); ++i) {
    if (distances[i] <= blur) rest.levels[i] = static_cast<std::uint8_t>(tones.dark);
  }
  ink = std::move(rest);
  return true;
}

bool is_evenly_lit(const Gray& picture, const Tones& tones) {
  const Histogram histogram = count_levels(picture.levels);
  const auto middle = static_cast<std::size_t>(tones.middle());
  const int low = quantile(histogram, 0, middle, 0.1);
  const int high = quantile(histogram, 0, middle, 0.9);
  if (high - low > kEven * tones.contrast()) return false;
  const Gray overview = reduce(picture, reduction(picture, kOverview));
  return in_strokes(overview, tones, true);
}

// The ink with whatever noise the paper has, and the tones of both; none if they are the same.
std::optional<Tones> separate(const Gray& picture, Ink& ink) {
  std::optional<Tones> tones = find_tones(picture.levels);
  ink.evenly_lit = tones && is_evenly_lit(picture, *tones);
  ink.gray = ink.evenly_lit ? picture : without_shading(picture);
  tones = find_tones(ink.gray.levels, kFaintest);
  for (int i = 0; tones && i < kMostSurroundings; ++i) {
    Gray rest = ink.gray;
    if (!remove_surroundings(rest, *tones)) break;
    const std::optional<Tones> others = find_tones(rest.levels, kFaintest);
    // A drawing that fills the picture may lie on its border as a table does.
    if (!others && ink.evenly_lit) break;
    ink.gray = std::move(rest);
    tones = others;
  }
  return tones;
}

}  // namespace

Box leave_frame_out(Gray& picture) {
  Box box{0, 0, picture.size.width, picture.size.height};
  for (int i = 0; i < kMostFrames; ++i) {
    const std::optional<Box> inside = clear_frame(picture);
    if (!inside) break;
    picture = cut_out(picture, *inside);
    box = {box.left + inside->left, box.top + inside->top, inside->width, inside->height};
  }
  return box;
}

std::optional<bool> paper_is_light(const Gray& picture) {
  const Gray overview = reduce(picture, reduction(picture, kOverview));
  const std::optional<Tones> tones = find_tones(overview.levels);
  if (!tones) return std::nullopt;
  const double light = light_part_of_border(overview, *tones);
  const bool is_light = light > 0.5;
  const double part = std::max(light, 1 - light);
  const Histogram border = border_levels(overview);
  const auto middle = static_cast<std::size_t>(tones->middle());
  const std::size_t first = is_light ? middle + 1 : 0, last = is_light ? 255 : middle;
  const double spread =
      (quantile(border, first, last, 0.9) - quantile(border, first, last, 0.1)) / tones->contrast();
  // What a program drew may run over the border; a photograph's border may be a table's.
  if (part >= kPaperBorder ? spread <= kEvenBorder
                           : part >= kMostlyPaper && spread <= kPlainBorder) {
    return is_light;
  }
  return std::nullopt;
}

std::optional<Ink> ink_of(const Gray& picture) {
  Ink ink;
  const std::optional<Tones> tones = separate(picture, ink);
  if (!tones || tones->contrast() < kAboveNoise * noise_deviation(ink.gray)) return std::nullopt;
  ink.gray = stretch_contrast(std::move(ink.gray), *tones);
  return ink;
}

std::optional<Ink> small_ink_of(const Gray& picture) {
  Gray ink = without_shading(picture, kSmallDrawnOn);
  double sum = 0;
  double squares = 0;
  for (const std::uint8_t level : ink.levels) {
    sum += level;
    squares += static_cast<double>(level) * level;
  }
  // Where it is not small after all, but the border of a shadow hid it.
  if (const std::optional<Tones> tones = find_tones(ink.levels, kPlainInk)) {
    return Ink{stretch_contrast(std::move(ink), *tones), false};
  }
  const auto count = static_cast<double>(ink.levels.size());
  const double mean = sum / count;
  const double deviation = std::sqrt(std::max(0.0, squares / count - mean * mean));
  const double least = std::max(mean + kFaintest, mean + kStandsOut * deviation);
  double ink_sum = 0;
  double ink_count = 0;
  for (const std::uint8_t level : ink.levels) {
    if (level <= least) continue;
    ink_sum += level;
    ++ink_count;
  }
  if (ink_count == 0) return std::nullopt;
  return Ink{stretch_contrast(std::move(ink), {mean, ink_sum / ink_count}), false};
}

}  // namespace cnn
