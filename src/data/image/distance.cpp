#include "data/image/distance.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace cnn {
namespace {

constexpr float kFar = 1e12F;

// values_x <- min over u of (x − u)² + values_u: the lower envelope of parabolas.
class Envelope {
 public:
  explicit Envelope(std::size_t longest)
      : values_(longest), roots_(longest), starts_(longest + 1) {}

  void apply(std::span<float> line, std::size_t step, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) values_[i] = line[i * step];
    std::size_t last = 0;
    roots_[0] = 0;
    starts_[0] = -std::numeric_limits<float>::infinity();
    for (std::size_t i = 1; i < count; ++i) {
      float start = crossing(roots_[last], i);
      while (last > 0 && start <= starts_[last]) start = crossing(roots_[--last], i);
      roots_[++last] = i;
      starts_[last] = start;
    }
    std::size_t piece = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto x = static_cast<float>(i);
      while (piece < last && starts_[piece + 1] < x) ++piece;
      const float apart = x - static_cast<float>(roots_[piece]);
      line[i * step] = apart * apart + values_[roots_[piece]];
    }
  }

 private:
  // Where the parabola at b begins to lie below that at a, a < b.
  float crossing(std::size_t a, std::size_t b) const {
    const auto u = static_cast<float>(a), v = static_cast<float>(b);
    return ((values_[b] + v * v) - (values_[a] + u * u)) / (2 * (v - u));
  }

  std::vector<float> values_;
  std::vector<std::size_t> roots_;
  std::vector<float> starts_;
};

}  // namespace

std::vector<float> distances_to(const std::vector<std::uint8_t>& mask, Size2 size) {
  const auto height = static_cast<std::size_t>(size.height);
  const auto width = static_cast<std::size_t>(size.width);
  std::vector<float> result(mask.size());
  for (std::size_t i = 0; i < mask.size(); ++i) result[i] = mask[i] != 0 ? 0.0F : kFar;
  Envelope envelope(height > width ? height : width);
  const std::span all(result);
  for (std::size_t x = 0; x < width; ++x) envelope.apply(all.subspan(x), width, height);
  for (std::size_t y = 0; y < height; ++y) envelope.apply(all.subspan(y * width), 1, width);
  for (float& value : result) value = std::sqrt(value);
  return result;
}

}  // namespace cnn
