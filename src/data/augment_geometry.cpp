#include "data/augment_geometry.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "base/vectors.hpp"

namespace cnn {
namespace {

// What is around an image: a row and a column before it, two after it. A source is moved to where
// it is at most one pixel outside; interpolation reads one further.
constexpr std::size_t kBefore = 1;
constexpr std::size_t kAround = 3;

// Copies the plane into the middle of what is around it.
CNN_INLINE void fill_source(const std::uint8_t* plane, std::size_t height, std::size_t width,
                            Real* source) {
  source += kBefore * (width + kAround) + kBefore;
  for (std::size_t y = 0; y < height; ++y, plane += width, source += width + kAround) {
    for (std::size_t x = 0; x < width; ++x) source[x] = plane[x];
  }
}

// Repeats the edge around the plane.
void extend_edge(std::size_t height, std::size_t width, Real* source) {
  const std::size_t pitch = width + kAround;
  for (std::size_t y = kBefore; y < kBefore + height; ++y) {
    Real* row = source + y * pitch;
    row[0] = row[kBefore];
    row[width + 1] = row[width + 2] = row[width];
  }
  std::copy_n(source + pitch, pitch, source);
  for (const std::size_t below : {height + 1, height + 2}) {
    std::copy_n(source + height * pitch, pitch, source + below * pitch);
  }
}

struct Planes {
  const Real* source;  // (H + 3, W + 3)
  Displacements displacements;
  std::size_t height;
  std::size_t width;
};

// image_yx = (1−b)·((1−a)·s_vu + a·s_v,u+1) + b·((1−a)·s_v+1,u + a·s_v+1,u+1), u and v being the
// whole parts of the source's position and a and b what remains of it.
CNN_INLINE void sample(const Planes& planes, const InverseMap& map, Real* image) {
  const Real* source = planes.source;
  const int width = static_cast<int>(planes.width);
  const int height = static_cast<int>(planes.height);
  const int stride = width + static_cast<int>(kAround);
  const Real right = static_cast<Real>(width) + Real{kBefore};
  const Real bottom = static_cast<Real>(height) + Real{kBefore};
  const Real ux = static_cast<Real>(map.ux), vx = static_cast<Real>(map.vx);
  for (int y = 0; y < height; ++y, image += width) {
    const std::size_t row_start = static_cast<std::size_t>(y) * planes.displacements.pitch;
    const Real* dx = planes.displacements.dx + row_start;
    const Real* dy = planes.displacements.dy + row_start;
    // Counted from the corner of what is around: nothing is below 0, and cutting off rounds down.
    const Real u0 = static_cast<Real>(map.uy * y + map.u0 + double{kBefore});
    const Real v0 = static_cast<Real>(map.vy * y + map.v0 + double{kBefore});
    for (int x = 0; x < width; ++x) {
      const Real u = std::clamp(ux * static_cast<Real>(x) + u0 + dx[x], Real{0}, right);
      const Real v = std::clamp(vx * static_cast<Real>(x) + v0 + dy[x], Real{0}, bottom);
      const int column = static_cast<int>(u), row = static_cast<int>(v);
      const Real a = u - static_cast<Real>(column), b = v - static_cast<Real>(row);
      const int at = row * stride + column;
      const Real above = source[at] + a * (source[at + 1] - source[at]);
      const Real below = source[at + stride] + a * (source[at + stride + 1] - source[at + stride]);
      image[x] = above + b * (below - above);
    }
  }
}

// The column, or the row, that a pixel comes from: of_x·x + of_y·y + start, of 0 … count − 1.
struct Source {
  std::int64_t of_x;
  std::int64_t of_y;
  std::int64_t start;
  std::int64_t count;
  std::int64_t stride;  // elements from one to the next

  std::int64_t at(std::int64_t x, std::int64_t y) const { return of_x * x + of_y * y + start; }
  bool holds(std::int64_t place) const { return place >= 0 && place < count; }
};

// Copies every step-th element. The neighbours are worth vectors.
CNN_INLINE void copy_steps(const std::uint8_t* from, std::int64_t step, std::int64_t count,
                           Real* to) {
  if (step == 1) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = from[i];
  } else if (step == -1) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = from[-i];
  } else {
    for (std::int64_t i = 0; i < count; ++i) to[i] = from[i * step];
  }
}

// Row y of the result. `along` is what changes along it, `across` is not.
void move_row(const std::uint8_t* plane, const Source& along, const Source& across, std::int64_t y,
              std::int64_t width, Fill fill, Real* row) {
  const std::int64_t fixed = across.at(0, y);
  const bool edge = fill == Fill::edge;
  if (!edge && !across.holds(fixed)) {
    std::fill_n(row, width, Real{0});
    return;
  }
  const std::uint8_t* line =
      plane + std::clamp<std::int64_t>(fixed, 0, across.count - 1) * across.stride;
  const auto value_at = [&](std::int64_t x) {
    const std::int64_t place = std::clamp<std::int64_t>(along.at(x, y), 0, along.count - 1);
    return edge ? static_cast<Real>(line[place * along.stride]) : Real{0};
  };
  // along.at(x) is in the image for x from `begin` up to, not including, `end`.
  const std::int64_t start = along.at(0, y);
  const std::int64_t first = along.of_x > 0 ? -start : start - along.count + 1;
  const std::int64_t begin = std::clamp<std::int64_t>(first, 0, width);
  const std::int64_t end = std::clamp<std::int64_t>(first + along.count, begin, width);
  std::fill_n(row, begin, value_at(0));
  if (begin < end) {
    vectorized<copy_steps>(line + along.at(begin, y) * along.stride, along.of_x * along.stride,
                           end - begin, row + begin);
  }
  std::fill_n(row + end, width - end, value_at(width - 1));
}

std::int64_t whole(double number) {
  return static_cast<std::int64_t>(std::lround(number));
}

}  // namespace

bool only_moves(const Distortion& d) {
  return d.angle == 0 && d.scale_x == 1 && d.scale_y == 1 && d.shear == 0;
}

// With p = (x, y) − middle: q = R·K·D·Q·F·p + t, D scaling, K shearing, R rotating, Q turning by
// quarters, F flipping. The inverse is p = F·Qᵀ·D⁻¹·K⁻¹·Rᵀ·(q − t).
InverseMap inverse_map(const Distortion& d, const Shape& shape) {
  const double middle_x = 0.5 * (shape.width - 1), middle_y = 0.5 * (shape.height - 1);
  const double cosine = std::cos(d.angle), sine = std::sin(d.angle);
  InverseMap map;
  map.ux = (cosine + d.shear * sine) / d.scale_x;
  map.uy = (sine - d.shear * cosine) / d.scale_x;
  map.vx = -sine / d.scale_y;
  map.vy = cosine / d.scale_y;
  for (int quarter = 0; quarter < d.quarters; ++quarter) {
    std::swap(map.ux, map.vx);
    std::swap(map.uy, map.vy);
    map.vx = -map.vx;
    map.vy = -map.vy;
  }
  if (d.flip) {
    map.ux = -map.ux;
    map.uy = -map.uy;
  }
  if (d.flip_vertical) {
    map.vx = -map.vx;
    map.vy = -map.vy;
  }
  const double x = middle_x + d.shift_x, y = middle_y + d.shift_y;
  map.u0 = middle_x - map.ux * x - map.uy * y;
  map.v0 = middle_y - map.vx * x - map.vy * y;
  return map;
}

void move_pixels(std::span<const std::uint8_t> pixels, const Shape& shape, const InverseMap& map,
                 Fill fill, View image) {
  const Source column{whole(map.ux), whole(map.uy), whole(map.u0), shape.width, 1};
  const Source row{whole(map.vx), whole(map.vy), whole(map.v0), shape.height, shape.width};
  const bool transposed = column.of_x == 0;
  const Source& along = transposed ? row : column;
  const Source& across = transposed ? column : row;
  Real* to = image.data();
  const auto plane = static_cast<std::size_t>(shape.height) * static_cast<std::size_t>(shape.width);
  for (std::size_t at = 0; at < pixels.size(); at += plane) {
    for (std::int64_t y = 0; y < shape.height; ++y, to += shape.width) {
      move_row(&pixels[at], along, across, y, shape.width, fill, to);
    }
  }
}

std::size_t warp_size(const Shape& shape) {
  return (static_cast<std::size_t>(shape.height) + kAround) *
         (static_cast<std::size_t>(shape.width) + kAround);
}

void warp_pixels(std::span<const std::uint8_t> pixels, const Shape& shape, const InverseMap& map,
                 const Displacements& displacements, Fill fill, std::span<Real> work, View image) {
  assert(work.size() == warp_size(shape));
  const auto height = static_cast<std::size_t>(shape.height);
  const auto width = static_cast<std::size_t>(shape.width);
  const Planes planes{work.data(), displacements, height, width};
  for (std::size_t at = 0; at < pixels.size(); at += height * width) {
    vectorized<fill_source>(&pixels[at], height, width, work.data());
    if (fill == Fill::edge) extend_edge(height, width, work.data());
    vectorized<sample>(planes, map, &image[at]);
  }
}

}  // namespace cnn
