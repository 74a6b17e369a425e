#include "data/image_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "data/image/strokes.hpp"

namespace cnn {
namespace {

// A set's borders are empty if every image's border mean lies within this distance of 0 (or of
// 255). MNIST's largest is 8.6; four strokes that run over the border of a 28x28 image make 28.
constexpr double kEmptyBorder = 32;

// Centres of mass lie in the middle if their mean distance from it is below this part of the
// shorter side, one pixel of 28. Shifting by whole pixels leaves 0.38 pixels over on average, or
// 0.77 if the middle is understood half a pixel differently.
constexpr double kCentreTolerance = 1.0 / 28;

// What may lie beyond what a set shows, so that others like its images pass for such.
constexpr double kCentreSlack = 0.25;  // pixels
constexpr int kSideSlack = 2;          // pixels
constexpr int kPeakSlack = 32;         // levels
constexpr double kBorderSlack = 8;     // levels

// Strokes are measured on so many images, spread over the set.
constexpr std::size_t kMostMeasured = 4096;
constexpr double kThinPart = 0.01;

// What is drawn on one image.
struct Extent {
  double y = 0;  // of the centre of mass, from the image's middle, in pixels
  double x = 0;
  int longer_side = 0;  // of the bounding box; 0: nothing is drawn
  int peak = 0;         // brightest level
};

// First and last index of `peaks` where something is drawn; their distance plus one.
int drawn_length(const std::vector<std::uint8_t>& peaks) {
  const auto drawn = [](std::uint8_t peak) { return peak >= kDrawn; };
  const auto first = std::find_if(peaks.begin(), peaks.end(), drawn);
  const auto last = std::find_if(peaks.rbegin(), peaks.rend(), drawn);
  return first == peaks.end() ? 0 : static_cast<int>(last.base() - first);
}

// Σ i·sums[i] / Σ sums[i]
double mean_place(const std::vector<std::uint32_t>& sums, double total) {
  double moment = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    moment += static_cast<double>(i) * static_cast<double>(sums[i]);
  }
  return moment / total;
}

// Measures one image after the other with the same memory.
class DrawingMeter {
 public:
  // `flip` is 0 for light on dark, 255 for dark on light.
  DrawingMeter(const Shape& shape, std::uint8_t flip)
      : height_(static_cast<std::size_t>(shape.height)),
        width_(static_cast<std::size_t>(shape.width)),
        flip_(flip),
        row_sums_(height_),
        row_peaks_(height_),
        column_sums_(width_),
        column_peaks_(width_) {}

  Extent measure(std::span<const std::uint8_t> pixels) {
    std::fill(column_sums_.begin(), column_sums_.end(), 0U);
    std::fill(column_peaks_.begin(), column_peaks_.end(), std::uint8_t{0});
    for (std::size_t y = 0; y < height_; ++y) add_row(pixels.subspan(y * width_, width_), y);

    double total = 0;
    for (const std::uint32_t sum : row_sums_) total += sum;
    const int longer = std::max(drawn_length(row_peaks_), drawn_length(column_peaks_));
    if (longer == 0) return {};
    return {mean_place(row_sums_, total) - static_cast<double>(height_) / 2,
            mean_place(column_sums_, total) - static_cast<double>(width_) / 2, longer,
            *std::max_element(row_peaks_.begin(), row_peaks_.end())};
  }

 private:
  void add_row(std::span<const std::uint8_t> row, std::size_t y) {
    std::uint32_t sum = 0;
    std::uint8_t peak = 0;
    for (std::size_t x = 0; x < width_; ++x) {
      const auto level = static_cast<std::uint8_t>(row[x] ^ flip_);
      sum += level;
      peak = std::max(peak, level);
      column_sums_[x] += level;
      column_peaks_[x] = std::max(column_peaks_[x], level);
    }
    row_sums_[y] = sum;
    row_peaks_[y] = peak;
  }

  std::size_t height_;
  std::size_t width_;
  std::uint8_t flip_;
  std::vector<std::uint32_t> row_sums_;
  std::vector<std::uint8_t> row_peaks_;
  std::vector<std::uint32_t> column_sums_;
  std::vector<std::uint8_t> column_peaks_;
};

double distance(const Extent& extent) {
  return std::hypot(extent.y, extent.x);
}

double off_centre(const Extent& extent) {
  return std::max(std::abs(extent.y), std::abs(extent.x));
}

// Sets thinnest and thickest.
void measure_strokes(const Dataset& dataset, const Selection& selection, std::uint8_t flip,
                     DrawingStatistics& drawings) {
  const std::size_t step = (selection.size() + kMostMeasured - 1) / kMostMeasured;
  std::vector<double> thicknesses;
  std::vector<std::uint8_t> levels(dataset.shape.size());
  for (std::size_t i = 0; i < selection.size(); i += step) {
    const std::span<const std::uint8_t> pixels = dataset.image(selection[i]);
    std::transform(pixels.begin(), pixels.end(), levels.begin(),
                   [flip](std::uint8_t level) { return static_cast<std::uint8_t>(level ^ flip); });
    const double thickness = stroke_thickness(levels, {dataset.shape.height, dataset.shape.width});
    if (thickness > 0) thicknesses.push_back(thickness);
  }
  if (thicknesses.empty()) return;
  std::sort(thicknesses.begin(), thicknesses.end());
  const auto last = static_cast<double>(thicknesses.size() - 1);
  drawings.thinnest = thicknesses[static_cast<std::size_t>(kThinPart * last)];
  drawings.thickest = thicknesses[static_cast<std::size_t>((1 - kThinPart) * last)];
}

// Sets centred, box and drawings. Images on which nothing is drawn do not count.
void measure_drawings(const Dataset& dataset, const Selection& selection, std::uint8_t flip,
                      ImageStatistics& statistics) {
  DrawingMeter meter(dataset.shape, flip);
  std::vector<int> sides;
  double distances = 0;
  DrawingStatistics drawings;
  drawings.faintest = 255;
  for (const std::uint32_t i : selection) {
    const Extent extent = meter.measure(dataset.image(i));
    if (extent.longer_side == 0) continue;
    sides.push_back(extent.longer_side);
    distances += distance(extent);
    drawings.off_centre = std::max(drawings.off_centre, off_centre(extent));
    drawings.faintest = std::min(drawings.faintest, extent.peak);
  }
  if (sides.empty()) return;
  const double tolerance = kCentreTolerance * std::min(dataset.shape.height, dataset.shape.width);
  statistics.centred = distances < tolerance * static_cast<double>(sides.size());
  if (!statistics.centred) return;
  const auto [shortest, longest] = std::minmax_element(sides.begin(), sides.end());
  drawings.shortest = *shortest;
  drawings.longest = *longest;
  const auto middle = sides.begin() + static_cast<std::ptrdiff_t>(sides.size() / 2);
  std::nth_element(sides.begin(), middle, sides.end());
  statistics.box = *middle;
  measure_strokes(dataset, selection, flip, drawings);
  statistics.drawings = drawings;
}

}  // namespace

Background background(const ImageStatistics& statistics) {
  if (statistics.border_high < 85) return Background::dark;
  if (statistics.border_low > 170) return Background::light;
  return Background::unknown;
}

double border_mean(std::span<const std::uint8_t> pixels, const Shape& shape) {
  const auto height = static_cast<std::size_t>(shape.height);
  const auto width = static_cast<std::size_t>(shape.width);
  std::uint64_t sum = 0;
  std::uint64_t count = 0;
  for (std::size_t start = 0; start < pixels.size(); start += height * width) {
    for (std::size_t y = 0; y < height; ++y) {
      // Whole rows at the top and at the bottom, elsewhere the two ends.
      const bool whole = y == 0 || y + 1 == height;
      const std::size_t step = whole || width == 1 ? 1 : width - 1;
      for (std::size_t x = 0; x < width; x += step) {
        sum += pixels[start + y * width + x];
        ++count;
      }
    }
  }
  return static_cast<double>(sum) / static_cast<double>(count);
}

bool is_like(const ImageStatistics& statistics, std::span<const std::uint8_t> pixels,
             const Shape& shape) {
  if (!statistics.centred) return false;
  const double border = border_mean(pixels, shape);
  if (border < statistics.border_low - kBorderSlack ||
      border > statistics.border_high + kBorderSlack) {
    return false;
  }
  const bool light = background(statistics) == Background::light;
  const Extent extent = DrawingMeter(shape, light ? 255 : 0).measure(pixels);
  const DrawingStatistics& drawings = statistics.drawings;
  return extent.longer_side >= drawings.shortest - kSideSlack &&
         extent.longer_side <= drawings.longest + kSideSlack &&
         off_centre(extent) <= drawings.off_centre + kCentreSlack &&
         extent.peak >= drawings.faintest - kPeakSlack;
}

ImageStatistics measure_images(const Dataset& dataset, const Selection& selection) {
  ImageStatistics statistics;
  if (selection.empty()) return statistics;
  statistics.border_low = 255;
  statistics.border_high = 0;
  for (const std::uint32_t i : selection) {
    const double mean = border_mean(dataset.image(i), dataset.shape);
    statistics.border_low = std::min(statistics.border_low, mean);
    statistics.border_high = std::max(statistics.border_high, mean);
  }
  if (dataset.shape.channels == 1) {
    if (statistics.border_high <= kEmptyBorder) {
      measure_drawings(dataset, selection, 0, statistics);
    } else if (statistics.border_low >= 255 - kEmptyBorder) {
      measure_drawings(dataset, selection, 255, statistics);
    }
  }
  return statistics;
}

}  // namespace cnn
