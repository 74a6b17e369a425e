// Solver: turns gradients into an update of all parameters. It sees values, gradients and
// per-parameter constants, never layers.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/collective.hpp"
#include "base/workers.hpp"
#include "nn/network.hpp"
#include "nn/workspace.hpp"
#include "optim/solver_options.hpp"

namespace cnn {

// A step moves a parameter W by its gradient g, that of the data term, as the rule in
// SolverOptions says (rules/); α_t = schedule_factor·α. Before that a gradient g of all parameters
// whose Euclidean norm exceeds `clip` is shortened to it (Pascanu et al., 2013; as
// torch.nn.utils.clip_grad_norm_: g ← g·min(1, clip/(‖g‖ + 10⁻⁶))). After it the average of all
// parameters follows: a ← d·a + (1 − d)·W with d = min(ema, t/(9 + t)) in step t = 1, 2, … (the
// warm-up of TensorFlow's ExponentialMovingAverage with t − 1 updates done).
//
// A statistic r follows s, its mean over the samples of the batch, by its own rate β instead:
//   r ← (1 − β)·r + β·s
// It is no part of the gradient that is clipped, but has an average like all others. What is frozen
// is no part of that gradient either, and no step changes a bit of it.
//
// Owns what the rule keeps of every parameter from step to step, laid out like Network::values().
//
// Where there are several ranks, each moves a part of the parameters, all of whose states and
// averages it alone keeps up to date; after a step all have all values.
class Solver {
 public:
  // Values that are moved in one go: value, state and gradients together fit into L2.
  static constexpr std::size_t kChunk = 16384;

  // `average`, where ema is given, is laid out like Network::values() and holds the starting
  // weights; it must outlive the solver. Throws ShapeError if it has another size.
  Solver(const Network& network, const SolverOptions& options, View average = {},
         Collective& collective = alone());

  // Adds up partial sums of the data term's gradient, and of statistics over their samples. The
  // order is that of one binary tree, whatever the number of workers: (0 + 1) + (2 + 3), … by their
  // places; one that is not there adds nothing. 2^k of them from a multiple of 2^k on are a
  // subtree: the sums of such subtrees, reduced in their order, have the same bits. Returns the
  // sum, which takes the place of the first; the others become zero. Throws ArgumentError if there
  // are none, or of another network.
  Gradients& reduce(std::span<Gradients> gradients, Workers& workers);

  // Step t = 0, 1, … of the run, by the sum that reduce returns; it becomes zero for the next step.
  // Throws ArgumentError if it or the network is not of the network that the solver was made for.
  void apply(Network& network, Gradients& sum, std::uint64_t t, double schedule_factor,
             Workers& workers);

  // apply of reduce, to the last bit, in one pass over the gradients where they are not clipped.
  void step(Network& network, std::span<Gradients> gradients, std::uint64_t t,
            double schedule_factor, Workers& workers);

  // The same on each of several ranks. parts[i] are the values of the i-th partial sum that lie in
  // this rank's part, or nullptr if one before it has them in its subtree; they become zero.
  // `samples`: of all partial sums.
  void step(Network& network, std::span<Real* const> parts, std::size_t samples, std::uint64_t t,
            double schedule_factor, Workers& workers);

  // The values that a rank moves, of Network::values(); the same on each rank.
  Part part(int rank) const { return part(rank, collective_.size()); }
  // The same, of so many.
  Part part(int rank, int ranks) const;
  // All ranks get the average as a whole.
  void gather_average();
  // Rank 0 gets what the rule keeps as a whole, as a checkpoint wants it.
  void gather_states();
  // All ranks get what rank 0 has of states and average.
  void broadcast();

  // Names of what is kept, the rule's: "velocity", or "first_moment" and "second_moment".
  std::span<const std::string_view> state_names() const { return options_.rule->states; }
  // Of one parameter that is learnt, that of state_names()[i], which a checkpoint saves and
  // restores. Throws ArgumentError if there is no such state.
  View state(std::size_t i, const Parameter& p) {
    require_state(i, p);
    return states_[i].values().subspan(p.offset, p.size);
  }
  CView state(std::size_t i, const Parameter& p) const {
    require_state(i, p);
    return states_[i].values().subspan(p.offset, p.size);
  }

  // Bytes that a Solver will take.
  static std::size_t bytes(const Network& network, const SolverOptions& options);

 private:
  // A piece of one parameter: small enough to share the work out, large enough to be worth it.
  struct Chunk {
    std::size_t offset;
    std::size_t size;
    double alpha;
    double lambda;
    bool learnt;
    bool frozen;
    double rate;  // of a statistic
  };

  void require_state(std::size_t i, const Parameter& p) const;
  void require(std::span<const Gradients> gradients, std::size_t network_size) const;
  // The chunks of a rank, as places in chunks_.
  Part chunks_of(int rank) const { return chunks_of(rank, collective_.size()); }
  Part chunks_of(int rank, int ranks) const;
  std::size_t first_chunk(int rank, int ranks) const;
  template <typename PartialSum>
  void move(Network& network, std::size_t count, const PartialSum& partial, std::size_t samples,
            std::uint64_t t, double schedule_factor, Workers& workers);
  template <typename PartialSum>
  Real add_up_and_measure(std::size_t count, const PartialSum& partial, Workers& workers);
  void update(View w, CView g, const Chunk& chunk, std::uint64_t t, double schedule_factor);
  void average(CView w, const Chunk& chunk, std::uint64_t t);

  Collective& collective_;
  SolverOptions options_;
  std::size_t size_;  // of the network's values
  View average_;
  std::vector<Chunk> chunks_;
  std::vector<double> squares_;  // of each chunk's gradient, where it is clipped
  std::vector<Gradients> states_;
};

}  // namespace cnn
