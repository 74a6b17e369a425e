#include "data/image/outline.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace cnn {

double covered_side(const std::vector<std::uint8_t>& mask, Size2 size, const Box& box,
                    std::uint8_t value, double depth) {
  const int down = std::max(1, static_cast<int>(depth * box.height));
  const int across = std::max(1, static_cast<int>(depth * box.width));
  const auto height = static_cast<std::size_t>(box.height);
  const auto width = static_cast<std::size_t>(box.width);
  std::array<std::vector<std::uint8_t>, 4> sides{
      std::vector<std::uint8_t>(width), std::vector<std::uint8_t>(width),
      std::vector<std::uint8_t>(height), std::vector<std::uint8_t>(height)};
  auto& [top, bottom, left, right] = sides;
  for (int y = 0; y < box.height; ++y) {
    for (int x = 0; x < box.width; ++x) {
      const auto pixel =
          static_cast<std::size_t>(box.top + y) * static_cast<std::size_t>(size.width) +
          static_cast<std::size_t>(box.left + x);
      if (mask[pixel] != value) continue;
      if (y < down) top[static_cast<std::size_t>(x)] = 1;
      if (y >= box.height - down) bottom[static_cast<std::size_t>(x)] = 1;
      if (x < across) left[static_cast<std::size_t>(y)] = 1;
      if (x >= box.width - across) right[static_cast<std::size_t>(y)] = 1;
    }
  }
  double least = 1;
  for (const std::vector<std::uint8_t>& side : sides) {
    const auto covered = static_cast<double>(std::count(side.begin(), side.end(), 1));
    least = std::min(least, covered / static_cast<double>(side.size()));
  }
  return least;
}

}  // namespace cnn
