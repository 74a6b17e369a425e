// What a training run reports while it runs, and how it is told to stop.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "cnn/export.hpp"

namespace cnn {

// A batch's losses and predictions, from the forward pass of its step.
struct BatchResult {
  double loss = 0;                           // Σ over the batch of J(W,b;x,y), without the λ term
  std::size_t correct = 0;                   // samples whose largest output was their label's
  std::span<const std::uint32_t> predicted;  // per sample, the largest output; until the next step
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

// One row of metrics.csv. Accuracies are shares of 1.
struct EpochMetrics {
  std::uint64_t epoch = 0;  // from 1
  std::uint64_t step = 0;   // steps done at its end
  double train_loss = 0;
  double train_accuracy = 0;
  bool validated = false;  // without validation its two columns are empty
  double validation_loss = 0;
  double validation_accuracy = 0;
  double alpha = 0;  // of the epoch's last step
  double seconds = 0;
  double images_per_second = 0;
};

struct EpochReport {
  EpochMetrics metrics;
  std::uint64_t epochs;  // that the run will see, a last unfinished one included
  bool finished;         // all images seen; false for the rest that `steps: N` leaves
  bool best;             // best validation accuracy so far
};

// Derive from it to follow a run. It is called by the thread that runs the training; what it throws
// ends the run and reaches the caller.
class CNN_EXPORT TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void on_step(const StepReport&) {}
  virtual void on_epoch(const EpochReport&) {}
  // A checkpoint of step `step` is written and safe.
  virtual void on_checkpoint(const std::filesystem::path& /*path*/, std::uint64_t /*step*/) {}
};

// How another thread, or a signal handler, talks to a run: lock-free, looked at after every step
// and during validation.
struct StopSwitch {
  std::atomic<bool> stop{false};        // finish the step, write a checkpoint, return
  std::atomic<bool> checkpoint{false};  // write a checkpoint and go on
  static_assert(std::atomic<bool>::is_always_lock_free);
};

}  // namespace cnn
