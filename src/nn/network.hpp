// Network: the graph of layers and its parameters. Everything that changes during a pass is in a
// Workspace.
//
// Owns its layers and parameter values, and shares only the layers' descriptions with others. Built
// once; the graph never changes afterwards. forward and backward are const: any number of threads
// may call them at once, each with a Workspace and a Gradients of its own, as long as nobody writes
// to values().

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/arena.hpp"
#include "nn/layer.hpp"
#include "nn/layer_spec.hpp"

namespace cnn {

class Gradients;
class Scratch;
class Workspace;

// Some of the samples of a pass.
struct Samples {
  std::size_t first;
  std::size_t count;
};

// One tensor of a layer's own: a part of the flat array of all values, whose layout gradients and
// solver state share.
struct Parameter {
  std::string name;  // "conv1.weight", also its key in a model file
  Dims dims;
  ParameterKind kind;
  std::size_t offset;  // in values(); 64-byte aligned
  std::size_t size;
  std::size_t layer;  // index of its layer
  double rate;        // of a statistic
  bool frozen;        // with an alpha of 0 of its layer's own: no step moves it

  bool is_learnt() const { return kind != ParameterKind::statistic; }
};

class Network {
 public:
  // A layer of the graph: `inputs` are tensor numbers, 0 the images, i + 1 the output of layer i.
  struct Node {
    LayerSpec spec;
    std::unique_ptr<const Layer> layer;  // planned
    LayerPlan plan;
    std::vector<std::size_t> inputs;
    std::size_t first_parameter;  // in parameters(); it has plan.parameters.size() of them
    // Per input, in the order of backward: a reader before this one assigns that tensor's gradient,
    // and the share of this one is added.
    std::vector<bool> adds_share = {};
    // For training, where the one layer that reads this one's output is merged into it: the same
    // layer, which does the work of both.
    std::unique_ptr<const Layer> merged = nullptr;
    bool is_merged = false;  // in training, into the layer before
  };

  // Plans every layer. Values are zero. Throws NetworkError if a layer does not fit, names an
  // unknown input, is missing or has the name of another, if a layer's output is used by nobody,
  // and if there are no images of that shape.
  Network(const Shape& input, std::vector<LayerSpec> layers);

  // The parameters() of that network, without memory for their values. Throws as the
  // constructor does.
  static std::vector<Parameter> plan_parameters(const Shape& input, std::vector<LayerSpec> layers);

  const Shape& input() const { return input_; }
  const Shape& output() const { return nodes_.back().plan.output; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  const Shape& tensor_shape(std::size_t tensor) const {
    return tensor == 0 ? input_ : nodes_[tensor - 1].plan.output;
  }
  // True if a layer that leads to this tensor has parameters that a step moves. If none has, nobody
  // needs its gradient, and backward goes no further down.
  bool wants_gradient(std::size_t tensor) const { return wants_gradient_[tensor]; }
  // True if a layer's forward in evaluation is a product of BLAS.
  bool evaluates_by_blas() const;
  // True if, in training, layer i assigns its output over its first input, of which nobody else
  // needs what was there; and if it assigns that one's gradient over that of its output.
  bool works_in_place(std::size_t i) const;
  bool returns_in_place(std::size_t i) const;
  // True if several layers read this tensor. Then its gradient is the sum of their shares.
  bool is_shared(std::size_t tensor) const { return readers_[tensor] > 1; }

  // All values, one array: parameter p is [p.offset, p.offset + p.size), the gaps are zero.
  View values() { return values_view_; }
  CView values() const { return values_view_; }
  // Throws ArgumentError for a parameter that lies beyond them: one of another network.
  CView value(const Parameter& p) const { return values().subspan(checked(p).offset, p.size); }
  View value(const Parameter& p) { return values().subspan(checked(p).offset, p.size); }
  // Σ sizes of the parameters that are learnt: statistics do not count
  std::size_t parameter_count() const;

  // Draws all weights, and gives everything else its initial value; a function of the seed and of
  // each parameter's name alone.
  void initialise(std::uint64_t seed);

  // Runs the n samples in workspace.input(n) through all layers; the result is workspace.output(n).
  // `step` and `first_sample` (the index in the batch of the first sample) choose the random
  // numbers of training. Throws ArgumentError if the workspace is that of another network or holds
  // fewer samples.
  struct Position {
    std::uint64_t seed = 0;
    std::uint64_t step = 0;
    std::uint64_t first_sample = 0;
  };
  void forward(Workspace& workspace, std::size_t n, const Position& position) const;

  // After forward on the same workspace, with workspace.doutput(n) assigned: adds ∂J/∂parameter
  // into `gradients`, and counts the samples there. Throws ArgumentError as forward does, for a
  // workspace that is not made for training, and for another network's gradients.
  void backward(Workspace& workspace, std::size_t n, Gradients& gradients) const;
  // The same; calls passed(i) whenever it has been through the layers from i on: nothing more is
  // added to the gradients of their parameters.
  template <typename Passed>
  void backward(Workspace& workspace, std::size_t n, Gradients& gradients,
                const Passed& passed) const {
    begin_backward(workspace, n, gradients);
    for (std::size_t s = training_stages_.size(); s-- > 0;) {
      backward_stage(training_stages_[s], workspace, n, gradients);
      passed(training_stages_[s].begin);
    }
  }
  // Such layers i before which there is more to do, the last first.
  std::vector<std::size_t> backward_pauses() const;

  // The parts of both, for measuring: one layer, on some of the workspace's samples. Throw
  // ArgumentError as forward and backward do, and for a layer that is not there; in evaluation,
  // where layers share memory, for samples of several blocks.
  void forward_layer(std::size_t i, Workspace& workspace, Samples samples,
                     const Position& position) const;
  void backward_layer(std::size_t i, Workspace& workspace, Samples samples,
                      Gradients& gradients) const;

  // After forward: the name of the first tensor, in the order of the layers, that holds a value
  // that is not finite ("the input", "output of 'conv2'"), or empty. Throws ArgumentError for a
  // workspace that does not keep every tensor.
  std::string first_non_finite(const Workspace& workspace, std::size_t n) const;

  // Samples that pass together through layers that do not take all at once. Sums over samples keep
  // their order.
  static constexpr std::size_t kBlock = kFewSamples;

 private:
  friend class SharedPass;
  friend class Workspace;

  enum class Memory { none, allocated };
  Network(const Shape& input, std::vector<LayerSpec> layers, Memory memory);

  // Layers begin … end-1, which take either all samples at once or a few at a time.
  struct Stage {
    std::size_t begin;
    std::size_t end;
    bool all_samples;
    std::size_t block = kBlock;  // so many at a time, in evaluation at most kBlock
  };

  void begin_backward(Workspace& workspace, std::size_t n, Gradients& gradients) const;
  void backward_stage(const Stage& stage, Workspace& workspace, std::size_t n,
                      Gradients& gradients) const;

  // A part of one layer's work on a group (Sharing in layer.hpp).
  struct Part {
    Samples samples;
    Pieces pieces = {};
    bool wants_dinputs = true;  // false: leaves them out
    Channels channels = {};     // of forward, of one sample
    CView packed = {};          // what pack has assigned for this way, if anything
    PartOf half = {};           // of backward's share of the gradients
  };
  void forward_part(std::size_t i, Workspace& workspace, Scratch& scratch, const Part& part,
                    const Position& position) const;
  // Without gradients it leaves out those of the parameters.
  void backward_part(std::size_t i, Workspace& workspace, Scratch& scratch, const Part& part,
                     Gradients* gradients) const;
  // After such a call, with the same scratch: what Layer::add_gradients does.
  void add_gradients(std::size_t i, Workspace& workspace, Scratch& scratch, Samples samples,
                     const PartOf& part, Gradients& gradients) const;
  // What Layer::pack assigns, in the first Reals of `to`; `own` is for the call's arguments.
  void pack(std::size_t i, Way way, const PartOf& part, Scratch& own, Scratch& to) const;
  CView packed(std::size_t i, Way way, const Scratch& from) const;
  BackwardArgs backward_args(std::size_t i, Workspace& workspace, Scratch& scratch,
                             const Part& part, Gradients* gradients) const;

  void find_stages();
  std::size_t block_of(const Stage& stage) const;
  const std::vector<Stage>& stages(Phase phase) const {
    return phase == Phase::evaluate ? evaluation_stages_ : training_stages_;
  }
  void find_shares();
  void merge_ranges();
  void check_description(std::size_t index) const;
  void connect(std::size_t index);
  void plan(std::size_t index);
  void check_all_used() const;
  void check_memory() const;
  [[noreturn]] void fail(std::size_t index, const std::string& reason) const;
  const Parameter& checked(const Parameter& p) const {
    if (p.offset > values_view_.size() || p.size > values_view_.size() - p.offset) refuse(p);
    return p;
  }
  [[noreturn]] void refuse(const Parameter& p) const;
  void require(const Workspace& workspace, Samples samples) const;
  void require(const Workspace& workspace, Samples samples, const Gradients& gradients) const;
  void require_layer(std::size_t i) const;
  std::uint64_t hash_of_layout() const;

  Shape input_;
  std::vector<Node> nodes_;
  std::vector<Parameter> parameters_;
  std::vector<Stage> training_stages_;
  std::vector<Stage> evaluation_stages_;
  std::vector<bool> wants_gradient_;  // per tensor
  std::vector<int> readers_;          // per tensor: how often layers read it
  Arena values_;
  View values_view_;
  std::uint64_t layout_ = 0;  // tells apart what workspaces are laid out for
};

}  // namespace cnn
