#include "data/image/paper.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "data/image/distance.hpp"
#include "data/image/outline.hpp"
#include "data/image/shading.hpp"
#include "data/image/tones.hpp"

namespace cnn {
namespace {

// A sheet lies on something else if this part of the border has one tone, and what that does not
// reach covers so much of the picture, and so much of each side of its bounding box (seen from
// outside to this depth, for it may lie askew). What shows less than kLeastDrawn of ink is an empty
// sheet, or, if it is so slim, the stroke of a 1.
constexpr double kFrameLine = 0.9;
constexpr double kSmallestSheet = 0.4;
constexpr double kStraight = 0.85;
constexpr double kAskew = 0.14;
constexpr double kLeastDrawn = 0.003;
constexpr double kMostDrawn = 0.45;
constexpr int kSlim = 2;
constexpr int kMostFrames = 3;

// A border is paper if this part of it has one tone, and 8 of 10 of these pixels lie within this
// part of the contrast; less of it is enough if they are all but alike.
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
// The part of the picture's side up to which what is lighter counts as drawn on the paper.
constexpr double kDrawnOn = 1.0 / 3;
// The same for a small drawing on a large sheet, of which ink is so small a part that the light's
// unevenness outweighs it. Its ink stands out by so many deviations.
constexpr double kSmallDrawnOn = 1.0 / 10;
constexpr double kStandsOut = 6;
// Ink of which this much can be seen needs no such proof.
constexpr double kPlainInk = 50;

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

// Which pixels of a picture are marked and connected with others that are, as far as one of them
// lies on the border: one list per piece.
using Piece = std::vector<std::size_t>;

class BorderPieces {
 public:
  BorderPieces(std::vector<std::uint8_t> marked, Size2 size)
      : marked_(std::move(marked)),
        height_(static_cast<std::size_t>(size.height)),
        width_(static_cast<std::size_t>(size.width)) {}

  std::vector<Piece> find() {
    std::vector<Piece> pieces;
    for (std::size_t pixel = 0; pixel < marked_.size(); ++pixel) {
      if (marked_[pixel] != 0 && is_border(pixel)) pieces.push_back(trace(pixel));
    }
    return pieces;
  }

  // The part of the border that the piece covers.
  double contact(const Piece& piece) const {
    const auto pixels = std::count_if(piece.begin(), piece.end(),
                                      [this](std::size_t pixel) { return is_border(pixel); });
    return static_cast<double>(pixels) / static_cast<double>(2 * (height_ + width_));
  }

 private:
  bool is_border(std::size_t pixel) const {
    const std::size_t y = pixel / width_, x = pixel % width_;
    return y == 0 || x == 0 || y + 1 == height_ || x + 1 == width_;
  }

  // The piece that the pixel belongs to, whose marks are taken away.
  Piece trace(std::size_t start) {
    Piece piece;
    const auto visit = [&](std::size_t pixel) {
      if (marked_[pixel] == 0) return;
      marked_[pixel] = 0;
      piece.push_back(pixel);
    };
    visit(start);
    for (std::size_t i = 0; i < piece.size(); ++i) {
      const std::size_t pixel = piece[i];
      if (pixel >= width_) visit(pixel - width_);
      if (pixel + width_ < marked_.size()) visit(pixel + width_);
      if (pixel % width_ > 0) visit(pixel - 1);
      if (pixel % width_ + 1 < width_) visit(pixel + 1);
    }
    return piece;
  }

  std::vector<std::uint8_t> marked_;
  std::size_t height_;
  std::size_t width_;
};

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

Histogram border_levels(const Gray& picture) {
  Histogram border{};
  for (std::size_t y = 0; y < picture.height(); ++y) {
    const bool whole = y == 0 || y + 1 == picture.height();
    const std::size_t step = whole || picture.width() == 1 ? 1 : picture.width() - 1;
    for (std::size_t x = 0; x < picture.width(); x += step) ++border[picture.at(y, x)];
  }
  return border;
}

double light_part(const Histogram& levels, const Tones& tones) {
  const auto first_light = levels.begin() + static_cast<std::ptrdiff_t>(tones.middle()) + 1;
  return static_cast<double>(std::accumulate(first_light, levels.end(), std::size_t{0})) /
         static_cast<double>(std::accumulate(levels.begin(), levels.end(), std::size_t{0}));
}

// Whether the sheet shows ink of another tone than the frame's, as pencil and orange are lighter
// than a black frame. Pixels so near to the frame do not count.
bool shows_ink(const Gray& picture, const std::vector<float>& distances, double near) {
  std::vector<std::uint8_t> sheet;
  for (std::size_t i = 0; i < distances.size(); ++i) {
    if (distances[i] > near) sheet.push_back(picture.levels[i]);
  }
  const std::optional<Tones> tones = find_tones(sheet, kFaintest);
  if (!tones) return false;
  const double light = light_part(count_levels(sheet), *tones);
  const double drawn = std::min(light, 1 - light);
  return drawn >= kLeastDrawn && drawn <= kMostDrawn;
}

// If a sheet lies on something else, makes that as light as the sheet and returns the sheet's box.
std::optional<Box> clear_frame(Gray& picture) {
  const std::optional<Tones> tones = find_tones(picture.levels);
  if (!tones) return std::nullopt;
  const double light = light_part(border_levels(picture), *tones);
  if (std::max(light, 1 - light) < kFrameLine) return std::nullopt;
  const bool frame_is_light = light > 0.5;
  const std::vector<std::uint8_t> tone = pixels_of_tone(picture, *tones, frame_is_light);
  std::vector<std::uint8_t> frame(tone.size());
  for (const Piece& piece : BorderPieces(tone, picture.size).find()) {
    for (const std::size_t pixel : piece) frame[pixel] = 1;
  }
  const auto all = static_cast<double>(tone.size());
  const auto outside = static_cast<double>(std::count(frame.begin(), frame.end(), 1));
  const auto drawn = static_cast<double>(std::count(tone.begin(), tone.end(), 1)) - outside;
  const double sheet = all - outside;
  if (sheet < kSmallestSheet * all || drawn > kMostDrawn * sheet) return std::nullopt;
  const Box box = bounds_of_rest(frame, picture.size);
  if (covered_side(frame, picture.size, box, 0, kAskew) < kStraight) return std::nullopt;
  const std::vector<float> distances = distances_to(frame, picture.size);
  const double blur = kBlur * picture.longer_side() + 1;
  const bool slim = kSlim * std::min(box.width, box.height) <= std::max(box.width, box.height);
  if (slim && drawn < kLeastDrawn * sheet && !shows_ink(picture, distances, 2 * blur)) {
    return std::nullopt;
  }
  const auto level = static_cast<std::uint8_t>(frame_is_light ? tones->dark : tones->light);
  for (std::size_t i = 0; i < distances.size(); ++i) {
    if (distances[i] <= blur) picture.levels[i] = level;
  }
  return box;
}

// Makes paper of what lies around the sheet: a table, another sheet's edge. Returns whether
// something was there.
bool remove_surroundings(Gray& ink, const Tones& tones) {
  BorderPieces finder(pixels_of_tone(ink, tones, true), ink.size);
  std::vector<std::uint8_t> around(ink.levels.size());
  bool found = false;
  for (const Piece& piece : finder.find()) {
    if (finder.contact(piece) < kAround) continue;
    for (const std::size_t pixel : piece) around[pixel] = 1;
    found = true;
  }
  if (!found) return false;
  const double blur = kBlur * ink.longer_side() + 1;
  const std::vector<float> distances = distances_to(around, ink.size);
  for (std::size_t i = 0; i < distances.size(); ++i) {
    if (distances[i] <= blur) ink.levels[i] = static_cast<std::uint8_t>(tones.dark);
  }
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
  ink.gray = ink.evenly_lit ? picture : without_shading(picture, kDrawnOn);
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
  const Histogram border = border_levels(overview);
  const double light = light_part(border, *tones);
  const bool is_light = light > 0.5;
  const double part = std::max(light, 1 - light);
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
  ink.contrast = tones->contrast();
  ink.gray = stretch_contrast(std::move(ink.gray), *tones);
  return ink;
}

std::optional<Ink> small_ink_of(const Gray& picture) {
  Gray ink = without_shading(picture, kSmallDrawnOn);
  const double noise = kAboveNoise * noise_deviation(ink);
  // Where it is not small after all, but the border of a shadow hid it.
  if (const std::optional<Tones> tones = find_tones(ink.levels, std::max(kPlainInk, noise))) {
    return Ink{stretch_contrast(std::move(ink), *tones), false, tones->contrast()};
  }
  double sum = 0;
  double squares = 0;
  for (const std::uint8_t level : ink.levels) {
    sum += level;
    squares += static_cast<double>(level) * level;
  }
  const auto count = static_cast<double>(ink.levels.size());
  const double mean = sum / count;
  const double deviation = std::sqrt(std::max(0.0, squares / count - mean * mean));
  const double least = mean + std::max({kFaintest, kStandsOut * deviation, noise});
  double ink_sum = 0;
  double ink_count = 0;
  for (const std::uint8_t level : ink.levels) {
    if (level <= least) continue;
    ink_sum += level;
    ++ink_count;
  }
  if (ink_count == 0) return std::nullopt;
  const Tones tones{mean, ink_sum / ink_count};
  return Ink{stretch_contrast(std::move(ink), tones), false, tones.contrast()};
}

}  // namespace cnn
