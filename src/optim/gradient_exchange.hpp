// GradientExchange: the gradients of a step on their way between ranks, a reduce-scatter over the
// fixed tree of slots (optim/slot_tree.hpp).
//
// Each rank adds up the subtrees that it has all of, and sends of each sum to every other rank the
// part that the other one owns. What it gets for its own part it adds up as the tree says: a sum
// has the same bits for any number of ranks.

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/arena.hpp"
#include "base/collective.hpp"
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

  // `gradients` are those of this rank's slots, which are even_part of `slots`. Returns, for each
  // slot, the values of this rank's part of the parameters (Solver::part): a sum of the subtree
  // that begins with that slot, or nullptr where that belongs to another's. They are valid until
  // the next call; of `gradients`, what is not this rank's part is zero. `beside` goes the same
  // way: an array of which each rank has a part, and then all of it.
  template <typename T>
  std::span<Real* const> run(std::span<Gradients> gradients, std::size_t slots, Workers& workers,
                             std::span<T> beside, const Collective::PartOf& part_of_beside) {
    sends_.clear();
    receives_.clear();
    collective_.add_gather(beside, part_of_beside, sends_, receives_);
    return run(gradients, slots, workers);
  }

 private:
  std::span<Real* const> run(std::span<Gradients> gradients, std::size_t slots, Workers& workers);

  Collective& collective_;
  Solver& solver_;
  Arena arena_;
  View received_;
  std::vector<Real*> parts_;  // per slot
  std::vector<Collective::Send> sends_;
  std::vector<Collective::Receive> receives_;
};

}  // namespace cnn
