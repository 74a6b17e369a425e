// SharedPass: a pass of a few groups of samples, fewer than there are workers, in which all workers
// share the work inside each group.
//
// The pass is cut into phases, with a barrier between them; a phase is a run of layers, or one
// layer, and is cut into tasks as the layers allow (Sharing in nn/layer.hpp):
//
//   - layers that take a few samples at a time: blocks of kBlock samples, through the whole run;
//   - Winograd's convolutions: a quarter of a worker's share of all samples, or one block, with
//     weights that all workers have transformed together. Their backward leaves the gradient of
//     `unit` samples, or half of it where there are many workers, in a worker's scratch; the
//     workers add theirs in turn, part by part;
//   - fully connected layers and batch_norm: ranges of outputs, inputs or channels;
//   - the gradients of the other convolutions: ranges of channels. Nobody waits for these, so all
//     of them together are the last phase, or the one before a pause;
//   - a layer that says nothing of this: one task for each group.
//
// In evaluation, where an image's bits do not depend on its group, groups are single samples, of
// which there are fewer than workers, and are cut by channels (ChannelCut): a phase is a layer that
// makes each channel of all channels before it, and those behind it that make each channel of the
// same one.
//
// A worker has the same samples in phase after phase, unless others are done earlier: they stay in
// the cache of one processor.
//
// Tasks write to different memory or in a fixed order, and give the bits that Network::forward and
// backward give on one thread. Those keep a group in one cache and need no barrier: they are the
// better choice where there are groups enough for all workers.

#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/workers.hpp"
#include "nn/network.hpp"
#include "nn/workspace.hpp"

namespace cnn {

// Keeps references to network and workers. A pass allocates nothing.
class SharedPass {
 public:
  // What is done with the group in one workspace.
  struct Group {
    std::size_t n;
    Network::Position position = {};
    Gradients* gradients = nullptr;  // of backward; a different one for each group
  };

  // For passes in at most so many workspaces. `pauses` are layers where backward tells that it has
  // passed them, of Network::backward_pauses and in that order.
  SharedPass(const Network& network, Workers& workers, std::size_t workspaces,
             std::vector<std::size_t> pauses = {});

  // Bytes beside those of the workspaces.
  static std::size_t bytes(const Network& network, std::size_t workers, std::size_t workspaces);

  // What Network::forward and Network::backward do, on groups[k] in workspaces[k]: one group or
  // more, but no more than `workspaces`, of at least one sample each. Throw as they do, and forward
  // ArgumentError for groups of several samples in evaluation.
  void forward(std::span<Workspace> workspaces, std::span<const Group> groups);
  void backward(std::span<Workspace> workspaces, std::span<const Group> groups) {
    backward(workspaces, groups, [](std::size_t) {});
  }
  // The same; calls passed(i) on the calling thread for each pause i, when all gradients of the
  // layers from there on are there.
  template <typename Passed>
  void backward(std::span<Workspace> workspaces, std::span<const Group> groups,
                const Passed& passed) {
    count_samples(groups);
    std::size_t pause = 0;
    const auto pause_before = [&](std::size_t layer) {
      for (; pause < pauses_.size() && layer <= pauses_[pause]; ++pause) {
        add_gradients(pause, workspaces, groups);
        passed(pauses_[pause]);
      }
    };
    for (const Stage& stage : backward_) {
      pause_before(stage.end);
      backward_stage(stage, workspaces, groups);
    }
    pause_before(0);
    add_gradients(pause, workspaces, groups);
  }

  // body(worker, k, samples) for blocks of the samples of each group k: what comes before and
  // after. A log is told that this is `stage`.
  template <typename Body>
  void for_samples(std::string_view stage, std::span<const Group> groups, const Body& body) {
    workers_.run_near(stage, tasks(groups, Network::kBlock), [&](int worker, int task) {
      const Block block = block_of(groups, task, Network::kBlock);
      if (block.samples.count > 0) {
        body(static_cast<std::size_t>(worker), block.group, block.samples);
      }
    });
  }

  template <typename Body>
  void for_samples(std::span<const Group> groups, const Body& body) {
    for_samples({}, groups, body);
  }

 private:
  enum class Cut { samples, unit, pieces, group, channels };
  // Layers begin … end-1.
  struct Stage {
    std::size_t begin;
    std::size_t end;
    Cut cut;
    std::string name = {};     // "forward conv1 to pool1"
    std::string packing = {};  // "forward conv1, weights"
  };
  struct Block {
    std::size_t group;
    std::size_t index;
    Samples samples;
  };
  // Some of the gradients of a layer.
  struct Piece {
    std::size_t layer;
    Pieces pieces;
  };

  void find_forward();
  void find_by_channels();
  void find_backward();
  void forward_by_channels(std::span<Workspace> workspaces, std::span<const Group> groups);
  void forward_pieces(const Stage& stage, std::span<Workspace> workspaces,
                      std::span<const Group> groups);
  std::size_t parts_of(const Stage& stage, std::size_t samples) const;  // of a sample
  Channels channels_of(const Stage& stage, std::size_t part, std::size_t parts) const;
  static void add_stage(std::vector<Stage>& stages, std::size_t layer, Cut cut, bool apart = false);
  void leave_out_merged(std::vector<Stage>& stages) const;
  void name_stages(std::vector<Stage>& stages, std::string_view way) const;
  bool is_active(std::size_t layer) const;
  void add_pieces(std::size_t layer, std::vector<Piece>& pieces) const;

  // Of blocks of so many samples, group by group.
  static int tasks(std::span<const Group> groups, std::size_t block);
  static Block block_of(std::span<const Group> groups, int task, std::size_t block);
  // Task after task is a block of another group: those of one group, who wait for each other, are
  // apart.
  static Block alternating_block_of(std::span<const Group> groups, int task, std::size_t block);
  std::size_t samples_of_a_task(std::span<const Group> groups, std::size_t unit) const;
  Scratch& scratch_of(std::span<Workspace> workspaces, int worker);
  CView packed(const Stage& stage, Way way, std::span<Workspace> workspaces, int tasks);

  static void count_samples(std::span<const Group> groups);
  void backward_stage(const Stage& stage, std::span<Workspace> workspaces,
                      std::span<const Group> groups);
  void backward_in_turn(const Stage& stage, std::span<Workspace> workspaces,
                        std::span<const Group> groups);
  void backward_samples(const Stage& stage, std::span<Workspace> workspaces,
                        std::span<const Group> groups);
  void backward_pieces(const Stage& stage, std::span<Workspace> workspaces,
                       std::span<const Group> groups);
  void backward_groups(const Stage& stage, std::span<Workspace> workspaces,
                       std::span<const Group> groups);
  // Those of the layers from one pause to the one before.
  void add_gradients(std::size_t pause, std::span<Workspace> workspaces,
                     std::span<const Group> groups);

  const Network& network_;
  Workers& workers_;
  std::size_t workspaces_;
  std::vector<Stage> forward_;
  std::vector<Stage> by_channels_;  // forward with few samples, in evaluation
  std::vector<Stage> backward_;     // the last layers first
  std::vector<std::size_t> pauses_;
  std::vector<std::vector<Piece>> pieces_;  // per pause and for the last phase, the largest first
  std::vector<Scratch> scratch_;            // of workers beyond the workspaces
  // Per group and part of a gradient: whose turn it is to add.
  std::unique_ptr<std::atomic<std::size_t>[]> turns_;
};

}  // namespace cnn
