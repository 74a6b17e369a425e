// The tones of a picture of ink on paper.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "data/image/gray.hpp"

namespace cnn {

// The two levels that best describe a picture of ink on paper (Otsu 1979: the split of the
// histogram with the largest variance between its parts): the mean of either part.
struct Tones {
  double dark = 0;
  double light = 255;

  double middle() const { return (dark + light) / 2; }
  double contrast() const { return light - dark; }
};

// Tones closer than this are noise on an empty sheet.
inline constexpr double kLeastContrast = 24;

// Nothing if the two are closer than `least`.
std::optional<Tones> find_tones(std::span<const std::uint8_t> levels,
                                double least = kLeastContrast);

// How many pixels have each level.
using Histogram = std::array<std::size_t, 256>;
Histogram count_levels(std::span<const std::uint8_t> levels);

// The level that `part` of the counted pixels in first … last do not exceed; `last` if there are
// none.
int quantile(const Histogram& histogram, std::size_t first, std::size_t last, double part);

// Light ink on dark paper at full contrast: 9 of 10 pixels of the paper become 0, 1 of 10 of the
// ink 255, the rest in proportion. Paper is not even and ink not evenly strong.
Gray stretch_contrast(Gray picture, const Tones& tones);

// The deviation of a picture's noise, in levels: from the median difference between neighbours in a
// row, which strokes hardly change. 0 for what was drawn by a program.
double noise_deviation(const Gray& picture);

}  // namespace cnn
