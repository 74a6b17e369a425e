// The keys of data.augment.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "cnn/shape.hpp"

namespace cnn {

class ConfigVisitor;

// A part of the image, scaled to the whole: torchvision's RandomResizedCrop.
struct CropOptions {
  std::array<double, 2> area = {1, 1};          // of the image; 1 and 1 = none
  std::array<double, 2> aspect = {0.75, 1.33};  // width by height, 1 being that of the result

  bool operator==(const CropOptions&) const = default;
};

// Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied to visual
// document analysis", ICDAR 2003: every pixel moves by two fields, uniform on ±1, that are smoothed
// by a Gaussian and scaled.
struct ElasticOptions {
  double sigma = 4;  // deviation of the Gaussian, in pixels
  double alpha = 0;  // scale, in pixels; 0 = none

  bool operator==(const ElasticOptions&) const = default;
};

// Probabilities that left and right, and that top and bottom, are swapped.
struct FlipOptions {
  double horizontal = 0;
  double vertical = 0;

  bool operator==(const FlipOptions&) const = default;
};

// A square that is blanked.
struct EraseOptions {
  std::int64_t size = 0;     // side in pixels, cut to the image's; 0 = none
  double probability = 0.5;  // that an image loses one

  bool operator==(const EraseOptions&) const = default;
};

// What lies outside the image: 0, or the nearest pixel of its edge.
enum class Fill { background, edge };
inline constexpr std::array<std::string_view, 2> kFillNames = {"background", "edge"};

// What is drawn for each sample; uniformly, unless an option says otherwise. The defaults change
// nothing. The order of application: crop, thickness, the geometry (shift to turn) at once,
// brightness, contrast, saturation, hue, noise, erase.
struct AugmentOptions {
  CropOptions crop = {};
  std::int64_t shift = 0;  // whole pixels, ±, in each direction
  double rotate = 0;       // degrees, ±
  double scale = 0;        // height and width, each by a factor of 1 ± scale
  double shear = 0;        // x moves by ±shear·y
  ElasticOptions elastic = {};
  FlipOptions flip = {};
  bool turn = false;  // by 0, 1, 2 or 3 quarters; square images only
  Fill fill = Fill::background;
  // Pixels, ±, by which light strokes on a dark background grow or are thinned.
  double thickness = 0;
  // A factor of 1 ± x, the values then cut to 0 … 255: of the values, of their distance from the
  // mean of the image in grey, and of their distance from their pixel's grey, grey being 0.299·R +
  // 0.587·G + 0.114·B where there are three channels. Saturation needs those.
  double brightness = 0;
  double contrast = 0;
  double saturation = 0;
  double hue = 0;    // ± of a turn of the circle of hues; needs three channels
  double noise = 0;  // deviation of the normal noise on each value, which is not clipped afterwards
  EraseOptions erase = {};
  // Part of the run after which images are trained on as they stand. The caller of the training
  // step applies it.
  double until = 1;

  bool operator==(const AugmentOptions&) const = default;
  bool is_on() const;
};

void visit(ConfigVisitor& visitor, AugmentOptions& augment);

// Throws ConfigError unless images of that shape can be turned and coloured as the options say.
void check_augment(const AugmentOptions& augment, const Shape& shape);

}  // namespace cnn
