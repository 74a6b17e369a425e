// A tiny problem that trains in milliseconds: 8x8 images of four classes and a small network with
// every kind of state (momentum, dropout, a branch).

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "cnn/dataset.hpp"

#include "base/workers.hpp"
#include "nn/network.hpp"
#include "run/model.hpp"
#include "run/run_config.hpp"
#include "run/trainer.hpp"
#include "run/training_data.hpp"
#include "run/training_session.hpp"

namespace cnn {

// A configuration of the tiny network with `training` (lines of the training section, indented by
// two spaces) and the given number of validation images. Its data are not on disk.
RunConfig tiny_config(const std::string& training, int validation = 0);

// The images of the tiny problem: 50, of four classes.
Dataset tiny_images();

// A session on images in memory. `directory` must exist; it is neither locked nor looked at.
class TinyRun {
 public:
  TinyRun(const RunConfig& run_config, const std::filesystem::path& directory_path, int threads,
          const Dataset& images = tiny_images());

  void resume(const Checkpoint& checkpoint) { session_.resume(checkpoint); }

 private:
  TrainingSession session_;

 public:
  const RunConfig& config = session_.config();
  const TrainingData& data = session_.data();
  Network& network = session_.network();
  const ModelInfo& info = session_.info();
  const RunDirectory& directory = session_.directory();
  Workers& workers = session_.workers();
  Trainer& trainer = session_.trainer();
};

// Counts and remembers; stops or asks for a checkpoint after a given step.
struct Recorder : TrainObserver {
  void on_step(const StepReport& report) override;
  void on_epoch(const EpochReport& report) override { epochs.push_back(report); }
  void on_checkpoint(const std::filesystem::path&, std::uint64_t step) override {
    checkpoints.push_back(step);
  }

  StopSwitch stop;
  std::uint64_t stop_after = 0;  // 0 = never
  std::vector<StepReport> steps;
  std::vector<EpochReport> epochs;
  std::vector<std::uint64_t> checkpoints;
};

}  // namespace cnn
