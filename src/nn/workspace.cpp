#include "nn/workspace.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string>

#include "cnn/error.hpp"

#include "kernels/blas.hpp"

namespace cnn {

Workspace::Workspace(const Network& network, std::size_t capacity, Phase phase)
    : Workspace(network, capacity, phase, true) {
  check_blas();
}

std::size_t Workspace::bytes(const Network& network, std::size_t capacity, Phase phase) {
  return Workspace(network, capacity, phase, false).arena_.bytes();
}

Workspace::Workspace(const Network& network, std::size_t capacity, Phase phase, bool allocate)
    : capacity_(capacity), phase_(phase), layout_(network.layout_) {
  if (capacity > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw ArgumentError("workspace: " + std::to_string(capacity) + " samples at once are too many");
  }
  const bool training = phase == Phase::train;
  const auto reserve = [&](const Shape& shape) {
    return Buffer{arena_.reserve<Real>(capacity * shape.size()), shape.size()};
  };
  const std::size_t tensors = network.nodes().size() + 1;
  for (std::size_t t = 0; t < tensors; ++t) tensors_.push_back(reserve(network.tensor_shape(t)));
  if (training) {
    for (std::size_t t = 0; t < tensors; ++t) {
      const bool wanted = network.wants_gradient(t) || t + 1 == tensors;
      dtensors_.push_back(wanted ? reserve(network.tensor_shape(t)) : Buffer{});
    }
  }
  std::size_t most_inputs = 0;
  std::size_t most_parameters = 0;
  for (const Network::Node& node : network.nodes()) {
    if (training) {
      const std::size_t bytes = node.plan.saved_bytes_per_sample;
      saved_.push_back({arena_.reserve<std::byte>(capacity * bytes), bytes});
      std::size_t share = 0;
      for (const std::size_t t : node.inputs) {
        if (network.is_shared(t)) share += capacity * network.tensor_shape(t).size();
      }
      share_size_ = std::max(share_size_, share);
    }
    scratch_size_ = std::max(scratch_size_, node.plan.scratch);
    most_inputs = std::max(most_inputs, node.inputs.size());
    most_parameters = std::max(most_parameters, node.plan.parameters.size());
  }
  scratch_offset_ = arena_.reserve<Real>(scratch_size_);
  share_offset_ = arena_.reserve<Real>(share_size_);
  assigned_.resize(tensors);
  assigned_before_.resize(tensors);
  input_views_.resize(most_inputs);
  dinput_views_.resize(most_inputs);
  parameter_views_.resize(most_parameters);
  dparameter_views_.resize(most_parameters);
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

void Workspace::forget_gradients() {
  assigned_.assign(assigned_.size(), false);
}

void Workspace::remember_assigned() {
  assigned_before_ = assigned_;
}

void Workspace::recall_assigned() {
  assigned_ = assigned_before_;
}

void Workspace::place_dinputs(const std::vector<std::size_t>& inputs, Samples samples) {
  View room = arena_.view<Real>(share_offset_, share_size_);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    View dinput = dtensor(inputs[k], samples);
    if (assigned_[inputs[k]] && !dinput.empty()) {
      const std::size_t size = dinput.size();
      if (size > room.size()) {
        throw ArgumentError("workspace: backward begins before forget_gradients was called");
      }
      dinput = room.first(size);
      room = room.subspan(size);
    }
    assigned_[inputs[k]] = true;
    dinput_views_[k] = dinput;
  }
}

void Workspace::add_shares(const std::vector<std::size_t>& inputs, Samples samples) {
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const View whole = dtensor(inputs[k], samples);
    if (dinput_views_[k].data() != whole.data()) add_into(dinput_views_[k], whole);
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
