// The data of a run: read, split, and measured, as the configuration says.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cnn/dataset.hpp"

#include "data/preprocessing.hpp"
#include "run/model.hpp"
#include "run/run_config.hpp"

namespace cnn {

struct TrainingData {
  Dataset dataset;  // the training files, validation images included
  Split split;
};

// Reads the training files and holds the validation set out. Throws FileError; ConfigError if
// data.validation leaves nothing to train on.
TrainingData load_training_data(const DataConfig& config, std::uint64_t seed);

// The names of `count` classes: those of the configuration, and numbers for those without.
std::vector<std::string> class_names(const DataConfig& config, std::size_t count);

// What the model must carry: preprocessing and image statistics are measured on the images trained
// on, never on the validation set.
ModelInfo make_model_info(const RunConfig& config, const Network& network,
                          const TrainingData& data);

// Throws FileError if images or labels are not what the model knows.
void require_fit(const Dataset& dataset, const ModelInfo& info);

// What the section `training` says of the loss of these classes; balanced class weights are
// measured on `images`, those trained on. Throws ConfigError if a weight is given to what is no
// class, or two to one.
LossOptions make_loss_options(const TrainingConfig& training,
                              const std::vector<std::string>& classes, const Dataset& dataset,
                              const Selection& images);

}  // namespace cnn
