// cnn-train --preview: what augmentation makes of some training images.

#pragma once

#include <filesystem>

#include "cnn/image.hpp"

#include "run/run_config.hpp"
#include "run/training_data.hpp"

namespace cnn::app {

// A sheet of the first images trained on, at most 8, one a row: the image, then what the epochs 1
// to 11 see of it. Of images that have neither one nor three channels, the first channel.
Image preview_sheet(const RunConfig& config, const TrainingData& data);

}  // namespace cnn::app
