// From a picture of any size, colour and polarity to what a network was trained on.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cnn/image.hpp"
#include "cnn/image_statistics.hpp"
#include "cnn/shape.hpp"

namespace cnn {

enum class Invert { automatic, yes, no };

struct PreparedImage {
  std::vector<std::uint8_t> pixels;  // (C, H, W) of the wanted shape
  Shape original;
  bool inverted = false;
  bool resized = false;     // height or width changed, by scaling or centring
  bool centred = false;     // cut out, scaled to the box and placed by its centre of mass
  bool recoloured = false;  // grey from colour or colour from grey
  // What was done, for people; sizes are width x height:
  // "120x96 RGB -> gray, inverted (dark on light), digit centred in 28x28", or "used as it is".
  std::string description;
};

// In this order:
// - Colour becomes grey by its luma (ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B, to nearest), grey
//   becomes colour by copying.
// - It is inverted (p -> 255 - p) as `invert` says; automatic: if the training set's background is
//   known to be dark and the picture's border is light, or the other way round. Light means above
//   127.5 or, where the picture is going to be centred, above the middle of its own two tones: on a
//   dim photograph white paper is a dark grey.
// - If height or width are not the wanted ones, a picture for a set of centred images is brought to
//   full contrast, cut out, scaled and placed by its centre of mass, as MNIST's digits were. If
//   nothing is drawn on it, or for any other set, it is scaled to the wanted shape, without keeping
//   its aspect.
// So a picture of the wanted height and width is only ever inverted, and that only if the set's
// borders leave no doubt: an image of the set itself, written to a file, comes through unchanged.
// Throws ShapeError if `wanted` does not have 1 or 3 channels.
PreparedImage prepare_image(const Image& image, const Shape& wanted,
                            const ImageStatistics& statistics, Invert invert);

}  // namespace cnn
