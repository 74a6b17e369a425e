// Training on random images, for those who time it.

#pragma once

#include <cstddef>
#include <vector>

#include "cnn/dataset.hpp"

#include "base/workers.hpp"
#include "data/preprocessing.hpp"
#include "data/selection.hpp"
#include "nn/network.hpp"
#include "optim/solver.hpp"
#include "run/run_config.hpp"
#include "run/train_step.hpp"

namespace cnn::app {

// One batch of random images and labels, and the steps that a run of this configuration would take
// on it: its solver, clipping, average, loss with smoothing and class weights, and augmentation.
// Balanced weights are those of the random labels. Keeps references to network and workers.
class RandomTraining {
 public:
  // Throws ConfigError if class weights name what is no class.
  RandomTraining(const RunConfig& config, Network& network, std::size_t batch, Workers& workers);
  RandomTraining(const RandomTraining&) = delete;
  RandomTraining& operator=(const RandomTraining&) = delete;

  // The factor 0 costs what any other does, and keeps random images from diverging.
  BatchResult step(double schedule_factor);

  const Dataset& dataset() const { return dataset_; }
  const Selection& places() const { return places_; }
  const PixelTable& table() const { return table_; }
  // Of the weights over the steps; empty if the configuration wants none.
  CView average() const { return average_; }

 private:
  Dataset dataset_;
  Selection places_;
  PixelTable table_;
  std::vector<Real> average_;
  Solver solver_;
  TrainStep step_;
};

}  // namespace cnn::app
