// From a picture of any size, colour and polarity to what a network was trained on.

#pragma once

#include <optional>

#include "cnn/image.hpp"
#include "cnn/prepared_image.hpp"
#include "cnn/shape.hpp"

#include "data/image/fit.hpp"
#include "data/image_statistics.hpp"

namespace cnn {

// Colour becomes grey by its luma (ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B, to nearest), grey
// becomes colour by copying. Then:
// - For a set of centred images, such as MNIST, a picture that could be one of the set (is_like),
//   wanted height and width included, is used as it is. On any other, what is drawn is found,
//   whatever the light, the paper, its frame and its lines, and redrawn as the set's drawings are:
//   cut out, scaled, placed by its centre of mass, with strokes of their thickness
//   (image/drawing.hpp). A picture on which nothing is drawn is scaled to the wanted shape.
// - For any other set of pictures it is fitted as `fit` says, as these were, and inverted only by
//   Invert::yes. For a set of arrays, without `fit`, it is scaled to the wanted shape, without
//   keeping its aspect.
// It is inverted (p -> 255 - p) as `invert` says; automatic: for a set of centred images, if dark
// and light of ink and paper are not theirs; for another, if the training set's background is known
// to be dark and the picture's border is light (above 127.5), or the other way round. An image of
// such a set whose border is unlike the set's is taken for a negative, too. Prepare::no uses a
// picture of the wanted height and width as it stands, inverted only by Invert::yes: so each image
// of a set, written to a file, comes through unchanged. Pictures of other sizes are prepared as
// always. Throws ShapeError if `wanted` does not have 1 or 3 channels.
PreparedImage prepare_image(const Image& image, const Shape& wanted,
                            const ImageStatistics& statistics, Invert invert,
                            Prepare prepare = Prepare::automatic,
                            const std::optional<Fit>& fit = std::nullopt);

}  // namespace cnn
