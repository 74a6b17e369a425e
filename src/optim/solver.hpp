// Solver: turns gradients into an update of all parameters. It sees values, gradients and
// per-parameter constants, never layers.

#pragma once

#include <array>
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
// averages it alone keeps up to date; after a step all have all values. Where messages are worth
// it (Collective::worth_beside), parameters are cut into sections, of whose gradients the first are
// sent while others are still computed; a rank's part is then one of each section.
class Solver {
 public:
  // Values that are moved in one go: value, state and gradients together fit into L2.
  static constexpr std::size_t kChunk = 16384;
  static constexpr std::size_t kMostSections = 4;

  // Layers from `layer` on, up to those of the section before, and their chunks.
  struct Section {
    std::size_t layer;
    Part chunks;
  };
  // Sums of a step, by its slots: where the values of this rank's part of a section begin, or
  // nullptr if a sum before it has them in its subtree.
  using Sums = std::array<std::span<Real* const>, kMostSections>;

  // `average`, where ema is given, is laid out like Network::values() and holds the starting
  // weights; it must outlive the solver. Throws ShapeError if it has another size.
  Solver(const Network& network, const SolverOptions& options, View average = {},
         Collective& collective = alone());

  // The α of layers that have none of their own, from now on.
  void set_alpha(double alpha);

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

  // The same on each of several ranks, of the sums for each section, which become zero. `samples`:
  // of all partial sums.
  void step(Network& network, const Sums& sums, std::size_t samples, std::uint64_t t,
            double schedule_factor, Workers& workers);

  // Adds up, for one chunk of a section, what reduce adds up for all; counts no samples.
  void reduce_chunk(const Section& section, std::size_t i, std::span<Gradients> gradients) const;

  // The last layers first.
  std::span<const Section> sections() const { return sections_; }
  // Those for so many ranks whose messages beside computation are worth it from so many bytes on.
  std::vector<Section> sections(std::size_t worth_beside) const;
  // That many, over a link: then a message takes longer than to begin one, and each rank has
  // several chunks of a section, so that their parts are of nearly one size.
  static std::size_t worth_beside(int ranks);

  // The values of a section that a rank moves, of Network::values(); the same on each rank.
  Part part(const Section& section, int rank) const {
    return part(section, rank, collective_.size());
  }
  // The same, of so many.
  Part part(const Section& section, int rank, int ranks) const;
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
    std::size_t layer;
    std::size_t offset;
    std::size_t size;
    double alpha;
    bool has_own_alpha;
    double lambda;
    bool learnt;
    bool frozen;
    double rate;  // of a statistic
  };

  // A chunk that this rank moves.
  struct Own {
    std::size_t chunk;
    std::size_t section;
  };
  // Where a section may begin.
  struct Pause {
    std::size_t layer;
    std::size_t chunk;
  };

  void require_state(std::size_t i, const Parameter& p) const;
  void require(std::span<const Gradients> gradients, std::size_t network_size) const;
  // The chunks of a rank, as places in chunks_.
  Part chunks_of(const Section& section, int rank, int ranks) const;
  std::size_t first_chunk(const Section& section, int rank, int ranks) const;
  void find_own();
  // part_of(section, rank): what each rank has of all.
  template <typename T, typename PartOf>
  void all_gather(std::span<T> all, const PartOf& part_of);
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
  std::vector<Pause> pauses_;  // the last layers first
  std::vector<Section> sections_;
  std::vector<Own> own_;
  std::vector<double> squares_;  // of each chunk's gradient, where it is clipped
  std::vector<Gradients> states_;
  // Kept, so that a step allocates nothing.
  std::vector<Collective::Send> sends_;
  std::vector<Collective::Receive> receives_;
};

}  // namespace cnn
