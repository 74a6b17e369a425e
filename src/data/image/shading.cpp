#include "data/image/shading.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace cnn {
namespace {

// Side of the reduced picture in which the paper's level is estimated.
constexpr int kLightMap = 96;
// The picture is made smooth, so that the darkest of its noise does not count as paper, and shadows
// grow again by what that took from their edges, which would be left as ink: once for so many
// pixels of the longer side.
constexpr int kPixelsASmoothing = 256;
// Paper darker than this part of the lightest, or than this level, counts as if it were as light:
// what little it reflects is mostly noise.
constexpr double kDeepestShadow = 0.25;
constexpr int kBlack = 32;

// values_i <- the best of values_{i−radius} … values_{i+radius}, along lines of a plane, in time
// that does not depend on the radius: candidates are kept in order, the best one first.
template <typename Better>
void filter_lines(std::vector<float>& values, Size2 size, int radius, Better better) {
  const auto height = static_cast<std::size_t>(size.height);
  const auto width = static_cast<std::size_t>(size.width);
  const auto reach = static_cast<std::size_t>(radius);
  std::vector<float> line(std::max(height, width));
  std::vector<std::size_t> candidates(line.size());
  const auto along = [&](std::size_t start, std::size_t step, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) line[i] = values[start + i * step];
    std::size_t first = 0, last = 0, next = 0;
    for (std::size_t i = 0; i < count; ++i) {
      for (; next < std::min(i + reach + 1, count); ++next) {
        while (last > first && !better(line[candidates[last - 1]], line[next])) --last;
        candidates[last++] = next;
      }
      if (candidates[first] + reach < i) ++first;
      values[start + i * step] = line[candidates[first]];
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

  double at(double y, double x) const {
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

  // 0, 0 is the middle of the first pixel.
  Terms terms_at(double y, double x) const {
    const double v = y / static_cast<double>(map_.height());
    const double u = x / static_cast<double>(map_.width());
    return {1, u, v, u * u, u * v, v * v};
  }

  // Solves the normal equations by elimination.
  void fit() {
    std::array<std::array<double, kTerms + 1>, kTerms> rows{};
    for (std::size_t y = 0; y < map_.height(); ++y) {
      for (std::size_t x = 0; x < map_.width(); ++x) {
        if (used_[y * map_.width() + x] == 0) continue;
        const Terms terms = terms_at(static_cast<double>(y), static_cast<double>(x));
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
      for (std::size_t x = 0; x < map_.width(); ++x) {
        apart.push_back(map_.at(y, x) - at(static_cast<double>(y), static_cast<double>(x)));
      }
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

// What is higher than its surroundings and narrower than 2 radius + 1 is taken away (a
// morphological opening); what stays grows by `growth`.
void open(std::vector<float>& levels, Size2 size, int radius, int growth) {
  filter_lines(levels, size, radius, [](float a, float b) { return a < b; });
  filter_lines(levels, size, radius + growth, [](float a, float b) { return a > b; });
}

// The paper's level at each place: the picture without what is drawn, which is lighter than its
// surroundings and smaller than `drawn_on`. The opening keeps what rises or falls all the way, as
// the edge of a shadow does, however sharp it is; what bends, as the light of a lamp, it keeps
// where a surface of the second degree has been taken away before. Neither is above the paper.
Gray paper_of(const Gray& picture, double drawn_on) {
  const Gray map = reduce(picture, reduction(picture, kLightMap));
  const Surface surface(map);
  const int smoothings = (picture.longer_side() + kPixelsASmoothing / 2) / kPixelsASmoothing;
  Gray paper = picture;
  for (int i = 0; i < smoothings; ++i) paper = smooth(paper);
  const double down = static_cast<double>(map.size.height) / paper.size.height;
  const double across = static_cast<double>(map.size.width) / paper.size.width;
  std::vector<float> levels(paper.levels.begin(), paper.levels.end()), bent, light;
  for (std::size_t y = 0, i = 0; y < paper.height(); ++y) {
    for (std::size_t x = 0; x < paper.width(); ++x, ++i) {
      light.push_back(
          static_cast<float>(surface.at((static_cast<double>(y) + 0.5) * down - 0.5,
                                        (static_cast<double>(x) + 0.5) * across - 0.5)));
      bent.push_back(levels[i] - light[i]);
    }
  }
  const double side = std::sqrt(static_cast<double>(levels.size()));
  const int radius = std::max(1, static_cast<int>(std::lround(drawn_on / 2 * side)));
  open(levels, paper.size, radius, smoothings);
  open(bent, paper.size, radius, smoothings);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const float level = std::clamp(std::max(levels[i], bent[i] + light[i]), 0.0F, 255.0F);
    paper.levels[i] = static_cast<std::uint8_t>(std::lround(level));
  }
  return paper;
}

}  // namespace

Gray without_shading(const Gray& picture, double drawn_on) {
  Gray ink = paper_of(picture, drawn_on);
  const int lightest = 255 - *std::min_element(ink.levels.begin(), ink.levels.end());
  const int least = std::max(kBlack, static_cast<int>(kDeepestShadow * lightest));
  for (std::size_t i = 0; i < ink.levels.size(); ++i) {
    const int paper = ink.levels[i];
    const int reflected = std::max(255 - paper, least);
    const int taken = std::max(picture.levels[i] - paper, 0);
    ink.levels[i] = static_cast<std::uint8_t>(std::min(255, taken * 255 / reflected));
  }
  return ink;
}

}  // namespace cnn
