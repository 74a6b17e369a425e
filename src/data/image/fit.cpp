#include "data/image/fit.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace cnn {
namespace {

// A part of one axis, from 0 to the number of pixels. Of single precision, as Pillow keeps it.
struct Section {
  float begin = 0;
  float end = 0;
};

// One new pixel = Σ weights[k] · old pixel (first + k). Whole numbers, 2²² for 1: sums are exact,
// so that their order does not matter.
constexpr int kWeightBits = 22;

struct Taps {
  std::size_t first = 0;
  std::vector<std::int32_t> weights;
};

Taps taps_around(double centre, double reach, std::size_t old_count) {
  const auto whole = [&](double place) {
    return std::min(static_cast<std::size_t>(std::max(place + 0.5, 0.0)), old_count);
  };
  Taps taps;
  taps.first = whole(centre - reach);
  const std::size_t count = whole(centre + reach) - taps.first;
  std::vector<double> weights(count);
  double sum = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const double distance = static_cast<double>(taps.first + k) + 0.5 - centre;
    weights[k] = std::max(1 - std::abs(distance) / reach, 0.0);
    sum += weights[k];
  }
  for (const double weight : weights) {
    taps.weights.push_back(
        static_cast<std::int32_t>(weight / sum * (std::int32_t{1} << kWeightBits) + 0.5));
  }
  return taps;
}

std::vector<Taps> axis_taps(std::size_t old_count, Section section, std::size_t new_count) {
  const double scale =
      static_cast<double>(section.end - section.begin) / static_cast<double>(new_count);
  const double reach = std::max(scale, 1.0);
  std::vector<Taps> taps;
  taps.reserve(new_count);
  for (std::size_t i = 0; i < new_count; ++i) {
    const double centre =
        static_cast<double>(section.begin) + (static_cast<double>(i) + 0.5) * scale;
    taps.push_back(taps_around(centre, reach, old_count));
  }
  return taps;
}

std::uint8_t to_level(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::min(sum >> kWeightBits, 255));
}

constexpr std::int32_t kHalf = std::int32_t{1} << (kWeightBits - 1);

// Each row of `from` to new_width pixels.
void scale_rows(std::span<const std::uint8_t> from, std::size_t old_width,
                const std::vector<Taps>& columns, std::vector<std::uint8_t>& to) {
  to.clear();
  for (std::size_t start = 0; start < from.size(); start += old_width) {
    for (const Taps& taps : columns) {
      const std::uint8_t* const old = from.data() + start + taps.first;
      std::int32_t sum = kHalf;
      for (std::size_t k = 0; k < taps.weights.size(); ++k) sum += taps.weights[k] * old[k];
      to.push_back(to_level(sum));
    }
  }
}

// The columns of `from`, whose first row is the picture's row `first_row`.
void scale_columns(const std::vector<std::uint8_t>& from, std::size_t width, std::size_t first_row,
                   const std::vector<Taps>& rows, std::span<std::uint8_t> to) {
  std::vector<std::int32_t> sums(width);
  for (std::size_t y = 0; y < rows.size(); ++y) {
    std::fill(sums.begin(), sums.end(), kHalf);
    for (std::size_t k = 0; k < rows[y].weights.size(); ++k) {
      const std::uint8_t* const old = from.data() + (rows[y].first + k - first_row) * width;
      const std::int32_t weight = rows[y].weights[k];
      for (std::size_t x = 0; x < width; ++x) sums[x] += weight * old[x];
    }
    for (std::size_t x = 0; x < width; ++x) to[y * width + x] = to_level(sums[x]);
  }
}

bool is_whole(Section section, std::size_t old_count, std::size_t new_count) {
  return old_count == new_count && section.begin == 0 &&
         section.end == static_cast<float>(old_count);
}

// The rectangle `down` x `across` of the picture to a size.
Image scaled(const Image& image, Section down, Section across, Size2 size) {
  const auto old_height = static_cast<std::size_t>(image.shape.height);
  const auto old_width = static_cast<std::size_t>(image.shape.width);
  const auto height = static_cast<std::size_t>(size.height);
  const auto width = static_cast<std::size_t>(size.width);
  const bool same_rows = is_whole(down, old_height, height);
  const bool same_columns = is_whole(across, old_width, width);
  if (same_rows && same_columns) return image;
  const std::vector<Taps> rows = axis_taps(old_height, down, height);
  const std::vector<Taps> columns = axis_taps(old_width, across, width);
  const std::size_t first_row = same_rows ? 0 : rows.front().first;
  const std::size_t last_row =
      same_rows ? old_height : rows.back().first + rows.back().weights.size();

  Image result{{image.shape.channels, size.height, size.width}, {}};
  result.pixels.resize(result.shape.size());
  std::vector<std::uint8_t> narrow;  // the rows that count, at their new width
  for (std::size_t channel = 0; channel * height * width < result.pixels.size(); ++channel) {
    const auto old = std::span(image.pixels)
                         .subspan((channel * old_height + first_row) * old_width,
                                  (last_row - first_row) * old_width);
    if (same_columns) {
      narrow.assign(old.begin(), old.end());
    } else {
      scale_rows(old, old_width, columns, narrow);
    }
    const auto to = std::span(result.pixels).subspan(channel * height * width, height * width);
    if (same_rows) {
      std::copy(narrow.begin(), narrow.end(), to.begin());
    } else {
      scale_columns(narrow, width, first_row, rows, to);
    }
  }
  return result;
}

// What the picture has of one axis of the image.
struct Axis {
  double begin = 0;
  double count = 0;

  Section all() const { return {static_cast<float>(begin), static_cast<float>(begin + count)}; }
  // Of the middle `kept`.
  Section middle(double kept) const {
    const double start = begin + (count - kept) * 0.5;
    return {static_cast<float>(start), static_cast<float>(start + kept)};
  }
};

Image cropped(const Image& image, Axis down, Axis across, Size2 size) {
  const double wanted = static_cast<double>(size.width) / size.height;
  const double found = across.count / down.count;
  if (found > wanted) return scaled(image, down.all(), across.middle(wanted * down.count), size);
  if (found < wanted) return scaled(image, down.middle(across.count / wanted), across.all(), size);
  return scaled(image, down.all(), across.all(), size);
}

// To nearest, halves to the even number.
int rounded(double value) {
  return static_cast<int>(std::nearbyint(value));
}

Image padded(const Image& image, Axis down, Axis across, Size2 size,
             const std::array<std::uint8_t, 3>& background) {
  const double wanted = static_cast<double>(size.width) / size.height;
  const double found = across.count / down.count;
  Size2 inner = size;
  if (found > wanted) {
    inner.height = std::max(rounded(down.count / across.count * size.width), 1);
  } else if (found < wanted) {
    inner.width = std::max(rounded(found * size.height), 1);
  }
  Image small = scaled(image, down.all(), across.all(), inner);
  if (inner == size) return small;

  Image result{{image.shape.channels, size.height, size.width}, {}};
  const auto area = static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width);
  const auto inner_area =
      static_cast<std::size_t>(inner.height) * static_cast<std::size_t>(inner.width);
  const auto left = static_cast<std::size_t>(rounded((size.width - inner.width) * 0.5));
  const auto top = static_cast<std::size_t>(rounded((size.height - inner.height) * 0.5));
  for (std::size_t channel = 0; channel * inner_area < small.pixels.size(); ++channel) {
    result.pixels.resize((channel + 1) * area, background[channel]);
    for (std::size_t y = 0; y < static_cast<std::size_t>(inner.height); ++y) {
      const std::uint8_t* const row =
          small.pixels.data() + channel * inner_area + y * static_cast<std::size_t>(inner.width);
      std::copy(row, row + inner.width,
                result.pixels.data() + channel * area +
                    (top + y) * static_cast<std::size_t>(size.width) + left);
    }
  }
  return result;
}

Image fitted_part(const Image& image, Axis down, Axis across, Size2 size, Fit fit,
                  const std::array<std::uint8_t, 3>& background) {
  switch (fit) {
    case Fit::crop:
      return cropped(image, down, across, size);
    case Fit::pad:
      return padded(image, down, across, size, background);
    case Fit::stretch:
      break;
  }
  return scaled(image, down.all(), across.all(), size);
}

}  // namespace

Image fitted(const Image& image, Size2 size, Fit fit,
             const std::array<std::uint8_t, 3>& background) {
  return fitted_part(image, {0, static_cast<double>(image.shape.height)},
                     {0, static_cast<double>(image.shape.width)}, size, fit, background);
}

Image fitted(const ReducedImage& picture, Size2 size, Fit fit,
             const std::array<std::uint8_t, 3>& background) {
  return fitted_part(picture.image, {picture.top, picture.height}, {picture.left, picture.width},
                     size, fit, background);
}

}  // namespace cnn
