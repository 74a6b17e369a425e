// The data of a run: read, split, and measured, as the configuration says.

#pragma once

#include "cnn/batches.hpp"
#include "cnn/dataset.hpp"
#include "cnn/model.hpp"
#include "cnn/run_config.hpp"

namespace cnn {

struct TrainingData {
  Dataset dataset;  // the training files, validation images included
  Split split;
};

// Reads the training files and holds the validation set out. Throws FileError; ConfigError if
// data.validation leaves nothing to train on.
TrainingData load_training_data(const DataConfig& config, std::uint64_t seed);

// What the model must carry: preprocessing and image statistics are measured on the images trained
// on, never on the validation set. Classes without names are called by their numbers.
ModelInfo make_model_info(const RunConfig& config, const Network& network,
                          const TrainingData& data);

// Throws FileError if images or labels are not what the model knows.
void require_fit(const Dataset& dataset, const ModelInfo& info);

// What the section `training` says of the loss; balanced class weights are measured on the images
// trained on. Throws ConfigError if a weight is given to what is no class, or two to one.
LossOptions make_loss_options(const ModelInfo& info, const Dataset& dataset, const Split& split);

}  // namespace cnn
