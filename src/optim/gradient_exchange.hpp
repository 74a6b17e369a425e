// GradientExchange: the gradients of a step on their way between ranks, a reduce-scatter over the
// fixed tree of slots (optim/slot_tree.hpp).
//
// Each rank adds up the subtrees that it has all of, and sends of each sum to every other rank the
// part that the other one owns. What it gets for its own part it adds up as the tree says: a sum
// has the same bits for any number of ranks.
//
// That goes section by section (Solver::sections), in the same order on each rank, whatever happens
// to it. A section that all groups of a rank have passed is sent while they go on: backward has the
// gradients of the last layers first. What is left is sent when there is nothing more to compute.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/arena.hpp"
#include "base/collective.hpp"
#include "base/courier.hpp"
#include "base/workers.hpp"
#include "nn/workspace.hpp"
#include "optim/solver.hpp"

namespace cnn {

// Owns memory for what is received; keeps references to the rest.
class GradientExchange {
 public:
  // For steps of at most `slots` slots.
  GradientExchange(Collective& collective, Solver& solver, std::size_t slots);

  // Bytes of what is received.
  static std::size_t bytes(std::size_t values, std::size_t slots, int ranks);

  // Begins a step of `groups` groups of this rank. `gradients` are those of its slots, which are
  // even_part of `slots`. From here to `run` nobody else uses the collective.
  void begin(std::span<Gradients> gradients, std::size_t slots, std::size_t groups);

  // A way back of some groups: how many sections they have passed.
  struct Way {
    std::size_t groups;
    std::size_t passed = 0;
  };
  // They have passed the layers from `layer` on. By any thread; groups that have nothing to add
  // need not.
  void pass(Way& way, std::size_t layer);
  // Adds up what all groups have passed, and has it sent. By any number of threads at once.
  void add_up();

  // Ends it. Returns the sums of each slot (Solver::Sums), valid until the next step; of
  // `gradients`, what is not this rank's part is zero. `beside` goes the same way: an array of
  // which each rank has a part, and then all of it.
  template <typename T>
  Solver::Sums run(Workers& workers, std::span<T> beside,
                   const Collective::PartOf& part_of_beside) {
    const std::size_t last = solver_.sections().size() - 1;
    for (std::size_t s = courier_ ? courier_->wait() : 0; s <= last; ++s) {
      add_up(s, workers);
      clear();
      if (s == last) collective_.add_gather(beside, part_of_beside, sends_, receives_);
      collect(s);
      collective_.exchange(sends_, receives_);
    }
    return end(workers);
  }

 private:
  // Of one section in a step.
  struct Progress {
    std::atomic<std::size_t> groups_left = 0;
    std::atomic<std::size_t> next_chunk = 0;
    std::atomic<std::size_t> chunks_done = 0;
  };

  template <typename Each>
  void for_own_subtrees(const Each& each) const;
  void add_up_chunk(std::size_t section, std::size_t i) const;
  void add_up(std::size_t section, Workers& workers) const;
  void clear();
  // Adds the messages of a section.
  void collect(std::size_t section);
  Solver::Sums end(Workers& workers);

  Collective& collective_;
  Solver& solver_;
  Arena arena_;
  View received_;
  std::array<std::size_t, Solver::kMostSections> rooms_{};      // in received_, per section
  std::array<std::vector<Real*>, Solver::kMostSections> sums_;  // per section: per slot
  std::vector<Collective::Send> sends_;
  std::vector<Collective::Receive> receives_;
  // Of the step.
  std::span<Gradients> gradients_;
  std::size_t slots_ = 0;
  std::array<Progress, Solver::kMostSections> progress_;
  std::unique_ptr<Courier> courier_;  // where there are several sections; ends before the rest
};

}  // namespace cnn
