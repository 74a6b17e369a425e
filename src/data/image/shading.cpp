#include "data/image/shading.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "data/image/resample.hpp"

namespace cnn {
namespace {

// Side of the reduced picture in which the paper's level is estimated.
constexpr int kLightMap = 96;
// Paper darker than this part of the lightest, or than this level, counts as if it were as light:
// what little it reflects is mostly noise.
constexpr double kDeepestShadow = 0.25;
constexpr int kBlack = 32;

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
