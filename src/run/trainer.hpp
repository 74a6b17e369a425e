// Trainer: a whole run, from the first step (or a checkpoint's) to the final model in the run
// directory.
//
// It reports to an observer and logs nothing itself. Used by one thread; only the StopSwitch may be
// touched from elsewhere.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "cnn/dataset.hpp"

#include "base/workers.hpp"
#include "data/preprocessing.hpp"
#include "infer/evaluate.hpp"
#include "nn/network.hpp"
#include "optim/solver.hpp"
#include "run/model.hpp"
#include "run/run_directory.hpp"
#include "run/train_step.hpp"

namespace cnn {

// How a signal handler talks to a running Trainer: lock-free, looked at after every step and during
// validation.
struct StopSwitch {
  std::atomic<bool> stop{false};        // finish the step, write a checkpoint, return
  std::atomic<bool> checkpoint{false};  // write a checkpoint and go on
  static_assert(std::atomic<bool>::is_always_lock_free);
};

struct StepReport {
  std::uint64_t step;     // steps done, this one included
  std::uint64_t steps;    // of the whole run
  std::uint64_t epoch;    // from 1
  std::uint64_t batch;    // of the epoch, from 1
  std::uint64_t batches;  // of an epoch
  double loss;            // mean over the epoch so far
  double accuracy;        // likewise
  double alpha;           // α_t of this step
  std::size_t images;     // of this batch
  BatchResult result;     // of this batch; what it predicts is valid during the call
};

struct EpochReport {
  MetricsFile::Row row;
  std::uint64_t epochs;  // that the run will see, a last unfinished one included
  bool finished;         // all images seen; false for the rest that `steps: N` leaves
  bool best;             // best validation accuracy so far
};

class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void on_step(const StepReport& report) = 0;
  virtual void on_epoch(const EpochReport& report) = 0;
  virtual void on_checkpoint(const std::filesystem::path& path, std::uint64_t step) = 0;
};

// What a run works on. All of it outlives the Trainer.
struct TrainerSetup {
  const ModelInfo& info;
  Network& network;
  const Dataset& dataset;
  const Split& split;
  const RunDirectory& directory;
  Workers& workers;
};

class Trainer {
 public:
  enum class Outcome { finished, stopped };

  // Throws ArgumentError if there is nothing to train on, for an image that is not there and for a
  // label that the network has no output for; ShapeError if the images are not those of the
  // network.
  explicit Trainer(const TrainerSetup& setup);

  // Continues where the checkpoint stands. Throws FileError if it belongs to another network or
  // training set.
  void resume(const Checkpoint& checkpoint);

  std::uint64_t step() const { return progress_.step; }
  std::uint64_t steps() const { return steps_; }
  std::uint64_t steps_per_epoch() const { return steps_per_epoch_; }
  const TrainProgress& progress() const { return progress_; }
  // No better validation accuracy for training.patience epochs: the run ends here.
  bool is_out_of_patience() const;
  // Is there nothing left to train or to report?
  bool is_finished() const;

  // Trains to the end, or until told to stop; either way a checkpoint is written last, and after
  // the end model.safetensors. A run that has no checkpoint yet writes one before its first step.
  // Throws DivergedError if a loss or a weight is no longer finite (the last good checkpoint
  // stays), FileError.
  Outcome run(TrainObserver& observer, StopSwitch& stop);

  // Writes last.safetensors. Throws as run does.
  void write_checkpoint(TrainObserver& observer);

  // One step without any consequence but for the parameters: what --dry-run does. Returns the
  // batch's mean loss.
  double try_one_step();

  // Bytes of the buffers that training will use, besides the data.
  static std::size_t bytes(const Network& network, const RunConfig& config, int workers);

 private:
  using Clock = std::chrono::steady_clock;

  BatchResult train_batch(std::uint64_t step);
  void advance(TrainObserver& observer);
  bool epoch_is_due() const;
  void finish_epoch(TrainObserver& observer, const std::atomic<bool>& stop);
  bool checkpoint_due() const;
  double factor(std::uint64_t step) const;
  // Has data.augment.until not been reached?
  bool is_augmented(std::uint64_t step) const;
  // What the run is about to leave behind: the averaged weights where there are any.
  const Network& result() const { return averaged_ ? *averaged_ : network_; }

  const ModelInfo& info_;
  Network& network_;
  const Dataset& dataset_;
  const Split& split_;
  const RunDirectory& directory_;
  const TrainingConfig& training_;

  PixelTable table_;
  std::optional<Network> averaged_;
  Solver solver_;
  TrainStep train_step_;
  Inference inference_;
  MetricsFile metrics_;
  std::string data_;  // fingerprint

  std::uint64_t steps_per_epoch_;
  std::uint64_t steps_;
  Schedule schedule_;
  TrainProgress progress_;
  Selection order_;  // of the present epoch
  std::optional<std::uint64_t> order_epoch_;
  std::optional<TrainProgress> saved_;  // what last.safetensors holds, if that is this run's
  Clock::time_point epoch_start_;
  std::size_t epoch_images_here_ = 0;  // seen since epoch_start_, without those before a resume
  Clock::time_point checkpoint_time_;
};

}  // namespace cnn
