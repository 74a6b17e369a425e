#include "support/sketch.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.hpp"

namespace cnn {
namespace {

double distance(Point p, Point a, Point b) {
  const double length = std::hypot(b.x - a.x, b.y - a.y);
  double along = 0;
  if (length > 0) {
    along = ((p.x - a.x) * (b.x - a.x) + (p.y - a.y) * (b.y - a.y)) / (length * length);
  }
  along = std::clamp(along, 0.0, 1.0);
  return std::hypot(p.x - a.x - along * (b.x - a.x), p.y - a.y - along * (b.y - a.y));
}

void draw(Gray& gray, Point a, Point b, double radius) {
  const auto first = [&](double u, double v) {
    return std::max(0, static_cast<int>(std::floor(std::min(u, v) - radius - 1)));
  };
  const auto last = [&](double u, double v, int extent) {
    return std::min(extent - 1, static_cast<int>(std::ceil(std::max(u, v) + radius + 1)));
  };
  for (int y = first(a.y, b.y); y <= last(a.y, b.y, gray.size.height); ++y) {
    for (int x = first(a.x, b.x); x <= last(a.x, b.x, gray.size.width); ++x) {
      const double inside = radius + 0.5 - distance({x + 0.5, y + 0.5}, a, b);
      const auto level = static_cast<std::uint8_t>(std::lround(255 * std::clamp(inside, 0.0, 1.0)));
      std::uint8_t& pixel =
          gray.levels[static_cast<std::size_t>(y) * gray.width() + static_cast<std::size_t>(x)];
      pixel = std::max(pixel, level);
    }
  }
}

// From angle to angle, in degrees, clockwise from the right.
void add_arc(std::vector<Point>& line, Point middle, double rx, double ry, double from, double to) {
  constexpr int kSteps = 40;
  for (int i = 0; i <= kSteps; ++i) {
    const double angle = (from + (to - from) * i / kSteps) * std::numbers::pi / 180;
    line.push_back({middle.x + rx * std::cos(angle), middle.y + ry * std::sin(angle)});
  }
}

}  // namespace

Strokes seven_strokes() {
  return {{{0, 0}, {0.6, 0}, {0.2, 1}}};
}

Strokes two_strokes() {
  std::vector<Point> line;
  add_arc(line, {0.3, 0.3}, 0.3, 0.3, -180, 40);
  line.push_back({0, 1});
  line.push_back({0.6, 1});
  return {line};
}

Strokes zero_strokes() {
  std::vector<Point> line;
  add_arc(line, {0.35, 0.5}, 0.35, 0.5, 0, 360);
  return {line};
}

Strokes five_strokes(double gap) {
  std::vector<Point> line{{0.1, 0}, {0.1, 0.45}};
  add_arc(line, {0.3, 0.7}, 0.3, 0.3, -120, 140);
  return {line, {{0.1 + gap, 0}, {0.6, 0}}};
}

Strokes placed(Strokes strokes, double left, double top, double height) {
  for (auto& line : strokes) {
    for (Point& point : line) point = {left + height * point.x, top + height * point.y};
  }
  return strokes;
}

Strokes turned(Strokes strokes, double degrees, Point about) {
  const double angle = degrees * std::numbers::pi / 180;
  for (auto& line : strokes) {
    for (Point& point : line) {
      const double x = point.x - about.x, y = point.y - about.y;
      point = {about.x + x * std::cos(angle) - y * std::sin(angle),
               about.y + x * std::sin(angle) + y * std::cos(angle)};
    }
  }
  return strokes;
}

Strokes operator+(Strokes a, const Strokes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Gray sketch(Size2 size, const Strokes& strokes, double radius) {
  Gray gray{size, {}};
  gray.levels.resize(gray.height() * gray.width());
  for (const std::vector<Point>& line : strokes) {
    for (std::size_t i = 1; i < line.size(); ++i) draw(gray, line[i - 1], line[i], radius);
  }
  return gray;
}

Gray on_paper(const Gray& ink, const std::function<double(double, double)>& paper,
              double reflected) {
  Gray result{ink.size, {}};
  result.levels.reserve(ink.levels.size());
  for (int y = 0; y < ink.size.height; ++y) {
    for (int x = 0; x < ink.size.width; ++x) {
      const double covered =
          ink.at(static_cast<std::size_t>(y), static_cast<std::size_t>(x)) / 255.0;
      const double level = paper(y, x) * (1 - covered * (1 - reflected));
      result.levels.push_back(
          static_cast<std::uint8_t>(std::lround(std::clamp(level, 0.0, 255.0))));
    }
  }
  return result;
}

Gray with_noise(Gray gray, double deviation, std::uint64_t seed) {
  const Random random(seed, Purpose::initialisation);
  for (std::size_t i = 0; i < gray.levels.size(); ++i) {
    // Of twelve uniform numbers the sum has deviation 1.
    double sum = -6;
    for (std::size_t k = 0; k < 12; ++k) sum += random.uniform(12 * i + k);
    const double level = gray.levels[i] + deviation * sum;
    gray.levels[i] = static_cast<std::uint8_t>(std::lround(std::clamp(level, 0.0, 255.0)));
  }
  return gray;
}

Box box_of(const Gray& ink, int least) {
  int left = ink.size.width, top = ink.size.height, right = -1, bottom = -1;
  for (int y = 0; y < ink.size.height; ++y) {
    for (int x = 0; x < ink.size.width; ++x) {
      if (ink.at(static_cast<std::size_t>(y), static_cast<std::size_t>(x)) < least) continue;
      left = std::min(left, x);
      right = std::max(right, x);
      top = std::min(top, y);
      bottom = std::max(bottom, y);
    }
  }
  if (right < 0) return {};
  return {left, top, right - left + 1, bottom - top + 1};
}

double overlap(const Gray& a, const Gray& b, int least) {
  std::size_t both = 0;
  std::size_t either = 0;
  for (std::size_t i = 0; i < a.levels.size(); ++i) {
    const bool in_a = a.levels[i] >= least, in_b = b.levels[i] >= least;
    both += in_a && in_b;
    either += in_a || in_b;
  }
  return either == 0 ? 1 : static_cast<double>(both) / static_cast<double>(either);
}

}  // namespace cnn
