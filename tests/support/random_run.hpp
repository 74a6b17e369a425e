// Small runs drawn at random: a network, its data and its training, as a user's files.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "cnn/dataset.hpp"

namespace cnn {

struct RandomRun {
  std::string config;  // YAML; the data are in "data" beside it, the run directory is "run"
  Dataset train;
  Dataset test;
};

// The run of this seed, the same for ever: a chain or a graph of any of the layers on images of up
// to 2x12x12, any solver, schedule and loss, batches that seldom divide the training set, with and
// without validation, momentum, decay, warm-up, learning rates of single layers. It takes about
// `steps` steps: two to five epochs, or that many steps exactly.
RandomRun draw_run(std::uint32_t seed, int steps);

// Writes the data and run.yaml into `directory`, and returns the path of the latter.
std::filesystem::path write_run(const RandomRun& run, const std::filesystem::path& directory);

}  // namespace cnn
