#include "nn/network.hpp"

#include <algorithm>
#include <numeric>

#include "cnn/error.hpp"

#include "base/finite.hpp"
#include "nn/workspace.hpp"

namespace cnn {
namespace {

// FNV-1a (Fowler, Noll, Vo), 64 bits.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xCBF29CE484222325ULL;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return value;
}

}  // namespace

Network::Network(const Shape& input, std::vector<LayerSpec> layers)
    : Network(input, std::move(layers), Memory::allocated) {}

std::vector<Parameter> Network::plan_parameters(const Shape& input, std::vector<LayerSpec> layers) {
  return Network(input, std::move(layers), Memory::none).parameters_;
}

Network::Network(const Shape& input, std::vector<LayerSpec> layers, Memory memory) : input_(input) {
  wants_gradient_.push_back(false);
  readers_.push_back(0);
  if (input.channels < 1 || input.height < 1 || input.width < 1) {
    throw NetworkError("there are no images of " + to_string(input), 0);
  }
  for (LayerSpec& spec : layers) {
    nodes_.push_back({.spec = std::move(spec),
                      .layer = nullptr,
                      .plan = {},
                      .inputs = {},
                      .first_parameter = parameters_.size()});
    const std::size_t index = nodes_.size() - 1;
    check_description(index);
    connect(index);
    plan(index);
  }
  if (nodes_.empty()) throw NetworkError("the network has no layers", 0);
  check_all_used();
  find_stages();
  find_shares();
  merge_ranges();
  check_memory();
  layout_ = hash_of_layout();
  if (memory == Memory::none) return;
  values_.allocate();
  values_view_ = values_.view<Real>(0, values_.bytes() / sizeof(Real));
}

void Network::fail(std::size_t index, const std::string& reason) const {
  std::string message =
      "layer " + std::to_string(index + 1) + " '" + nodes_[index].spec.name + "': " + reason;
  message += "\n  " + std::string(kInputName) + " " + to_string(input_);
  for (std::size_t i = 0; i < index; ++i) {
    message += " -> " + nodes_[i].spec.name + " " + to_string(nodes_[i].plan.output);
  }
  throw NetworkError(message + " -> " + nodes_[index].spec.name + " ?", index);
}

void Network::check_description(std::size_t index) const {
  const LayerSpec& spec = nodes_[index].spec;
  if (spec.layer == nullptr) fail(index, "it is described without a layer");
  for (std::size_t i = 0; i < index; ++i) {
    if (nodes_[i].spec.name == spec.name) {
      fail(index, "layer " + std::to_string(i + 1) + " has the same name");
    }
  }
}

void Network::connect(std::size_t index) {
  Node& node = nodes_[index];
  if (node.spec.from.empty()) {
    node.inputs.push_back(index);
  }
  for (const std::string& name : node.spec.from) {
    if (name == kInputName) {
      node.inputs.push_back(0);
      continue;
    }
    const auto before = nodes_.begin() + static_cast<std::ptrdiff_t>(index);
    const auto source =
        std::find_if(nodes_.begin(), before, [&](const Node& n) { return n.spec.name == name; });
    if (source == before) fail(index, "from: there is no earlier layer '" + name + "'");
    node.inputs.push_back(static_cast<std::size_t>(source - nodes_.begin()) + 1);
  }
  for (const std::size_t tensor : node.inputs) ++readers_[tensor];
  readers_.push_back(0);
}

void Network::plan(std::size_t index) {
  Node& node = nodes_[index];
  std::vector<Shape> shapes;
  bool wants = false;
  for (const std::size_t tensor : node.inputs) {
    shapes.push_back(tensor_shape(tensor));
    wants = wants || wants_gradient_[tensor];
  }
  std::unique_ptr<Layer> layer = node.spec.layer->clone();
  if (node.spec.frozen) layer->freeze();
  try {
    node.plan = layer->plan(shapes);
  } catch (const ShapeError& error) {
    fail(index, error.what());
  }
  node.layer = std::move(layer);
  const bool frozen = node.spec.frozen || node.spec.alpha == 0.0;
  for (const ParameterSpec& spec : node.plan.parameters) {
    const std::size_t size = element_count(spec.dims);
    const std::size_t offset = values_.reserve<Real>(size) / sizeof(Real);
    const bool learnt = spec.kind != ParameterKind::statistic;
    parameters_.push_back({node.spec.name + "." + spec.name, spec.dims, spec.kind, offset, size,
                           index, spec.rate, learnt && frozen});
    wants = wants || (learnt ? !frozen : spec.rate > 0);
  }
  wants_gradient_.push_back(wants);
}

void Network::check_all_used() const {
  for (std::size_t i = 0; i + 1 < nodes_.size(); ++i) {
    if (readers_[i + 1] == 0) {
      throw NetworkError("layer " + std::to_string(i + 1) + " '" + nodes_[i].spec.name +
                             "': no layer uses its output; name it in the from: of a later layer, "
                             "or remove it",
                         i);
    }
  }
}

void Network::check_memory() const {
  if (values_.bytes() <= physical_memory()) return;
  const auto largest =
      std::max_element(parameters_.begin(), parameters_.end(),
                       [](const Parameter& a, const Parameter& b) { return a.size < b.size; });
  throw NetworkError("layer " + std::to_string(largest->layer + 1) + " '" +
                         nodes_[largest->layer].spec.name + "': the network has " +
                         std::to_string(parameter_count()) + " parameters, " +
                         std::to_string(largest->size) + " of them in '" + largest->name +
                         "': more than this machine's memory holds; lower its count",
                     largest->layer);
}

std::size_t Network::parameter_count() const {
  return std::accumulate(
      parameters_.begin(), parameters_.end(), std::size_t{0},
      [](std::size_t sum, const Parameter& p) { return sum + (p.is_learnt() ? p.size : 0); });
}

void Network::initialise(std::uint64_t seed) {
  for (const Parameter& p : parameters_) {
    const Node& node = nodes_[p.layer];
    const ParameterSpec& spec =
        node.plan
            .parameters[static_cast<std::size_t>(&p - parameters_.data()) - node.first_parameter];
    if (p.kind == ParameterKind::weight) {
      cnn::initialise(node.spec.init, spec.fan, Random(seed, Purpose::initialisation, hash(p.name)),
                      value(p));
    } else {
      std::fill_n(value(p).begin(), p.size, static_cast<Real>(spec.initial));
    }
  }
}

void Network::find_stages() {
  const auto add = [&](std::vector<Stage>& stages, std::size_t i, bool all) {
    if (stages.empty() || all != stages.back().all_samples) stages.push_back({i, i, all});
    stages.back().end = i + 1;
  };
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    add(training_stages_, i, nodes_[i].plan.takes_all_samples(Phase::train));
    add(evaluation_stages_, i, nodes_[i].plan.takes_all_samples(Phase::evaluate));
  }
  for (Stage& stage : evaluation_stages_) stage.block = block_of(stage);
}

// As many samples as let what the largest layer reads and writes stay in the L2 cache.
std::size_t Network::block_of(const Stage& stage) const {
  constexpr std::size_t kCache = (std::size_t{1} << 19) / sizeof(float);  // 512 KiB of floats
  std::size_t largest = 1;
  for (std::size_t i = stage.begin; i < stage.end; ++i) {
    std::size_t size = tensor_shape(i + 1).size();
    for (const std::size_t tensor : nodes_[i].inputs) size += tensor_shape(tensor).size();
    largest = std::max(largest, size);
  }
  return std::clamp<std::size_t>(kCache / largest, 1, kBlock);
}

bool Network::evaluates_by_blas() const {
  return std::ranges::any_of(nodes_, [](const Node& node) { return node.plan.evaluates_by_blas; });
}

bool Network::works_in_place(std::size_t i) const {
  const std::size_t input = nodes_[i].inputs.front();
  return nodes_[i].plan.forward_in_place && input > 0 && !is_shared(input) &&
         !nodes_[input - 1].plan.backward_reads_output;
}

bool Network::returns_in_place(std::size_t i) const {
  const std::size_t input = nodes_[i].inputs.front();
  return nodes_[i].plan.backward_in_place && !is_shared(input) && wants_gradient_[input];
}

void Network::find_shares() {
  std::vector<bool> assigned(nodes_.size() + 1);
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    node.adds_share.resize(node.inputs.size());
    if (!wants_gradient_[i + 1]) continue;
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      const std::size_t tensor = node.inputs[k];
      node.adds_share[k] = assigned[tensor] && wants_gradient_[tensor];
      assigned[tensor] = true;
    }
  }
}

// An activation that would go over what the layer before has just written, and over its gradient.
void Network::merge_ranges() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const std::optional<OutputRange> range = nodes_[i].layer->as_range();
    const std::size_t input = nodes_[i].inputs.front();
    if (!range || !works_in_place(i)) continue;
    if (wants_gradient_[input] && !returns_in_place(i)) continue;
    Node& host = nodes_[input - 1];
    std::unique_ptr<Layer> layer = host.spec.layer->clone();
    if (!layer->hold_in_training(*range)) continue;
    if (host.spec.frozen) layer->freeze();
    std::vector<Shape> shapes;
    for (const std::size_t tensor : host.inputs) shapes.push_back(tensor_shape(tensor));
    layer->plan(shapes);
    host.merged = std::move(layer);
    nodes_[i].is_merged = true;
  }
}

// Everything that the memory of a pass is laid out by.
std::uint64_t Network::hash_of_layout() const {
  std::uint64_t value = mix(nodes_.size(), values_.bytes());
  const auto add = [&](std::uint64_t part) { value = mix(value, part); };
  for (std::size_t t = 0; t <= nodes_.size(); ++t) {
    add(tensor_shape(t).size());
    add(std::uint64_t{wants_gradient_[t]});
    add(static_cast<std::uint64_t>(readers_[t]));
  }
  for (const Node& node : nodes_) {
    add(node.plan.saved_bytes_per_sample);
    add(node.plan.scratch);
    add(std::uint64_t{node.plan.takes_all_samples(Phase::evaluate)});
    add(static_cast<std::uint64_t>(node.plan.channel_cut));
    add(std::uint64_t{node.plan.forward_in_place});
    add(std::uint64_t{node.plan.backward_in_place});
    add(std::uint64_t{node.plan.backward_reads_output});
    add(node.plan.parameters.size());
    for (const std::size_t tensor : node.inputs) add(tensor);
  }
  return value;
}

void Network::refuse(const Parameter& p) const {
  throw ArgumentError("network: '" + p.name + "' is a parameter of another network");
}

void Network::require_layer(std::size_t i) const {
  if (i < nodes_.size()) return;
  throw ArgumentError("network: there is no layer " + std::to_string(i) + ", it has " +
                      std::to_string(nodes_.size()) + ", counted from 0");
}

void Network::require(const Workspace& workspace, Samples samples) const {
  if (workspace.layout_ != layout_) {
    throw ArgumentError("network: the workspace is laid out for another network");
  }
  workspace.require(samples);
}

void Network::require(const Workspace& workspace, Samples samples,
                      const Gradients& gradients) const {
  require(workspace, samples);
  workspace.require_training();
  if (gradients.values().size() != values().size()) {
    throw ArgumentError("network: the gradients are those of another network");
  }
}

void Network::forward(Workspace& workspace, std::size_t n, const Position& position) const {
  require(workspace, {0, n});
  for (const Stage& stage : stages(workspace.phase())) {
    const std::size_t block = stage.all_samples ? n : stage.block;
    for (std::size_t first = 0; first < n; first += block) {
      const Samples samples{first, std::min(block, n - first)};
      for (std::size_t i = stage.begin; i < stage.end; ++i) {
        forward_layer(i, workspace, samples, position);
      }
    }
  }
}

void Network::forward_layer(std::size_t i, Workspace& workspace, Samples samples,
                            const Position& position) const {
  forward_part(i, workspace, workspace.scratch_, {.samples = samples}, position);
}

void Network::forward_part(std::size_t i, Workspace& workspace, Scratch& scratch, const Part& part,
                           const Position& position) const {
  require_layer(i);
  require(workspace, part.samples);
  const Node& node = nodes_[i];
  if (node.is_merged && workspace.phase() == Phase::train) return;
  const Samples& samples = part.samples;
  const std::size_t inputs = node.inputs.size();
  const std::size_t parameters = node.plan.parameters.size();
  const bool is_cut = node.plan.channel_cut == ChannelCut::own && !part.channels.are_all();
  const auto own = [&](auto view) {
    if (!is_cut) return view;
    const std::size_t row = view.size() / static_cast<std::size_t>(node.plan.output.channels);
    return view.subspan(part.channels.first * row,
                        (part.channels.last - part.channels.first) * row);
  };
  for (std::size_t k = 0; k < inputs; ++k) {
    scratch.inputs_[k] = own(CView(workspace.tensor(node.inputs[k], samples)));
  }
  for (std::size_t k = 0; k < parameters; ++k) {
    scratch.parameters_[k] = own(value(parameters_[node.first_parameter + k]));
  }
  const bool is_host = node.merged != nullptr && workspace.phase() == Phase::train;
  (is_host ? node.merged : node.layer)
      ->forward({.n = samples.count,
                 .inputs = {scratch.inputs_.data(), inputs},
                 .output = own(workspace.tensor(i + 1, samples)),
                 .parameters = {scratch.parameters_.data(), parameters},
                 .saved = workspace.saved(i, samples),
                 .scratch = scratch.view(),
                 .phase = workspace.phase(),
                 .random = {position.seed, position.step, i, position.first_sample + samples.first},
                 .pieces = part.pieces,
                 .channels = is_cut ? Channels() : part.channels,
                 .packed = part.packed.empty() ? workspace.packed(i) : part.packed});
}

void Network::backward(Workspace& workspace, std::size_t n, Gradients& gradients) const {
  backward(workspace, n, gradients, [](std::size_t) {});
}

void Network::begin_backward(Workspace& workspace, std::size_t n, Gradients& gradients) const {
  require(workspace, {0, n}, gradients);
  gradients.count_samples(n);
}

void Network::backward_stage(const Stage& stage, Workspace& workspace, std::size_t n,
                             Gradients& gradients) const {
  const std::size_t block = stage.all_samples ? n : stage.block;
  for (std::size_t first = 0; first < n; first += block) {
    const Samples samples{first, std::min(block, n - first)};
    for (std::size_t i = stage.end; i-- > stage.begin;) {
      if (wants_gradient_[i + 1]) backward_layer(i, workspace, samples, gradients);
    }
  }
}

std::vector<std::size_t> Network::backward_pauses() const {
  // Of the layers before the first of these, none does anything.
  const auto active = std::find(wants_gradient_.begin() + 1, wants_gradient_.end(), true);
  const auto first = static_cast<std::size_t>(active - wants_gradient_.begin() - 1);
  std::vector<std::size_t> pauses;
  for (std::size_t s = training_stages_.size(); s-- > 0;) {
    if (training_stages_[s].begin > first) pauses.push_back(training_stages_[s].begin);
  }
  return pauses;
}

void Network::backward_layer(std::size_t i, Workspace& workspace, Samples samples,
                             Gradients& gradients) const {
  backward_part(i, workspace, workspace.scratch_, {.samples = samples}, &gradients);
}

BackwardArgs Network::backward_args(std::size_t i, Workspace& workspace, Scratch& scratch,
                                    const Part& part, Gradients* gradients) const {
  const Node& node = nodes_[i];
  const Samples& samples = part.samples;
  const std::size_t inputs = node.inputs.size();
  const std::size_t parameters = node.plan.parameters.size();
  for (std::size_t k = 0; k < inputs; ++k) {
    scratch.inputs_[k] = workspace.tensor(node.inputs[k], samples);
  }
  for (std::size_t k = 0; k < parameters; ++k) {
    const Parameter& p = parameters_[node.first_parameter + k];
    scratch.parameters_[k] = value(p);
    if (gradients != nullptr) {
      scratch.dparameters_[k] = gradients->values().subspan(p.offset, p.size);
    }
  }
  workspace.place_dinputs(node, samples, scratch);
  if (!part.wants_dinputs) std::fill_n(scratch.dinputs_.begin(), inputs, View());
  return {.n = samples.count,
          .inputs = {scratch.inputs_.data(), inputs},
          .output = workspace.tensor(i + 1, samples),
          .doutput = workspace.dtensor(i + 1, samples),
          .dinputs = {scratch.dinputs_.data(), inputs},
          .parameters = {scratch.parameters_.data(), parameters},
          .dparameters = {scratch.dparameters_.data(), gradients != nullptr ? parameters : 0},
          .saved = workspace.saved(i, samples),
          .scratch = scratch.view(),
          .pieces = part.pieces,
          .packed = part.packed,
          .half = part.half};
}

void Network::backward_part(std::size_t i, Workspace& workspace, Scratch& scratch, const Part& part,
                            Gradients* gradients) const {
  require_layer(i);
  require(workspace, part.samples);
  workspace.require_training();
  if (gradients != nullptr) require(workspace, part.samples, *gradients);
  const Node& node = nodes_[i];
  if (node.is_merged) return;
  (node.merged != nullptr ? node.merged : node.layer)
      ->backward(backward_args(i, workspace, scratch, part, gradients));
  if (part.wants_dinputs) workspace.add_shares(node, part.samples, scratch);
}

void Network::add_gradients(std::size_t i, Workspace& workspace, Scratch& scratch, Samples samples,
                            const PartOf& part, Gradients& gradients) const {
  nodes_[i].layer->add_gradients(
      backward_args(i, workspace, scratch, {.samples = samples}, &gradients), part);
}

void Network::pack(std::size_t i, Way way, const PartOf& part, Scratch& own, Scratch& to) const {
  const Node& node = nodes_[i];
  const std::size_t parameters = node.plan.parameters.size();
  for (std::size_t k = 0; k < parameters; ++k) {
    own.parameters_[k] = value(parameters_[node.first_parameter + k]);
  }
  node.layer->pack({{own.parameters_.data(), parameters}, to.view(), way, part});
}

CView Network::packed(std::size_t i, Way way, const Scratch& from) const {
  const LayerPlan& plan = nodes_[i].plan;
  return from.view().first(way == Way::forward ? plan.packed : plan.packed_back);
}

std::string Network::first_non_finite(const Workspace& workspace, std::size_t n) const {
  require(workspace, {0, n});
  workspace.require_every_tensor();
  if (!all_finite(workspace.tensor(0, {0, n}))) return "the input";
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!all_finite(workspace.tensor(i + 1, {0, n}))) {
      return "output of '" + nodes_[i].spec.name + "'";
    }
  }
  return {};
}

}  // namespace cnn
