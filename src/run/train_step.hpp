// One training step: a batch through forward, loss, backward and update.
//
// Where there are several ranks, each runs the groups of its slots, consecutive ones; what comes
// out of a step is the same on each of them, to the last bit, as on one alone.
//
// The batch is cut into groups of kGroup samples, whatever the number of threads. A group adds its
// gradients into a slot; group g goes to slot g mod kSlots, and the groups of a slot are run in
// their order. Every sum therefore has a fixed order: the same bytes for any number of threads,
// with memory for at most kSlots sets of gradients however large the batch.
//
// Who runs what depends on the number of workers, and changes nothing but the time. As long as
// there are full groups for all of them, each takes whole groups through the network, alone: no
// barrier, and a group stays in one cache. All workers share the work inside the groups that are
// left, which may be all (nn/shared_pass.hpp).

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cnn/dataset.hpp"
#include "cnn/training_observer.hpp"

#include "base/collective.hpp"
#include "base/workers.hpp"
#include "data/augment.hpp"
#include "data/preprocessing.hpp"
#include "nn/layer_clock.hpp"
#include "nn/loss.hpp"
#include "nn/network.hpp"
#include "nn/shared_pass.hpp"
#include "nn/workspace.hpp"
#include "optim/gradient_exchange.hpp"
#include "optim/solver.hpp"

namespace cnn {

// Owns the workspaces and gradients of a run; keeps references to the rest. Used by one thread at a
// time. A step allocates nothing.
class TrainStep {
 public:
  static constexpr std::size_t kGroup = 32;
  static constexpr std::size_t kSlots = 16;

  // For batches of at most `batch` images. Throws ShapeError if the table is for other images than
  // the network or the class weights for other classes, ArgumentError for batches of none and for
  // more ranks than most_ranks.
  TrainStep(Network& network, Solver& solver, Loss loss, const PixelTable& table, std::size_t batch,
            std::uint64_t seed, Workers& workers, LossOptions loss_options = {},
            const AugmentOptions& augment = {}, Collective& collective = alone());

  // The most ranks that have something to do in a batch of so many images.
  static int most_ranks(std::size_t batch);

  // Trains on the images `places` of the dataset, as step `step` of the run with α_t =
  // schedule_factor · α; `epoch`, from 0, is what augmentation depends on, and without one the
  // images are taken as they stand. If a loss is not finite, throws DivergedError naming the first
  // tensor that is not; ShapeError if the images are not those of the network; ArgumentError for no
  // image, for more than a batch, for one that is not there and for a label that the network has no
  // output for. The parameters are then as they were, and the next step is not affected.
  BatchResult run(const Dataset& dataset, std::span<const std::uint32_t> places, std::uint64_t step,
                  double schedule_factor, std::optional<std::uint64_t> epoch);

  // What a rank has to say to the others goes along with the next step …
  void say(std::uint32_t bits) { said_ |= bits; }
  // … and these are the bits that some rank has said with the last one; once.
  std::uint32_t heard() { return std::exchange(heard_, 0); }

  // How long each layer takes on this thread, with groups of at most n images, measured for so many
  // seconds but at least once. Uses the memory of steps, and leaves nothing in their sums.
  std::vector<LayerTime> time_layers(std::size_t n, double seconds);

  // Bytes that a TrainStep will take, parameters included, on each of so many ranks.
  static std::size_t bytes(const Network& network, std::size_t batch, int workers,
                           const AugmentOptions& augment = {}, int ranks = 1);

 private:
  // The groups of one rank: those of its slots, in their order.
  struct Share {
    std::size_t slots;   // of the whole batch
    std::size_t groups;  // likewise
    Part own;            // of the slots

    std::size_t group(std::size_t i) const {
      return i / own.count * slots + own.first + i % own.count;
    }
    std::size_t count() const;
  };
  // Of a sample, on its way to the other ranks. Before those of a rank stands what it says, in
  // place of a class.
  struct Result {
    double loss;
    std::uint32_t predicted;
    std::uint32_t unused;
  };
  // What all groups of a step share.
  struct Batch {
    const Dataset& dataset;
    std::span<const std::uint32_t> places;
    std::uint64_t step;
    std::optional<std::uint64_t> epoch;
    Share share;
  };
  Share share_of(std::size_t batch, int rank) const;
  std::size_t groups_of_single_workers(const Batch& batch) const;
  void run_groups(const Batch& batch);
  void run_group(const Batch& batch, std::size_t group, std::size_t worker, Gradients& gradients);
  // Groups of this rank, from its i-th on, as many as there are workspaces, by all workers.
  void run_together(const Batch& batch, std::size_t i, std::size_t groups);
  // All ranks get the losses and the predicted classes of all samples, and their parts of the
  // gradients, as GradientExchange::run returns them.
  Solver::Sums share_out(const Batch& batch);
  template <typename Each>
  void for_samples_of(int rank, const Batch& batch, const Each& each) const;
  void diverge(const Batch& batch, double loss);
  // Of some samples of a group in a workspace: assigns its inputs and labels …
  void read(const Batch& batch, std::size_t group, Samples samples, std::size_t worker,
            Workspace& workspace);
  // … and, after forward, losses, predicted classes and the gradient of the outputs.
  void find_loss(const Batch& batch, std::size_t group, Samples samples, Workspace& workspace);
  // False, and a note of what it is, if a loss of the group is not finite.
  bool is_finite(std::size_t group, std::size_t n, const Workspace& workspace);
  // Assigns x: the image as the network gets it.
  void read_image(const Batch& batch, std::uint32_t place, std::size_t worker, View x);

  Network& network_;
  Solver& solver_;
  Loss loss_;
  LossOptions loss_options_;
  const PixelTable& table_;
  std::uint64_t seed_;
  Workers& workers_;
  Collective& collective_;
  std::optional<Augmenter> augmenter_;
  std::vector<Augmenter::Scratch> scratch_;  // per worker, where images are augmented
  std::vector<Workspace> workspaces_;        // per worker, but no more than slots of this rank
  SharedPass shared_;
  std::vector<SharedPass::Group> together_;  // per workspace
  std::vector<Gradients> gradients_;         // per slot of this rank
  GradientExchange exchange_;                // may still be sending these where a step has failed
  std::vector<std::uint16_t> labels_;        // per sample
  std::vector<double> losses_;               // per sample
  std::vector<std::uint32_t> predicted_;     // per sample: the class of the largest output
  std::vector<std::string> non_finite_;      // per group: the first tensor that is not finite
  std::vector<Result> results_;              // rank by rank: what it says, and of its samples
  std::uint32_t said_ = 0;
  std::uint32_t heard_ = 0;
};

}  // namespace cnn
