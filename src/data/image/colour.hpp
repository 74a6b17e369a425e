// Gray and colour.

#pragma once

#include "cnn/image.hpp"

namespace cnn {

// The picture with 1 channel or with 3. Gray from colour is its luma: 0.299 R + 0.587 G + 0.114 B.
Image recoloured(Image picture, int channels);

}  // namespace cnn
