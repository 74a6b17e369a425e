// PictureOptions: how picture files become images of one shape. The keys are those of all formats
// that keep pictures.

#pragma once

#include <optional>

#include "cnn/shape.hpp"

#include "config/config_visitor.hpp"
#include "data/image/fit.hpp"

namespace cnn {

struct PictureOptions {
  enum class Colour { gray, rgb };
  enum class Broken { refuse, skip };

  std::optional<Size2> size;  // nothing: all pictures have one size
  Fit fit = Fit::crop;
  std::optional<Colour> colour;  // nothing: gray if all pictures of the training part are gray
  Broken broken = Broken::refuse;

  void options(ConfigVisitor& visitor);
  // Is anything said that has no meaning for arrays?
  bool any() const { return size || colour || fit != Fit::crop || broken != Broken::refuse; }
  int channels() const { return colour == Colour::gray ? 1 : 3; }
};

// An image of the network's `size` from a picture: recoloured and fitted.
Image fitted_picture(Image picture, const Shape& shape, Fit fit);

}  // namespace cnn
