// A drawing or a photograph of one, made into what MNIST's digits are: cut out, scaled, placed by
// its centre of mass.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cnn/shape.hpp"

namespace cnn {

// The two levels that best describe a picture of ink on paper (Otsu 1979: the split of the
// histogram with the largest variance between its parts): the mean of either part.
struct Tones {
  double dark = 0;
  double light = 255;

  double middle() const { return (dark + light) / 2; }
};

// Nothing if the two are so close that the picture shows noise at most.
std::optional<Tones> find_tones(std::span<const std::uint8_t> pixels);

// Light on dark, one channel of `size`, is redrawn on `wanted`:
// 1. contrast: the background becomes 0, the ink 255;
// 2. specks are ignored, the drawn part is cut out at its bounding box;
// 3. it is scaled so that its longer side is `box` pixels;
// 4. its centre of mass is brought to the middle, to the nearest pixel (image_statistics.hpp says
//    what the middle is); what falls outside is lost.
// Nothing if nothing is drawn. Requires a box of 1 or more.
std::optional<std::vector<std::uint8_t>> centre_drawing(std::span<const std::uint8_t> pixels,
                                                        Size2 size, Size2 wanted, int box);

}  // namespace cnn
