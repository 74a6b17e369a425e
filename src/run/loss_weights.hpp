// The loss of a run: what the section `training` says of it, measured on the images where needed.

#pragma once

#include <string>
#include <vector>

#include "cnn/dataset.hpp"

#include "data/selection.hpp"
#include "nn/loss.hpp"
#include "run/run_config.hpp"

namespace cnn {

// The options of the loss for these classes. Balanced class weights are measured on `images`, those
// trained on. Throws ConfigError if a weight is given to something that is no class, or if one
// class gets two.
LossOptions make_loss_options(const TrainingConfig& training,
                              const std::vector<std::string>& classes, const Dataset& dataset,
                              const Selection& images);

}  // namespace cnn
