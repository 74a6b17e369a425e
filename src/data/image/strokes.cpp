#include "data/image/strokes.hpp"

#include <algorithm>
#include <cmath>

#include "data/image/distance.hpp"
#include "data/image/resample.hpp"

namespace cnn {
namespace {

// Distances are measured on a drawing this many times as large as wanted.
constexpr int kFiner = 8;
// Ink begins at this level.
constexpr double kEdge = 100;
// Most of a stroke's thickness that is taken away.
constexpr double kMostTaken = 0.6;
constexpr int kRounds = 3;
// No stroke is thicker than this part of the box: a range comes from a model file.
constexpr double kThickest = 0.5;
// What is thinner than the range becomes no hairline but as thick as this part of the range.
constexpr double kHairline = 1.0 / 3;
// Less is not worth a change.
constexpr double kLeastChange = 0.1;

// The longer side becomes `side`, the other in proportion.
Size2 fit(Size2 size, double side) {
  const double scale = side / std::max(size.height, size.width);
  const auto scaled = [scale](int extent) {
    return std::max(1, static_cast<int>(std::lround(extent * scale)));
  };
  return {scaled(size.height), scaled(size.width)};
}

double thickness_of(const std::vector<double>& levels, Size2 size) {
  const auto height = static_cast<std::size_t>(size.height);
  const auto width = static_cast<std::size_t>(size.width);
  double area = 0;
  double edge = 0;
  const auto at = [&](std::size_t y, std::size_t x) {
    return y < 1 || x < 1 || y > height || x > width ? 0.0 : levels[(y - 1) * width + x - 1];
  };
  // Rows and columns from 1; 0 and those after the last are background.
  for (std::size_t y = 0; y <= height; ++y) {
    for (std::size_t x = 0; x <= width; ++x) {
      const double a = at(y, x), b = at(y, x + 1), c = at(y + 1, x), d = at(y + 1, x + 1);
      area += a;
      // Roberts' cross: both diagonals of a square of four pixels.
      edge += std::hypot(a - d, b - c) / std::sqrt(2.0);
    }
  }
  return edge > 0 ? 2 * area / edge : 0;
}

// Hairlines have no thickness of their own; thicker strokes keep what they may.
double wanted_thickness(double thickness, const StrokeRange& strokes) {
  if (thickness > strokes.thickest) return strokes.thickest;
  if (thickness > strokes.thinnest) return thickness;
  return strokes.thinnest + kHairline * (strokes.thickest - strokes.thinnest);
}

// Where ink begins on a fine grid: a line thinner than its pixels is fainter there.
double edge_of(const Gray& drawing, Size2 fine) {
  const double scale = static_cast<double>(std::max(drawing.size.height, drawing.size.width)) /
                       std::max(fine.height, fine.width);
  return stroke_thickness(drawing.levels, drawing.size) < scale ? kEdge / scale : kEdge;
}

// A drawing on a fine grid, and how far each of its pixels lies inside its edge.
class Outline {
 public:
  // The drawing fills `size` wanted pixels; around it is room for it to grow by `margin` of them.
  Outline(const Gray& drawing, Size2 size, int margin)
      : size_{size.height + 2 * margin, size.width + 2 * margin} {
    const Size2 fine{size.height * kFiner, size.width * kFiner};
    const std::vector<double> levels = resample(drawing.levels, drawing.size, fine);
    const double edge = edge_of(drawing, fine);
    const Size2 all{size_.height * kFiner, size_.width * kFiner};
    const auto width = static_cast<std::size_t>(all.width);
    std::vector<std::uint8_t> ink(static_cast<std::size_t>(all.height) * width);
    std::size_t from = 0;
    for (int y = 0; y < fine.height; ++y) {
      const std::size_t row = static_cast<std::size_t>(y + margin * kFiner) * width +
                              static_cast<std::size_t>(margin * kFiner);
      for (std::size_t x = 0; x < static_cast<std::size_t>(fine.width); ++x) {
        ink[row + x] = levels[from++] >= edge;
      }
    }
    const std::vector<float> outside = distances_to(ink, all);
    for (std::uint8_t& pixel : ink) pixel = pixel == 0;
    const std::vector<float> inside = distances_to(ink, all);
    depth_.reserve(ink.size());
    for (std::size_t i = 0; i < ink.size(); ++i) {
      depth_.push_back(ink[i] == 0 ? inside[i] - 0.5F : 0.5F - outside[i]);
    }
  }

  // Its ink after the edge has moved outwards by `growth` wanted pixels: 0 … 255.
  Redrawn at(double growth) const {
    Redrawn result{size_, {}};
    const auto height = static_cast<std::size_t>(size_.height);
    const auto width = static_cast<std::size_t>(size_.width);
    const double shift = growth * kFiner + 0.5;
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        double sum = 0;
        for (std::size_t v = 0; v < kFiner; ++v) {
          const std::size_t row = (y * kFiner + v) * width * kFiner + x * kFiner;
          for (std::size_t u = 0; u < kFiner; ++u) {
            sum += std::clamp(depth_[row + u] + shift, 0.0, 1.0);
          }
        }
        result.levels.push_back(255 * sum / (kFiner * kFiner));
      }
    }
    return result;
  }

 private:
  Size2 size_;
  std::vector<float> depth_;  // in fine pixels, negative outside
};

}  // namespace

double stroke_thickness(std::span<const std::uint8_t> levels, Size2 size) {
  return thickness_of({levels.begin(), levels.end()}, size);
}

Redrawn redraw(const Gray& drawing, int box, const StrokeRange& strokes) {
  Redrawn result{fit(drawing.size, box), {}};
  result.levels = resample(drawing.levels, drawing.size, result.size);
  if (strokes.thickest <= 0) return result;

  const Outline first(drawing, result.size, 1);
  double thickness = thickness_of(first.at(0).levels, first.at(0).size);
  if (thickness == 0) return result;
  const double wanted = std::min(wanted_thickness(thickness, strokes), kThickest * box);
  if (std::abs(wanted - thickness) < kLeastChange) return result;
  const double least = -kMostTaken / 2 * thickness;
  double growth = 0;
  for (int round = 0; round < kRounds; ++round) {
    growth = std::max(growth + (wanted - thickness) / 2, least);
    const double inner = std::max(1.0, box - 2 * growth);
    const Size2 size = fit(drawing.size, inner);
    const int margin = std::max(1, static_cast<int>(std::ceil(growth)));
    result = Outline(drawing, size, margin).at(growth);
    thickness = thickness_of(result.levels, result.size);
  }
  return result;
}

}  // namespace cnn
