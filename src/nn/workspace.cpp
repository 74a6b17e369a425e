#include "nn/workspace.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string>

#include "cnn/error.hpp"

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

Workspace::Workspace(const Network& network, std::size_t capacity, Phase phase)
    : Workspace(network, capacity, phase, true) {
  if (phase == Phase::train || network.evaluates_by_blas()) {
    check_blas();
  } else {
    vector_level();  // throws where there is none of the name
  }
}

std::size_t Workspace::bytes(const Network& network, std::size_t capacity, Phase phase) {
  const Workspace workspace(network, capacity, phase, false);
  return workspace.arena_.bytes() + workspace.scratch_.arena_.bytes();
}

Workspace::Workspace(const Network& network, std::size_t capacity, Phase phase, bool allocate)
    : capacity_(capacity), phase_(phase), layout_(network.layout_), scratch_(network, allocate) {
  if (capacity > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw ArgumentError("workspace: " + std::to_string(capacity) + " samples at once are too many");
  }
  const bool training = phase == Phase::train;
  const auto reserve = [&](const Shape& shape) {
    return Buffer{arena_.reserve<Real>(capacity * shape.size()), shape.size()};
  };
  const std::size_t tensors = network.nodes().size() + 1;
  const auto input_of = [&](std::size_t t) { return network.nodes()[t - 1].inputs.front(); };
  for (std::size_t t = 0; t < tensors; ++t) {
    const bool in_place = training && t > 0 && network.works_in_place(t - 1);
    tensors_.push_back(in_place ? tensors_[input_of(t)] : reserve(network.tensor_shape(t)));
  }
  for (std::size_t t = 0; training && t < tensors; ++t) {
    const bool in_place = t > 0 && network.returns_in_place(t - 1);
    const bool wanted = network.wants_gradient(t) || t + 1 == tensors;
    dtensors_.push_back(in_place ? dtensors_[input_of(t)]
                        : wanted ? reserve(network.tensor_shape(t))
                                 : Buffer{});
  }
  if (training) {
    for (const Network::Node& node : network.nodes()) {
      const std::size_t bytes = node.plan.saved_bytes_per_sample;
      saved_.push_back({arena_.reserve<std::byte>(capacity * bytes), bytes});
      std::size_t share = 0;
      for (const std::size_t t : node.inputs) {
        if (network.is_shared(t)) share += network.tensor_shape(t).size();
      }
      shares_.size = std::max(shares_.size, share);
    }
    shares_.offset = arena_.reserve<Real>(capacity * shares_.size);
  }
  if (allocate) arena_.allocate();
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

template <typename T>
std::span<T> Workspace::part(const Buffer& buffer, Samples samples) const {
  assert(samples.first + samples.count <= capacity_);
  return arena_.view<T>(buffer.offset + samples.first * buffer.size * sizeof(T),
                        samples.count * buffer.size);
}

View Workspace::tensor(std::size_t index, Samples samples) {
  return part<Real>(tensors_[index], samples);
}

CView Workspace::tensor(std::size_t index, Samples samples) const {
  return part<Real>(tensors_[index], samples);
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
