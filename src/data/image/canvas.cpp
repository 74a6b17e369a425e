#include "data/image/canvas.hpp"

#include <algorithm>
#include <utility>

#include "base/vectors.hpp"
#include "data/image/sample_depth.hpp"

namespace cnn {
namespace {

using Bytes = std::vector<std::uint8_t>;

// Less than this much of what can be seen is dark: what is drawn is light.
constexpr double kDarkPart = 0.02;

// c·a + ground·(1 − a), rounded to nearest.
std::uint8_t over(unsigned ground, unsigned colour, unsigned alpha) {
  return static_cast<std::uint8_t>((colour * alpha + ground * (255 - alpha) + 127) / 255);
}

// What lies behind a picture of `colours` planes and one of alpha.
unsigned ground_of(const Bytes& planes, std::size_t colours, std::size_t area) {
  std::size_t visible = 0;
  std::size_t dark = 0;
  for (std::size_t at = 0; at < area; ++at) {
    if (planes[colours * area + at] < 128) continue;
    unsigned sum = 0;
    for (std::size_t c = 0; c < colours; ++c) sum += planes[c * area + at];
    ++visible;
    dark += sum < 128 * colours;
  }
  const bool light =
      visible > 0 && static_cast<double>(dark) <= kDarkPart * static_cast<double>(visible);
  return light ? 0 : 255;
}

void lay_over_ground(Bytes& planes, std::size_t colours, std::size_t area) {
  const unsigned ground = ground_of(planes, colours, area);
  for (std::size_t c = 0; c < colours; ++c) {
    for (std::size_t at = 0; at < area; ++at) {
      std::uint8_t& level = planes[c * area + at];
      level = over(ground, level, planes[colours * area + at]);
    }
  }
  planes.resize(colours * area);
}

Bytes to_bytes(Bytes planes, std::size_t /*coloured*/) {
  return planes;
}

// The first `coloured` samples by the range that they use, the others, of alpha, by all of it.
Bytes to_bytes(const std::vector<std::uint16_t>& planes, std::size_t coloured) {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < coloured; ++i) largest = std::max<std::uint32_t>(largest, planes[i]);
  const std::uint32_t range = used_range(largest, 65535);
  Bytes bytes;
  bytes.reserve(planes.size());
  for (std::size_t i = 0; i < planes.size(); ++i) {
    bytes.push_back(to_byte(planes[i], i < coloured ? range : 65535));
  }
  return bytes;
}

// Plane by plane, so that no more than one is there twice; in squares that caches hold, because one
// side of an exchange of rows and columns jumps from row to row.
void turn_upright(Image& image, const Turn& turn) {
  constexpr std::size_t kSquare = 64;
  const auto from_height = static_cast<std::size_t>(image.shape.height);
  const auto from_width = static_cast<std::size_t>(image.shape.width);
  if (turn.transposed) std::swap(image.shape.height, image.shape.width);
  const auto height = static_cast<std::size_t>(image.shape.height);
  const auto width = static_cast<std::size_t>(image.shape.width);
  Bytes stored;
  for (std::size_t start = 0; start < image.pixels.size(); start += height * width) {
    const auto plane = image.pixels.begin() + static_cast<std::ptrdiff_t>(start);
    stored.assign(plane, plane + static_cast<std::ptrdiff_t>(height * width));
    // The place of the stored pixel (v, u) is first + v·down + u·across.
    const std::ptrdiff_t to_right = turn.mirrored ? -1 : 1;
    const std::ptrdiff_t to_below =
        static_cast<std::ptrdiff_t>(width) * (turn.upside_down ? -1 : 1);
    const std::ptrdiff_t down = turn.transposed ? to_right : to_below;
    const std::ptrdiff_t across = turn.transposed ? to_below : to_right;
    std::uint8_t* const first = image.pixels.data() + start +
                                (turn.upside_down ? (height - 1) * width : 0) +
                                (turn.mirrored ? width - 1 : 0);
    for (std::size_t top = 0; top < from_height; top += kSquare) {
      for (std::size_t left = 0; left < from_width; left += kSquare) {
        const std::size_t bottom = std::min(top + kSquare, from_height);
        const std::size_t right = std::min(left + kSquare, from_width);
        for (std::size_t v = top; v < bottom; ++v) {
          std::ptrdiff_t to =
              static_cast<std::ptrdiff_t>(v) * down + static_cast<std::ptrdiff_t>(left) * across;
          for (std::size_t u = left; u < right; ++u, to += across) {
            first[to] = stored[v * from_width + u];
          }
        }
      }
    }
  }
}

using Bytes16 = std::uint8_t __attribute__((vector_size(16)));

CNN_INLINE Bytes16 load_16(const std::uint8_t* from) {
  Bytes16 bytes;
  __builtin_memcpy(&bytes, from, sizeof bytes);
  return bytes;
}

CNN_INLINE void store_16(const Bytes16& bytes, std::uint8_t* to) {
  __builtin_memcpy(to, &bytes, sizeof bytes);
}

// A row of RGB to its planes, 16 pixels at a time: a third of the time that decoding took went into
// jumping over two samples of three.
CNN_INLINE void separate_rgb(const std::uint8_t* row, std::size_t width, std::uint8_t* red,
                             std::uint8_t* green, std::uint8_t* blue) {
  std::size_t x = 0;
  for (; x + 16 <= width; x += 16) {
    const Bytes16 a = load_16(row + 3 * x), b = load_16(row + 3 * x + 16);
    const Bytes16 c = load_16(row + 3 * x + 32);
    // Of a and b what is there, in order, and what c has behind it.
    const Bytes16 r =
        __builtin_shufflevector(a, b, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0);
    const Bytes16 g =
        __builtin_shufflevector(a, b, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0);
    const Bytes16 u =
        __builtin_shufflevector(a, b, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0);
    store_16(__builtin_shufflevector(r, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29),
             red + x);
    store_16(__builtin_shufflevector(g, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30),
             green + x);
    store_16(__builtin_shufflevector(u, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31),
             blue + x);
  }
  for (; x < width; ++x) {
    red[x] = row[3 * x];
    green[x] = row[3 * x + 1];
    blue[x] = row[3 * x + 2];
  }
}

}  // namespace

template <typename Sample>
Canvas<Sample>::Canvas(const Stored& stored) : stored_(stored) {
  planes_.resize(stored.samples() * static_cast<std::size_t>(stored.width) *
                 static_cast<std::size_t>(stored.height));
}

template <typename Sample>
void Canvas<Sample>::put_row(int y, const Sample* row) noexcept {
  const auto width = static_cast<std::size_t>(stored_.width);
  const std::size_t area = width * static_cast<std::size_t>(stored_.height);
  const std::size_t samples = stored_.samples();
  Sample* to = planes_.data() + static_cast<std::size_t>(y) * width;
  if constexpr (sizeof(Sample) == 1) {
    if (samples == 3) return vectorized<separate_rgb>(row, width, to, to + area, to + 2 * area);
  }
  for (std::size_t s = 0; s < samples; ++s, to += area) {
    for (std::size_t x = 0; x < width; ++x) to[x] = row[x * samples + s];
  }
}

template <typename Sample>
Image Canvas<Sample>::finish() && {
  const std::size_t area =
      static_cast<std::size_t>(stored_.width) * static_cast<std::size_t>(stored_.height);
  const auto colours = static_cast<std::size_t>(stored_.colours);
  Bytes planes = to_bytes(std::move(planes_), colours * area);
  if (stored_.alpha) lay_over_ground(planes, colours, area);
  Image image{{stored_.colours, stored_.height, stored_.width}, std::move(planes)};
  if (stored_.orientation != 1) turn_upright(image, Turn(stored_.orientation));
  return image;
}

template class Canvas<std::uint8_t>;
template class Canvas<std::uint16_t>;

}  // namespace cnn
