// RunWriter: keeps a run's checkpoints, models and metrics.csv in its run directory.

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "run/metrics_file.hpp"
#include "run/run_directory.hpp"
#include "run/trainer.hpp"

namespace cnn {

// Throws FileError where a file cannot be written; a checkpoint that was there is then still there.
class RunWriter final : public RunKeeper {
 public:
  // Of `keep` checkpoints the oldest ones go.
  RunWriter(RunDirectory directory, std::int64_t keep)
      : directory_(std::move(directory)), metrics_(directory_.metrics()), keep_(keep) {}

  const RunDirectory& directory() const { return directory_; }

  // Makes `trainer` go on from the checkpoint, and keeps the rows of metrics.csv up to there.
  // Throws FileError if the checkpoint is not of this run.
  void resume(Trainer& trainer, const Checkpoint& checkpoint);

  std::filesystem::path keep_checkpoint(const RunState& state) override;
  void keep_epoch(const EpochMetrics& metrics) override { metrics_.append(metrics); }
  void keep_best(const RunState& state) override;
  void keep_result(const RunState& state) override;

 private:
  RunDirectory directory_;
  MetricsFile metrics_;
  std::int64_t keep_;
  std::optional<std::uint64_t> last_;  // step of last.safetensors, if that is this run's
};

}  // namespace cnn
