// A picture that was decoded at a smaller scale, as it will be scaled down further.

#pragma once

#include <utility>

#include "cnn/image.hpp"
#include "cnn/shape.hpp"

namespace cnn {

// The picture is a rectangle of the image, up to part of a pixel smaller than it: sides that the
// scale does not divide are rounded up.
struct ReducedImage {
  Image image;
  Size2 original;   // of the upright picture, at its full scale
  double left = 0;  // in pixels of `image`, as what follows
  double top = 0;
  double width = 0;
  double height = 0;
};

// All of an image at its full scale.
inline ReducedImage not_reduced(Image image) {
  const Size2 size{image.shape.height, image.shape.width};
  return {std::move(image),
          size,
          0,
          0,
          static_cast<double>(size.width),
          static_cast<double>(size.height)};
}

}  // namespace cnn
