#include "data/image/gray.hpp"

#include <algorithm>

namespace cnn {

Gray inverse(Gray gray) {
  for (std::uint8_t& level : gray.levels) level = static_cast<std::uint8_t>(255 - level);
  return gray;
}

Gray transpose(const Gray& gray) {
  Gray result{{gray.size.width, gray.size.height}, {}};
  result.levels.reserve(gray.levels.size());
  for (std::size_t x = 0; x < gray.width(); ++x) {
    for (std::size_t y = 0; y < gray.height(); ++y) result.levels.push_back(gray.at(y, x));
  }
  return result;
}

Gray cut_out(const Gray& gray, const Box& box) {
  Gray result{{box.height, box.width}, {}};
  result.levels.reserve(result.height() * result.width());
  for (int y = box.top; y < box.top + box.height; ++y) {
    const auto row = gray.levels.begin() + static_cast<std::ptrdiff_t>(y) * gray.size.width;
    result.levels.insert(result.levels.end(), row + box.left, row + box.left + box.width);
  }
  return result;
}

Gray reduce(const Gray& gray, int factor) {
  if (factor == 1) return gray;
  const auto step = static_cast<std::size_t>(factor);
  Gray result{{(gray.size.height + factor - 1) / factor, (gray.size.width + factor - 1) / factor},
              {}};
  result.levels.reserve(result.height() * result.width());
  std::vector<std::size_t> sums(result.width());
  for (std::size_t top = 0; top < gray.height(); top += step) {
    std::fill(sums.begin(), sums.end(), std::size_t{0});
    const std::size_t rows = std::min(step, gray.height() - top);
    for (std::size_t y = top; y < top + rows; ++y) {
      for (std::size_t x = 0; x < gray.width(); ++x) sums[x / step] += gray.at(y, x);
    }
    for (std::size_t column = 0; column < sums.size(); ++column) {
      const std::size_t count = rows * std::min(step, gray.width() - column * step);
      result.levels.push_back(static_cast<std::uint8_t>((sums[column] + count / 2) / count));
    }
  }
  return result;
}

int reduction(const Gray& gray, int most) {
  return (gray.longer_side() + most - 1) / most;
}

Gray smooth(const Gray& gray) {
  Gray result{gray.size, {}};
  result.levels.reserve(gray.levels.size());
  for (std::size_t y = 0; y < gray.height(); ++y) {
    const std::size_t top = y == 0 ? 0 : y - 1, bottom = std::min(y + 1, gray.height() - 1);
    for (std::size_t x = 0; x < gray.width(); ++x) {
      const std::size_t left = x == 0 ? 0 : x - 1, right = std::min(x + 1, gray.width() - 1);
      std::size_t sum = 0;
      for (std::size_t v = top; v <= bottom; ++v) {
        for (std::size_t u = left; u <= right; ++u) sum += gray.at(v, u);
      }
      const std::size_t count = (bottom - top + 1) * (right - left + 1);
      result.levels.push_back(static_cast<std::uint8_t>((sum + count / 2) / count));
    }
  }
  return result;
}

}  // namespace cnn
