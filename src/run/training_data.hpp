// The data of a run: read, and split as the configuration says.

#pragma once

#include <cstdint>

#include "cnn/dataset.hpp"

#include "data/selection.hpp"
#include "run/run_config.hpp"

namespace cnn {

struct TrainingData {
  Dataset dataset;  // the training part, validation images included
  Split split;
};

// Reads the training part and holds the validation set out. Throws FileError; ConfigError if
// data.validation leaves nothing to train on.
TrainingData load_training_data(const DataConfig& config, std::uint64_t seed);

}  // namespace cnn
