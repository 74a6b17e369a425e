// Layer: the one interface that a new layer implements.
//
// A layer whose options are read is a description, and is not changed again. Every network that is
// built from it owns a clone and calls that one's `plan`, once; afterwards the clone is immutable.
// forward and backward are const, allocate nothing, and touch only the views they are given, so
// that any number of threads may share a layer, each with views of its own. A layer knows nothing
// of threads, of the batch beyond its n samples, or of the solver.
//
// Contract words: *assigns* = overwrites whatever was there; *adds into* = adds to what is there;
// *keeps* = leaves for backward. `d` means gradient: dx is ∂J/∂x and has x's shape, always. The
// lecture's error term δ is the `doutput` of a layer.
//
// Several threads may share the work of one layer on one group of samples. A layer that says how it
// can be cut (Sharing) is then called for parts of that work, which write to different memory; the
// parts are fixed by the shapes, so that the bits do not depend on who calls.
//
// Legend: n samples; C·H·W the extents of one sample.

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cnn/shape.hpp"

#include "base/part_of.hpp"
#include "base/random.hpp"
#include "base/view.hpp"
#include "config/options.hpp"
#include "kernels/output_range.hpp"
#include "kernels/way.hpp"
#include "nn/init.hpp"

namespace cnn {

enum class Phase { train, evaluate };

// So few samples that what one layer hands to the next stays in the L2 cache where that is small.
inline constexpr std::size_t kFewSamples = 4;

// The kinds of parameters. Weights are drawn and decayed (the λ term of J); gains, which multiply,
// and biases begin at `initial` and are not decayed. A statistic is no variable of J: backward adds
// into its gradient slot n times what it has found in its n samples, and a step moves it by the
// share `rate` of the way to the mean over all samples of the batch.
enum class ParameterKind { weight, gain, bias, statistic };

struct ParameterSpec {
  std::string name;  // "weight"; the network names it "conv1.weight"
  Dims dims;         // as it stands in a model file
  ParameterKind kind = ParameterKind::weight;
  Fan fan = {};
  double initial = 0;  // of all but weights
  double rate = 0;     // of a statistic
};

// How the work on a group may be cut, where the same bits come out as in one call for all of it.
//
//   samples           forward: any samples, in multiples of `unit`. backward: the same, but only of
//                     a layer without parameters, whose sums need their order
//   gradient_pieces   forward and dinputs: samples; dparameters: the plan's pieces, one or several
//                     successive ones in a call for all samples. A call leaves out whichever it is
//                     given no views for
//   ordered_gradients forward: samples. backward: samples, in calls for `unit` of them without
//                     dparameters, each of which leaves its share of these in scratch;
//                     add_gradients then adds the shares in the order of the samples. Calls may be
//                     given what pack has assigned, in the first Reals of any scratch. A unit is
//                     `pieces` blocks of samples: forward may be cut between them, and so may
//                     dinputs, in calls for none of the pieces, which leave no share. A call
//                     without dinputs may leave half of its share: that of the first, or last,
//                     parts of add_gradients
//   pieces            both: the plan's pieces, each in a call for all samples
enum class Sharing { samples, gradient_pieces, ordered_gradients, pieces };

// Some of the plan's pieces; all of them if not told otherwise.
struct Pieces {
  std::size_t first = 0;
  std::size_t last = std::numeric_limits<std::size_t>::max();
};

// How the forward pass of one sample may be cut in evaluation, by channels of the output, where the
// same bits come out as in one call for all of them.
//
//   none  not at all
//   own   a channel is made of the same channel of every input, and of the parameters' rows for it:
//         a call for some channels is given their parts of all of these, and sees no others
//   all   a channel is made of all channels of the inputs: a call is given everything, and told
//         which channels to assign
enum class ChannelCut { none, own, all };

// Some of the output's channels; all of them if not told otherwise.
struct Channels {
  std::size_t first = 0;
  std::size_t last = std::numeric_limits<std::size_t>::max();

  bool are_all() const { return last == std::numeric_limits<std::size_t>::max(); }
};

// The needs of a layer, found out once from the shapes of its inputs.
struct LayerPlan {
  Shape output;
  std::vector<ParameterSpec> parameters;   // the network owns their memory
  std::size_t saved_bytes_per_sample = 0;  // kept from forward to backward, in training only
  std::size_t scratch = 0;                 // Reals a call may use; garbage before and after
  std::int64_t multiply_adds = 0;          // of one sample's forward pass
  // The result depends on which samples one call sees, as that of batch_norm does.
  bool couples_samples = false;
  // One call for all samples of a pass is faster than several calls for a few samples each, in
  // training, and in evaluation with packed parameters.
  bool prefers_all_samples = false;
  bool evaluates_all_samples = false;
  Sharing sharing = Sharing::samples;
  std::size_t unit = 1;    // samples
  std::size_t pieces = 1;  // of similar size; of ordered_gradients: blocks in a unit
  ChannelCut channel_cut = ChannelCut::none;
  std::size_t channel_step = 1;  // where it may be cut: between multiples of this
  std::size_t packed = 0;        // Reals that Layer::pack assigns for forward
  std::size_t packed_back = 0;   // and those for dinputs, of ordered_gradients
  bool evaluates_by_blas = false;
  // Of a layer whose output has the shape of its first input. In training, output may stand where
  // that input does; backward then reads no input. And that dinput may stand where doutput does.
  bool forward_in_place = false;
  bool backward_in_place = false;
  bool backward_reads_output = false;
  // In training the output is linear in the inputs, and linear in the parameters.
  bool is_linear = false;
  std::string notice;  // something the user should know, or empty

  // A layer that does not is called for kFewSamples at a time.
  bool takes_all_samples(Phase phase) const {
    return phase == Phase::evaluate ? evaluates_all_samples
                                    : couples_samples || prefers_all_samples;
  }
};

// y = (x − mean)·scale + shift
struct ChannelAffine {
  double mean = 0;
  double scale = 1;
  double shift = 0;
};

// The random numbers of one layer in one step: one stream per sample of the batch.
struct SampleRandom {
  std::uint64_t seed = 0;
  std::uint64_t step = 0;
  std::uint64_t layer = 0;
  std::uint64_t first_sample = 0;  // index in the batch of the first of the n samples

  Random sample(Purpose purpose, std::size_t i) const {
    return {seed, purpose, mix(step, layer, first_sample + i)};
  }
};

struct ForwardArgs {
  std::size_t n;                      // samples
  std::span<const CView> inputs;      // each (n, C·H·W) of that input
  View output;                        // (n, C·H·W) of the planned output
  std::span<const CView> parameters;  // in the order of the plan
  std::span<std::byte> saved;         // n · saved_bytes_per_sample; empty when evaluating
  View scratch;
  Phase phase;
  SampleRandom random;
  Pieces pieces = {};
  Channels channels = {};  // of a single sample, and only in evaluation
  CView packed = {};       // what pack has assigned, or nothing
};

struct BackwardArgs {
  std::size_t n;
  std::span<const CView> inputs;  // as in forward
  CView output;                   // what forward assigned, for layers that say that they read it
  CView doutput;                  // ∂J/∂output
  std::span<const View> dinputs;  // ∂J/∂input; an empty view is not wanted
  std::span<const CView> parameters;
  std::span<const View> dparameters;  // may be left out where Sharing says so
  std::span<const std::byte> saved;
  View scratch;
  Pieces pieces = {};
  CView packed = {};  // what pack has assigned, or nothing
  PartOf half = {};   // of its share of the gradients, 0 or 1 of 2, or all of it
};

struct PackArgs {
  std::span<const CView> parameters;
  View packed;  // of the plan's Reals for this way, or more
  Way way = Way::forward;
  PartOf part = {};
};

class Layer {
 public:
  virtual ~Layer() = default;
  Layer& operator=(const Layer&) = delete;

  // A layer of the same type with the same options. LayerOf has it.
  virtual std::unique_ptr<Layer> clone() const = 0;
  // Visits the layer's own YAML keys (those that every layer has are the network's business).
  virtual void options(OptionVisitor& visitor) = 0;
  // Tells `sink` what `options` visits, as it stands, in its order. LayerOf has it.
  virtual void describe(OptionSink& sink) const = 0;
  // Told before `plan`: statistics, if the layer has any, are used and kept, in training, too.
  virtual void freeze() {}
  // Throws ShapeError saying what was expected and what was found.
  virtual LayerPlan plan(std::span<const Shape> inputs) = 0;
  // Assigns all of `output`, and what backward reads of `saved` where that is given.
  virtual void forward(const ForwardArgs& args) const = 0;
  // Assigns all of each wanted dinput; adds into dparameters.
  virtual void backward(const BackwardArgs& args) const = 0;
  // Of ordered_gradients: given the args of a call of backward without dparameters and the scratch
  // that it left, adds into a part of dparameters.
  virtual void add_gradients(const BackwardArgs& /*args*/, const PartOf& /*part*/) const {}

  // Assigns what calls make of these parameters, so that many share it: forward or backward, given
  // it, has the bits that it has without. Only ordered_gradients is asked for parts.
  virtual void pack(const PackArgs& /*args*/) const {}

  // Networks for inference merge an affine map of channels, and then a range, into the layer before
  // (nn/fold.hpp).
  //
  // What a planned layer does to this channel in evaluation, given its parameters in the order of
  // the plan; nothing if it does anything but such a map. Allocates nothing.
  virtual std::optional<ChannelAffine> as_affine(std::span<const CView> /*parameters*/,
                                                 std::size_t /*channel*/) const {
    return std::nullopt;
  }
  // The same layer, not planned, with a bias, which takes up such a map. Its parameters are
  // "weight", one row of values per output channel, and "bias". nullptr if the layer is of another
  // kind.
  virtual std::unique_ptr<Layer> with_bias() const { return nullptr; }
  // The range that a layer of one input holds each element of it to; nothing if it does anything
  // else.
  virtual std::optional<OutputRange> as_range() const { return std::nullopt; }
  // The same layer, not planned, for evaluation alone, which holds its outputs to a range. nullptr
  // if the layer is of another kind.
  virtual std::unique_ptr<Layer> with_range(const OutputRange& /*range*/) const { return nullptr; }
  // Told before `plan`, of a layer that only a layer with a range reads: in training it holds its
  // outputs to that range itself, and backward is given the gradient of what is held. False if the
  // layer is of another kind.
  virtual bool hold_in_training(const OutputRange& /*range*/) { return false; }

 protected:
  Layer() = default;
  Layer(const Layer&) = default;
};

// Tells `sink` the options of `layer`. May change both: `layer` is a copy of the one described, and
// `fresh` is a layer of its type whose options have not been read.
void describe_options(Layer& layer, Layer& fresh, OptionSink& sink);

// The base of every layer, as in `class Elu final : public LayerOf<Elu>`. A layer is copied to be
// cloned and described, and has a constructor without arguments, which gives the defaults.
template <typename Derived>
class LayerOf : public Layer {
 public:
  std::unique_ptr<Layer> clone() const final {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
  void describe(OptionSink& sink) const final {
    Derived layer(static_cast<const Derived&>(*this));
    Derived fresh;
    describe_options(layer, fresh, sink);
  }
};

// Throws ShapeError unless there is exactly one input; returns it.
const Shape& only_input(std::span<const Shape> inputs);

}  // namespace cnn
