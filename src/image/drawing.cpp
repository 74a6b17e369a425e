#include "image/drawing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "cnn/image_statistics.hpp"

#include "image/resample.hpp"

namespace cnn {
namespace {

using Histogram = std::array<std::size_t, 256>;

// Tones closer than this are noise on an empty sheet.
constexpr double kLeastContrast = 24;

// A connected part with less than 1/32 of the ink of the largest one is a speck.
constexpr std::size_t kSpeck = 32;

// The level that stands for the background, or for the ink, is not exceeded by this part of its
// pixels: paper is not even and ink not evenly strong.
constexpr double kTypical = 0.9;

Histogram count_levels(std::span<const std::uint8_t> pixels) {
  Histogram histogram{};
  for (const std::uint8_t level : pixels) ++histogram[level];
  return histogram;
}

// The level that `part` of the counted pixels in first … 255 do not exceed.
int quantile(const Histogram& histogram, std::size_t first, double part) {
  std::size_t total = 0;
  for (std::size_t level = first; level < histogram.size(); ++level) total += histogram[level];
  const double wanted = part * static_cast<double>(total);
  std::size_t seen = 0;
  std::size_t level = first;
  for (; level + 1 < histogram.size(); ++level) {
    seen += histogram[level];
    if (static_cast<double>(seen) >= wanted) break;
  }
  return static_cast<int>(level);
}

// Box of pixels, the last row and column included.
struct Bounds {
  std::size_t top = 0, left = 0, bottom = 0, right = 0;

  void include(const Bounds& other) {
    top = std::min(top, other.top);
    left = std::min(left, other.left);
    bottom = std::max(bottom, other.bottom);
    right = std::max(right, other.right);
  }
  Size2 size() const {
    return {static_cast<int>(bottom - top + 1), static_cast<int>(right - left + 1)};
  }
};

// Neighbouring drawn pixels.
struct Part {
  Bounds bounds;
  std::size_t ink = 0;  // pixels in the upper half of 0 … 255
};

// Collects the parts of a picture whose background is 0.
class PartFinder {
 public:
  PartFinder(std::vector<std::uint8_t> pixels, Size2 size)
      : unvisited_(std::move(pixels)),
        height_(static_cast<std::size_t>(size.height)),
        width_(static_cast<std::size_t>(size.width)) {}

  std::vector<Part> find() {
    std::vector<Part> parts;
    for (std::size_t start = 0; start < unvisited_.size(); ++start) {
      if (unvisited_[start] < kDrawn) continue;
      const Part part = trace(start);
      if (part.ink > 0) parts.push_back(part);
    }
    return parts;
  }

 private:
  Part trace(std::size_t start) {
    Part part;
    part.bounds = {start / width_, start % width_, start / width_, start % width_};
    visit(start, part);
    while (!open_.empty()) {
      const std::size_t y = open_.back() / width_;
      const std::size_t x = open_.back() % width_;
      open_.pop_back();
      part.bounds.include({y, x, y, x});
      for (std::size_t v = y - std::min<std::size_t>(y, 1); v <= std::min(y + 1, height_ - 1);
           ++v) {
        for (std::size_t u = x - std::min<std::size_t>(x, 1); u <= std::min(x + 1, width_ - 1);
             ++u) {
          visit(v * width_ + u, part);
        }
      }
    }
    return part;
  }

  void visit(std::size_t place, Part& part) {
    if (unvisited_[place] < kDrawn) return;
    if (unvisited_[place] >= 128) ++part.ink;
    unvisited_[place] = 0;
    open_.push_back(static_cast<std::uint32_t>(place));
  }

  std::vector<std::uint8_t> unvisited_;  // visited pixels are erased
  std::size_t height_;
  std::size_t width_;
  std::vector<std::uint32_t> open_;  // places whose neighbours are still to be visited
};

// Around all parts but specks. Nothing if there is no ink.
std::optional<Bounds> drawn_bounds(const std::vector<std::uint8_t>& pixels, Size2 size) {
  const std::vector<Part> parts = PartFinder(pixels, size).find();
  if (parts.empty()) return std::nullopt;
  const Part& largest = *std::max_element(
      parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.ink < b.ink; });
  Bounds bounds = largest.bounds;
  for (const Part& part : parts) {
    if (part.ink * kSpeck >= largest.ink) bounds.include(part.bounds);
  }
  return bounds;
}

// 9 of 10 pixels of the background become 0, 1 of 10 of the ink 255, the rest in proportion.
std::vector<std::uint8_t> stretch_contrast(std::span<const std::uint8_t> pixels,
                                           const Tones& tones) {
  const Histogram histogram = count_levels(pixels);
  const auto middle = static_cast<std::size_t>(tones.middle());
  Histogram paper{};
  std::copy_n(histogram.begin(), middle + 1, paper.begin());
  const int background = quantile(paper, 0, kTypical);
  const int ink = quantile(histogram, middle + 1, kTypical);
  std::array<std::uint8_t, 256> stretched{};
  for (int level = 0; level < 256; ++level) {
    const int value =
        (2 * 255 * (level - background) + (ink - background)) / (2 * (ink - background));
    stretched[static_cast<std::size_t>(level)] =
        static_cast<std::uint8_t>(std::clamp(value, 0, 255));
  }
  std::vector<std::uint8_t> result;
  result.reserve(pixels.size());
  for (const std::uint8_t level : pixels) result.push_back(stretched[level]);
  return result;
}

std::vector<std::uint8_t> cut_out(const std::vector<std::uint8_t>& pixels, Size2 size,
                                  const Bounds& bounds) {
  std::vector<std::uint8_t> result;
  const auto width = static_cast<std::size_t>(size.width);
  for (std::size_t y = bounds.top; y <= bounds.bottom; ++y) {
    const auto row = pixels.begin() + static_cast<std::ptrdiff_t>(y * width);
    result.insert(result.end(), row + static_cast<std::ptrdiff_t>(bounds.left),
                  row + static_cast<std::ptrdiff_t>(bounds.right + 1));
  }
  return result;
}

// The longer side becomes `box`, the other in proportion.
Size2 fit(Size2 size, int box) {
  const double scale = static_cast<double>(box) / std::max(size.height, size.width);
  const auto scaled = [scale](int side) {
    return std::max(1, static_cast<int>(std::lround(side * scale)));
  };
  return {scaled(size.height), scaled(size.width)};
}

// How far to move a drawing so that its centre of mass comes to the middle of `wanted`, in whole
// pixels.
struct Shift {
  std::ptrdiff_t y = 0;
  std::ptrdiff_t x = 0;
};

Shift centring_shift(const std::vector<double>& pixels, Size2 size, Size2 wanted) {
  const auto width = static_cast<std::size_t>(size.width);
  double mass = 0;
  double moment_y = 0;
  double moment_x = 0;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    mass += pixels[i];
    moment_y += pixels[i] * static_cast<double>(i / width);
    moment_x += pixels[i] * static_cast<double>(i % width);
  }
  return {std::lround(wanted.height / 2.0 - moment_y / mass),
          std::lround(wanted.width / 2.0 - moment_x / mass)};
}

// The brightest pixel becomes 255, so that thin strokes do not fade when they are scaled down.
std::vector<std::uint8_t> place(const std::vector<double>& pixels, Size2 size, Size2 wanted) {
  const double brightest = *std::max_element(pixels.begin(), pixels.end());
  const Shift shift = centring_shift(pixels, size, wanted);
  const auto height = static_cast<std::ptrdiff_t>(wanted.height);
  const auto width = static_cast<std::ptrdiff_t>(wanted.width);
  std::vector<std::uint8_t> result(static_cast<std::size_t>(height * width));
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const std::ptrdiff_t y = static_cast<std::ptrdiff_t>(i) / size.width + shift.y;
    const std::ptrdiff_t x = static_cast<std::ptrdiff_t>(i) % size.width + shift.x;
    if (y < 0 || y >= height || x < 0 || x >= width) continue;
    result[static_cast<std::size_t>(y * width + x)] =
        static_cast<std::uint8_t>(std::lround(pixels[i] * 255 / brightest));
  }
  return result;
}

}  // namespace

std::optional<Tones> find_tones(std::span<const std::uint8_t> pixels) {
  const Histogram histogram = count_levels(pixels);
  double total = 0;
  for (std::size_t level = 0; level < histogram.size(); ++level) {
    total += static_cast<double>(level) * static_cast<double>(histogram[level]);
  }
  const auto count = static_cast<double>(pixels.size());
  Tones best{0, 0};
  double best_variance = 0;
  double dark_count = 0;
  double dark_sum = 0;
  for (std::size_t level = 0; level < histogram.size(); ++level) {
    dark_count += static_cast<double>(histogram[level]);
    dark_sum += static_cast<double>(level) * static_cast<double>(histogram[level]);
    if (dark_count == 0 || dark_count == count) continue;
    const Tones tones{dark_sum / dark_count, (total - dark_sum) / (count - dark_count)};
    const double distance = tones.light - tones.dark;
    const double variance = dark_count * (count - dark_count) * distance * distance;
    if (variance > best_variance) {
      best_variance = variance;
      best = tones;
    }
  }
  if (best.light - best.dark < kLeastContrast) return std::nullopt;
  return best;
}

std::optional<std::vector<std::uint8_t>> centre_drawing(std::span<const std::uint8_t> pixels,
                                                        Size2 size, Size2 wanted, int box) {
  const std::optional<Tones> tones = find_tones(pixels);
  if (!tones) return std::nullopt;
  const std::vector<std::uint8_t> clear = stretch_contrast(pixels, *tones);
  const std::optional<Bounds> bounds = drawn_bounds(clear, size);
  if (!bounds) return std::nullopt;
  const Size2 scaled = fit(bounds->size(), box);
  return place(resample(cut_out(clear, size, *bounds), bounds->size(), scaled), scaled, wanted);
}

}  // namespace cnn
