#include "data/augment_options.hpp"

#include <string>

#include "cnn/error.hpp"

#include "config/config_visitor.hpp"

namespace cnn {

void visit(ConfigVisitor& visitor, AugmentOptions& augment) {
  constexpr Bounds kProbability{.low = 0, .high = 1};
  constexpr Bounds kShare{.low = 0, .high = 1, .below_high = true};
  if (visitor.wants("crop", augment.crop.area[0] < 1)) {
    visitor.section("crop", "", [&](ConfigVisitor& inner) {
      inner.range("area", augment.crop.area, {.low = 0.01, .high = 1}, Presence::required);
      inner.range("aspect", augment.crop.aspect, {.low = 0.1, .high = 10});
    });
  }
  visitor.integer("shift", augment.shift, {.low = 0, .high = 1000});
  visitor.real("rotate", augment.rotate, {.low = 0, .high = 180});
  visitor.real("scale", augment.scale, {.low = 0, .high = 0.9});
  visitor.real("shear", augment.shear, {.low = 0, .high = 2});
  if (visitor.wants("elastic", augment.elastic.alpha > 0)) {
    visitor.section("elastic", "", [&](ConfigVisitor& inner) {
      inner.real("sigma", augment.elastic.sigma, {.low = 0.1, .high = 100});
      inner.real("alpha", augment.elastic.alpha, {.low = 0, .high = 10000}, Presence::required);
    });
  }
  if (visitor.wants("flip", augment.flip != FlipOptions{})) {
    visitor.section("flip", "horizontal", [&](ConfigVisitor& inner) {
      inner.real("horizontal", augment.flip.horizontal, kProbability);
      inner.real("vertical", augment.flip.vertical, kProbability);
    });
  }
  visitor.boolean("turn", augment.turn);
  visitor.choice("fill", augment.fill, kFillNames);
  visitor.real("thickness", augment.thickness, {.low = 0, .high = 100});
  visitor.real("brightness", augment.brightness, kShare);
  visitor.real("contrast", augment.contrast, kShare);
  visitor.real("saturation", augment.saturation, kShare);
  visitor.real("hue", augment.hue, {.low = 0, .high = 0.5});
  visitor.real("noise", augment.noise, {.low = 0, .high = 255});
  if (visitor.wants("erase", augment.erase.size > 0)) {
    visitor.section("erase", "", [&](ConfigVisitor& inner) {
      inner.integer("size", augment.erase.size, {.low = 0, .high = 32768}, Presence::required);
      inner.real("probability", augment.erase.probability, kProbability);
    });
  }
  visitor.real("until", augment.until, {.low = 0, .high = 1, .above_low = true});
}

bool AugmentOptions::is_on() const {
  return crop.area[0] < 1 || shift > 0 || rotate > 0 || scale > 0 || shear > 0 ||
         elastic.alpha > 0 || flip != FlipOptions{} || turn || thickness > 0 || brightness > 0 ||
         contrast > 0 || saturation > 0 || hue > 0 || noise > 0 ||
         (erase.size > 0 && erase.probability > 0);
}

void check_augment(const AugmentOptions& augment, const Shape& shape) {
  const std::string images = ", the images are " + to_string(shape) + "; take it out";
  if (augment.turn && shape.height != shape.width) {
    throw ConfigError("error: data.augment.turn needs images as wide as high" + images);
  }
  const bool hue = augment.hue > 0;
  if ((hue || augment.saturation > 0) && shape.channels != 3) {
    throw ConfigError("error: data.augment." + std::string(hue ? "hue" : "saturation") +
                      " needs images of three channels, red, green and blue" + images);
  }
}

}  // namespace cnn
