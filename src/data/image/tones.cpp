#include "data/image/tones.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace cnn {
namespace {

constexpr double kTypical = 0.9;

}  // namespace

Histogram count_levels(std::span<const std::uint8_t> levels) {
  Histogram histogram{};
  for (const std::uint8_t level : levels) ++histogram[level];
  return histogram;
}

int quantile(const Histogram& histogram, std::size_t first, std::size_t last, double part) {
  std::size_t total = 0;
  for (std::size_t level = first; level <= last; ++level) total += histogram[level];
  if (total == 0) return static_cast<int>(last);
  const double wanted = part * static_cast<double>(total);
  std::size_t seen = 0;
  std::size_t level = first;
  for (; level < last; ++level) {
    seen += histogram[level];
    if (static_cast<double>(seen) >= wanted) break;
  }
  return static_cast<int>(level);
}

std::optional<Tones> find_tones(std::span<const std::uint8_t> levels, double least) {
  const Histogram histogram = count_levels(levels);
  double total = 0;
  for (std::size_t level = 0; level < histogram.size(); ++level) {
    total += static_cast<double>(level) * static_cast<double>(histogram[level]);
  }
  const auto count = static_cast<double>(levels.size());
  Tones best{0, 0};
  double best_variance = 0;
  double dark_count = 0;
  double dark_sum = 0;
  for (std::size_t level = 0; level < histogram.size(); ++level) {
    dark_count += static_cast<double>(histogram[level]);
    dark_sum += static_cast<double>(level) * static_cast<double>(histogram[level]);
    if (dark_count == 0 || dark_count == count) continue;
    const Tones tones{dark_sum / dark_count, (total - dark_sum) / (count - dark_count)};
    const double variance = dark_count * (count - dark_count) * tones.contrast() * tones.contrast();
    if (variance > best_variance) {
      best_variance = variance;
      best = tones;
    }
  }
  if (best.contrast() < least) return std::nullopt;
  return best;
}

Gray stretch_contrast(Gray picture, const Tones& tones) {
  const Histogram histogram = count_levels(picture.levels);
  const auto middle = static_cast<std::size_t>(tones.middle());
  const int paper = quantile(histogram, 0, middle, kTypical);
  const int ink = quantile(histogram, middle + 1, 255, kTypical);
  std::array<std::uint8_t, 256> stretched{};
  for (int level = 0; level < 256; ++level) {
    const int value = (2 * 255 * (level - paper) + (ink - paper)) / (2 * (ink - paper));
    stretched[static_cast<std::size_t>(level)] =
        static_cast<std::uint8_t>(std::clamp(value, 0, 255));
  }
  for (std::uint8_t& level : picture.levels) level = stretched[level];
  return picture;
}

double noise_deviation(const Gray& picture) {
  Histogram differences{};
  for (std::size_t y = 0; y < picture.height(); ++y) {
    for (std::size_t x = 1; x < picture.width(); ++x) {
      ++differences[static_cast<std::size_t>(
          std::abs(int{picture.at(y, x)} - int{picture.at(y, x - 1)}))];
    }
  }
  // The difference of two normal numbers of deviation s has median magnitude 0.954 s.
  return quantile(differences, 0, 255, 0.5) / 0.954;
}

}  // namespace cnn
