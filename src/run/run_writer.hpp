// RunWriter: keeps a run's checkpoints, models and metrics.csv in its run directory.

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "run/metrics_file.hpp"
#include "run/run_directory.hpp"
#include "run/trainer.hpp"

namespace cnn {

// Throws FileError where a file cannot be written; a checkpoint that was there is then still there.
class RunWriter final : public RunKeeper {
 public:
  // Of `keep` checkpoints the oldest ones go.
  RunWriter(RunDirectory directory, std::int64_t keep)
      : directory_(std::move(directory)), keep_(keep) {}

  RunDirectory& directory() { return directory_; }
  const RunDirectory& directory() const { return directory_; }

  // Makes `trainer` go on from the checkpoint, and with it the rows of metrics.csv up to there. A
  // newer last.safetensors is kept under its step until the run passes that. From another directory
  // the best model and the rows come along. Throws FileError if the checkpoint is not of this run.
  void resume(Trainer& trainer, const Checkpoint& checkpoint);
  // Is best.safetensors that of the best epoch so far?
  bool has_best() const { return has_best_; }

  std::filesystem::path keep_checkpoint(const RunState& state) override;
  void keep_epoch(const EpochMetrics& metrics) override;
  void keep_best(const RunState& state) override;
  void keep_result(const RunState& state) override;
  void keep_layer_times(const std::vector<LayerTime>& times) override;

 private:
  void find_best(const RunConfig& config, const TrainProgress& progress);
  void bring_along(const RunDirectory& home, const RunConfig& config,
                   const TrainProgress& progress);
  // What a run that was shorter left as its best becomes this run's, or goes.
  void settle_best(const RunState& state);
  // The step of last.safetensors, if it can be read.
  std::optional<std::uint64_t> step_of_last() const;

  RunDirectory directory_;
  MetricsFile metrics_;
  std::int64_t keep_;
  std::optional<std::uint64_t> last_;  // step of last.safetensors, if there is one worth keeping
  bool has_best_ = false;
  // The best model is that of the whole epochs, and will be best.safetensors with the next
  // checkpoint.
  bool best_is_aside_ = false;
  bool is_settled_ = true;  // best.safetensors is not what another run left
};

}  // namespace cnn
