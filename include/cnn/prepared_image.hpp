// What a picture becomes before a network sees it.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cnn/image.hpp"
#include "cnn/shape.hpp"

namespace cnn {

enum class Invert { automatic, yes, no };
// Whether a picture of the network's size may be changed.
enum class Prepare { automatic, no };

// What was found on a picture for a set of centred images.
struct Found {
  int marks = 0;           // separate things drawn on it; 0 if it is blank
  std::optional<Box> box;  // of the one that is read, in the picture; none if it is blank
};

struct PreparedImage {
  std::vector<std::uint8_t> pixels;  // (C, H, W) of the wanted shape
  Shape original;
  bool inverted = false;
  bool resized = false;        // height or width changed, by scaling or centring
  bool centred = false;        // cut out, scaled to the box and placed by its centre of mass
  bool recoloured = false;     // grey from colour or colour from grey
  std::optional<Found> found;  // for a set of centred images; not where nothing was to be prepared
  // True if nothing is drawn on it. The network's answer means nothing then.
  bool is_blank() const { return found && found->marks == 0; }
  // What was done, for people; sizes are width x height:
  // "120x96 RGB -> gray, inverted (dark on light), digit centred in 28x28", or "used as it is".
  std::string description;
};

}  // namespace cnn
