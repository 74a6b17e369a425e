// Trainer: a whole run, from the first step (or a checkpoint's) to the final model.
//
// It reports to an observer, hands what is to be kept to a RunKeeper, and neither logs nor writes
// files itself. Used by one thread; only the StopSwitch may be touched from elsewhere.
//
// On several ranks all make the same calls (but for `resume`, which is rank 0's); rank 0 alone has
// something kept. What is asked of one rank, as to stop, all do.

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cnn/dataset.hpp"
#include "cnn/training_observer.hpp"

#include "base/collective.hpp"
#include "base/workers.hpp"
#include "data/preprocessing.hpp"
#include "data/selection.hpp"
#include "infer/evaluate.hpp"
#include "nn/network.hpp"
#include "optim/solver.hpp"
#include "run/model.hpp"
#include "run/train_step.hpp"

namespace cnn {

// What is worth keeping of a run, at one moment. Valid during the call that hands it over.
struct RunState {
  const ModelInfo& info;
  const Network& network;
  const Solver& solver;
  const TrainProgress& progress;
  const std::string& data;  // fingerprint of the training set
  const Network* averaged;  // of the weights over the steps; nullptr if the run has no average

  // What the run leaves behind: the averaged weights where there are any.
  const Network& result() const { return averaged != nullptr ? *averaged : network; }
};

// Keeps what a run leaves behind; a trainer itself writes no file. Called by the thread that
// trains; what it throws ends the run.
class RunKeeper {
 public:
  virtual ~RunKeeper() = default;
  // Returns where the checkpoint is.
  virtual std::filesystem::path keep_checkpoint(const RunState& state) = 0;
  virtual void keep_epoch(const EpochMetrics& metrics) = 0;
  // The best validation accuracy so far; of an epoch that was cut short, the one before is worth
  // keeping, too.
  virtual void keep_best(const RunState& state) = 0;
  // The run is finished.
  virtual void keep_result(const RunState& state) = 0;
  // How long its layers took.
  virtual void keep_layer_times(const std::vector<LayerTime>& times) = 0;
};

// What a run works on. All of it outlives the Trainer.
struct TrainerSetup {
  const ModelInfo& info;
  Network& network;
  const Dataset& dataset;
  const Split& split;
  Workers& workers;
  RunKeeper& keeper;
  // Of the network's values, if a file gave them.
  std::string weights = {};
  Collective& collective = alone();
};

class Trainer {
 public:
  enum class Outcome { finished, stopped };

  // Throws ArgumentError if there is nothing to train on, for an image that is not there and for a
  // label that the network has no output for; ShapeError if the images are not those of the
  // network.
  explicit Trainer(const TrainerSetup& setup);

  // Throws FileError if the checkpoint belongs to another network or training set, ConfigError if
  // it stands beyond the run's end.
  void require_resumable(const Checkpoint& checkpoint) const;
  // Continues where the checkpoint stands; `kept`: the keeper has it as its newest one. Throws as
  // require_resumable does.
  void resume(const Checkpoint& checkpoint, bool kept);

  std::uint64_t step() const { return progress_.step; }
  std::uint64_t steps() const { return steps_; }
  std::uint64_t steps_per_epoch() const { return steps_per_epoch_; }
  const TrainProgress& progress() const { return progress_; }
  const ModelInfo& info() const { return info_; }
  // The fingerprint of the training set.
  const std::string& data() const { return data_; }
  // No better validation accuracy for training.patience epochs: the run ends here.
  bool is_out_of_patience() const;
  // Is there nothing left to train or to report?
  bool is_finished() const;

  // Trains to the end, or until told to stop; either way a checkpoint is kept last, and after the
  // end the result and how long each layer takes, measured in less than a hundredth of the run's
  // time, unless too few images have been seen for that. A run that has no checkpoint yet keeps one
  // before its first step. Throws DivergedError if a loss or a weight is no longer finite (the last
  // good checkpoint stays), and what the keeper throws.
  Outcome run(TrainObserver& observer, StopSwitch& stop);

  // Keeps a checkpoint. Throws as run does.
  void write_checkpoint(TrainObserver& observer);

  // One step without any consequence but for the parameters: what --dry-run does. Returns the
  // batch's mean loss.
  double try_one_step();

  // Bytes of the buffers that training will use, besides the data, on each of so many ranks.
  static std::size_t bytes(const Network& network, const RunConfig& config, int workers,
                           int ranks = 1);

 private:
  using Clock = std::chrono::steady_clock;

  // What is asked of a run from outside.
  enum Request : std::uint32_t { kStop = 1, kCheckpoint = 2 };

  // All ranks go on from where rank 0 stands.
  void share_start();
  void reopen_epoch();
  std::uint32_t requests(StopSwitch& stop);
  std::uint32_t own_requests(StopSwitch& stop);
  void keep_checkpoint(TrainObserver& observer);
  BatchResult train_batch(std::uint64_t step);
  void advance(TrainObserver& observer);
  bool epoch_is_due() const;
  void finish_epoch(TrainObserver& observer, const std::atomic<bool>& stop);
  bool checkpoint_due() const;
  // Of a run that took so many seconds for so many images.
  void time_layers(double seconds, std::uint64_t images);
  double factor(std::uint64_t step) const;
  // Has data.augment.until not been reached?
  bool is_augmented(std::uint64_t step) const;
  RunState state() const;

  const ModelInfo& info_;
  Network& network_;
  const Dataset& dataset_;
  const Split& split_;
  const TrainingConfig& training_;

  Collective& collective_;
  PixelTable table_;
  std::optional<Network> averaged_;
  Solver solver_;
  Workers& workers_;
  TrainStep train_step_;
  Inference inference_;
  RunKeeper& keeper_;
  std::string data_;  // fingerprint

  std::uint64_t steps_per_epoch_;
  std::uint64_t steps_;
  TrainProgress progress_;
  std::uint64_t images_here_ = 0;  // seen by this call of run
  Selection order_;                // of the present epoch
  std::optional<std::uint64_t> order_epoch_;
  std::optional<TrainProgress> saved_;  // what the keeper has as the newest, if that is this run's
  Clock::time_point epoch_start_;
  std::size_t epoch_images_here_ = 0;  // seen since epoch_start_
  Clock::time_point checkpoint_time_;
};

}  // namespace cnn
