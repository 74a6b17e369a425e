#include "nn/workspace.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string>

#include "cnn/error.hpp"

#include "base/lifetimes.hpp"
#include "base/vectors.hpp"
#include "kernels/blas.hpp"

namespace cnn {

Scratch::Scratch(const Network& network) : Scratch(network, true) {}

std::size_t Scratch::bytes(const Network& network) {
  return Scratch(network, false).arena_.bytes();
}

Scratch::Scratch(const Network& network, bool allocate) {
  std::size_t inputs = 0;
  std::size_t parameters = 0;
  for (const Network::Node& node : network.nodes()) {
    size_ = std::max(size_, node.plan.scratch);
    inputs = std::max(inputs, node.inputs.size());
    parameters = std::max(parameters, node.plan.parameters.size());
  }
  arena_.reserve<Real>(size_);
  inputs_.resize(inputs);
  dinputs_.resize(inputs);
  parameters_.resize(parameters);
  dparameters_.resize(parameters);
  if (allocate) arena_.allocate();
}

Workspace::Workspace(const Network& network, std::size_t capacity, Phase phase, Keep keep)
    : Workspace(network, capacity, phase, keep, true) {
  if (phase == Phase::train || network.evaluates_by_blas()) {
    check_blas();
  } else {
    vector_level();  // throws where there is none of the name
  }
}

std::size_t Workspace::bytes(const Network& network, std::size_t capacity, Phase phase, Keep keep) {
  const Workspace workspace(network, capacity, phase, keep, false);
  return workspace.arena_.bytes() + workspace.scratch_.arena_.bytes();
}

Workspace::Workspace(const Network& network, std::size_t capacity, Phase phase, Keep keep,
                     bool allocate)
    : capacity_(capacity),
      phase_(phase),
      keep_(phase == Phase::train ? Keep::every_tensor : keep),
      layout_(network.layout_),
      scratch_(network, allocate) {
  if (capacity > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw ArgumentError("workspace: " + std::to_string(capacity) + " samples at once are too many");
  }
  if (keep_ == Keep::output) {
    share_memory(network);
  } else {
    place_tensors(network);
  }
  if (phase == Phase::train) place_gradients(network);
  if (allocate) arena_.allocate();
}

void Workspace::place_tensors(const Network& network) {
  for (std::size_t t = 0; t <= network.nodes().size(); ++t) {
    const bool in_place = phase_ == Phase::train && t > 0 && network.works_in_place(t - 1);
    const std::size_t size = network.tensor_shape(t).size();
    tensors_.push_back(in_place ? tensors_[network.nodes()[t - 1].inputs.front()]
                                : Buffer{arena_.reserve<Real>(capacity_ * size), size});
  }
}

void Workspace::place_gradients(const Network& network) {
  const std::size_t tensors = network.nodes().size() + 1;
  for (std::size_t t = 0; t < tensors; ++t) {
    const bool in_place = t > 0 && network.returns_in_place(t - 1);
    const bool wanted = network.wants_gradient(t) || t + 1 == tensors;
    const std::size_t size = network.tensor_shape(t).size();
    dtensors_.push_back(in_place ? dtensors_[network.nodes()[t - 1].inputs.front()]
                        : wanted ? Buffer{arena_.reserve<Real>(capacity_ * size), size}
                                 : Buffer{});
  }
  for (const Network::Node& node : network.nodes()) {
    const std::size_t bytes = node.plan.saved_bytes_per_sample;
    saved_.push_back({arena_.reserve<std::byte>(capacity_ * bytes), bytes});
    std::size_t share = 0;
    for (const std::size_t t : node.inputs) {
      if (network.is_shared(t)) share += network.tensor_shape(t).size();
    }
    shares_.size = std::max(shares_.size, share);
  }
  shares_.offset = arena_.reserve<Real>(capacity_ * shares_.size);
}

// A tensor lives from the moment of its layer to that of its last reader. Layers that make each
// channel of the same one of the layer before have one moment with it: workers that share the
// channels do not wait for one another there (SharedPass). A stage comes back for each block of
// samples: what leaves or enters it must be there all the time.
void Workspace::share_memory(const Network& network) {
  const std::vector<Network::Node>& nodes = network.nodes();
  std::vector<std::size_t> moments;   // per layer
  std::vector<std::size_t> stage_of;  // per layer
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const bool same = nodes[i].plan.channel_cut == ChannelCut::own;
    moments.push_back(i == 0 ? 0 : moments.back() + (same ? 0 : 1));
  }
  const std::vector<Network::Stage>& stages = network.stages(phase_);
  for (std::size_t s = 0; s < stages.size(); ++s) stage_of.resize(stages[s].end, s);

  std::vector<std::size_t> last_readers(nodes.size() + 1);
  std::vector<bool> leaves(nodes.size() + 1);  // its stage
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const std::size_t t : nodes[i].inputs) {
      last_readers[t] = i;
      if (t > 0 && stage_of[i] != stage_of[t - 1]) leaves[t] = true;
    }
  }
  std::vector<Lifetime> lifetimes;
  for (std::size_t t = 0; t <= nodes.size(); ++t) {
    const bool is_end = t == nodes.size();
    const bool is_inner = t > 0 && !is_end && !leaves[t] && !stages[stage_of[t - 1]].all_samples;
    const std::size_t size = network.tensor_shape(t).size();
    const std::size_t block = is_inner ? std::min(capacity_, stages[stage_of[t - 1]].block) : 0;
    const std::size_t samples = is_inner ? block : capacity_;
    const std::size_t last = is_end ? nodes.size() - 1 : last_readers[t];
    lifetimes.push_back(
        {(samples * size * sizeof(Real) + Arena::kAlignment - 1) / Arena::kAlignment,
         t == 0     ? 0
         : is_inner ? moments[t - 1]
                    : moments[stages[stage_of[t - 1]].begin],
         is_inner ? moments[last] : moments[stages[stage_of[last]].end - 1]});
    tensors_.push_back({0, size, block});
  }
  const SharedMemory memory = place(lifetimes);
  const std::size_t begin = arena_.reserve<std::byte>(memory.size * Arena::kAlignment);
  for (std::size_t t = 0; t <= nodes.size(); ++t) {
    tensors_[t].offset = begin + memory.offsets[t] * Arena::kAlignment;
  }
}

void Workspace::require(Samples samples) const {
  if (samples.first <= capacity_ && samples.count <= capacity_ - samples.first) return;
  throw ArgumentError("workspace: has room for " + std::to_string(capacity_) +
                      " samples, asked for " + std::to_string(samples.count) + " from " +
                      std::to_string(samples.first));
}

void Workspace::require_training() const {
  if (phase_ == Phase::train) return;
  throw ArgumentError("workspace: is made for evaluation and holds no gradients");
}

void Workspace::require_every_tensor() const {
  if (keep_ == Keep::every_tensor) return;
  throw ArgumentError("workspace: keeps no more than the output");
}

Samples Workspace::places(const Buffer& buffer, Samples samples) const {
  if (buffer.block == 0) return samples;
  const std::size_t first = samples.first % buffer.block;
  if (samples.count > buffer.block - first) {
    throw ArgumentError("workspace: " + std::to_string(samples.count) + " samples from " +
                        std::to_string(samples.first) + " are not of one block of " +
                        std::to_string(buffer.block));
  }
  return {first, samples.count};
}

template <typename T>
std::span<T> Workspace::part(const Buffer& buffer, Samples samples) const {
  assert(samples.first + samples.count <= capacity_);
  return arena_.view<T>(buffer.offset + samples.first * buffer.size * sizeof(T),
                        samples.count * buffer.size);
}

View Workspace::tensor(std::size_t index, Samples samples) {
  return part<Real>(tensors_[index], places(tensors_[index], samples));
}

CView Workspace::tensor(std::size_t index, Samples samples) const {
  return part<Real>(tensors_[index], places(tensors_[index], samples));
}

View Workspace::dtensor(std::size_t index, Samples samples) {
  return part<Real>(dtensors_[index], samples);
}

std::span<std::byte> Workspace::saved(std::size_t node, Samples samples) {
  if (phase_ == Phase::evaluate) return {};
  return part<std::byte>(saved_[node], samples);
}

void Workspace::place_dinputs(const Network::Node& node, Samples samples, Scratch& scratch) {
  View room = part<Real>(shares_, samples);
  for (std::size_t k = 0; k < node.inputs.size(); ++k) {
    View dinput = dtensor(node.inputs[k], samples);
    if (node.adds_share[k]) {
      const std::size_t size = dinput.size();
      dinput = room.first(size);
      room = room.subspan(size);
    }
    scratch.dinputs_[k] = dinput;
  }
}

void Workspace::add_shares(const Network::Node& node, Samples samples, const Scratch& scratch) {
  for (std::size_t k = 0; k < node.inputs.size(); ++k) {
    if (node.adds_share[k]) add_into(scratch.dinputs_[k], dtensor(node.inputs[k], samples));
  }
}

Gradients::Gradients(const Network& network) {
  const std::size_t size = network.values().size();
  arena_.reserve<Real>(size);
  arena_.allocate();
  view_ = arena_.view<Real>(0, size);
}

void Gradients::clear() {
  std::fill(view_.begin(), view_.end(), Real{0});
  samples_ = 0;
}

}  // namespace cnn
