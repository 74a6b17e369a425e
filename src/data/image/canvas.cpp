#include "data/image/canvas.hpp"

#include <algorithm>
#include <utility>

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

}  // namespace

template <typename Sample>
Canvas<Sample>::Canvas(const Stored& stored)
    : stored_(stored), upright_{stored.colours, stored.height, stored.width} {
  if (Turn(stored.orientation).transposed) std::swap(upright_.height, upright_.width);
  planes_.resize(stored.samples() * static_cast<std::size_t>(stored.width) *
                 static_cast<std::size_t>(stored.height));
}

template <typename Sample>
void Canvas<Sample>::put_row(int y, const Sample* row) noexcept {
  const Turn turn(stored_.orientation);
  const std::ptrdiff_t height = upright_.height;
  const std::ptrdiff_t width = upright_.width;
  // Where the row's first pixel comes to stand, and how far it is to the next.
  std::ptrdiff_t start = 0;
  std::ptrdiff_t step = 0;
  if (turn.transposed) {
    start = (turn.upside_down ? (height - 1) * width : 0) + (turn.mirrored ? width - 1 - y : y);
    step = turn.upside_down ? -width : width;
  } else {
    start = (turn.upside_down ? height - 1 - y : y) * width + (turn.mirrored ? width - 1 : 0);
    step = turn.mirrored ? -1 : 1;
  }
  const std::size_t samples = stored_.samples();
  for (std::size_t s = 0; s < samples; ++s) {
    Sample* const plane = planes_.data() + static_cast<std::ptrdiff_t>(s) * height * width + start;
    const Sample* from = row + s;
    if (step == 1) {
      for (int x = 0; x < stored_.width; ++x)
        plane[x] = from[static_cast<std::size_t>(x) * samples];
    } else {
      std::ptrdiff_t at = 0;
      for (int x = 0; x < stored_.width; ++x, at += step, from += samples) plane[at] = *from;
    }
  }
}

template <typename Sample>
Image Canvas<Sample>::finish() && {
  const std::size_t coloured = upright_.size();
  Bytes planes = to_bytes(std::move(planes_), coloured);
  if (stored_.alpha) {
    const auto colours = static_cast<std::size_t>(stored_.colours);
    lay_over_ground(planes, colours, coloured / colours);
  }
  return {upright_, std::move(planes)};
}

template class Canvas<std::uint8_t>;
template class Canvas<std::uint16_t>;

}  // namespace cnn
