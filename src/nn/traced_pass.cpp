#include "nn/traced_pass.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "kernels/blas.hpp"

namespace cnn {
namespace {

// What the layer does to a channel in evaluation, if that is all it does.
std::optional<ChannelAffine> affine_of(const Network::Node& node, std::span<const CView> parameters,
                                       std::size_t channel) {
  if (node.spec.type == "dropout") return ChannelAffine{};
  return node.layer->as_affine(parameters, channel);
}

std::size_t plane_of(const Shape& shape) {
  return shape.size() / static_cast<std::size_t>(shape.channels);
}

}  // namespace

TracedPass::TracedPass(const Network& network, CView image)
    : network_(network), gradients_(network) {
  reserve_blas_memory(1);
  const std::size_t layers = network.nodes().size();
  std::vector<std::size_t> tensors, deltas, shares, saved;
  for (std::size_t i = 0; i <= layers; ++i) {
    const std::size_t size = network.tensor_shape(i).size();
    for (std::vector<std::size_t>* offsets : {&tensors, &deltas, &shares}) {
      offsets->push_back(arena_.reserve<Real>(size));
    }
  }
  std::size_t scratch = 0;
  for (const Network::Node& node : network.nodes()) {
    saved.push_back(arena_.reserve<std::byte>(node.plan.saved_bytes_per_sample));
    scratch = std::max(scratch, node.plan.scratch);
  }
  const std::size_t scratch_offset = arena_.reserve<Real>(scratch);
  arena_.allocate();
  scratch_ = arena_.view<Real>(scratch_offset, scratch);
  for (std::size_t i = 0; i <= layers; ++i) {
    const std::size_t size = network.tensor_shape(i).size();
    tensors_.push_back(arena_.view<Real>(tensors[i], size));
    deltas_.push_back(arena_.view<Real>(deltas[i], size));
    shares_.push_back(arena_.view<Real>(shares[i], size));
  }
  for (std::size_t i = 0; i < layers; ++i) {
    saved_.push_back(
        arena_.view<std::byte>(saved[i], network.nodes()[i].plan.saved_bytes_per_sample));
  }
  std::copy(image.begin(), image.end(), tensors_.front().begin());
  for (std::size_t i = 0; i < layers; ++i) forward(i);
}

std::vector<CView> TracedPass::parameters_of(const Network::Node& node) const {
  std::vector<CView> parameters;
  for (std::size_t k = 0; k < node.plan.parameters.size(); ++k) {
    parameters.push_back(network_.value(network_.parameters()[node.first_parameter + k]));
  }
  return parameters;
}

void TracedPass::forward(std::size_t i) {
  const Network::Node& node = network_.nodes()[i];
  const std::vector<CView> parameters = parameters_of(node);
  std::vector<CView> inputs;
  for (const std::size_t input : node.inputs) inputs.push_back(tensors_[input]);
  const View output = tensors_[i + 1];
  if (affine_of(node, parameters, 0)) {
    const std::size_t plane = plane_of(node.plan.output);
    for (std::size_t k = 0; k < output.size(); ++k) {
      const ChannelAffine a = *affine_of(node, parameters, k / plane);
      output[k] =
          static_cast<Real>((static_cast<double>(inputs.front()[k]) - a.mean) * a.scale + a.shift);
    }
    return;
  }
  node.layer->forward({.n = 1,
                       .inputs = inputs,
                       .output = output,
                       .parameters = parameters,
                       .saved = saved_[i],
                       .scratch = scratch_,
                       .phase = Phase::train,
                       .random = {}});
}

void TracedPass::go_back(CView doutput) {
  gradients_.clear();
  for (const View delta : deltas_) std::fill(delta.begin(), delta.end(), Real{0});
  std::copy(doutput.begin(), doutput.end(), deltas_.back().begin());
  for (std::size_t i = network_.nodes().size(); i-- > 0;) backward(i);
}

void TracedPass::backward(std::size_t i) {
  const Network::Node& node = network_.nodes()[i];
  const std::vector<CView> parameters = parameters_of(node);
  const CView doutput = deltas_[i + 1];
  std::vector<CView> inputs;
  std::vector<View> dinputs;
  std::vector<std::vector<Real>> again;  // of an input that the layer reads more than once
  again.reserve(node.inputs.size());
  for (std::size_t k = 0; k < node.inputs.size(); ++k) {
    const std::size_t input = node.inputs[k];
    inputs.push_back(tensors_[input]);
    const auto before = node.inputs.begin() + static_cast<std::ptrdiff_t>(k);
    if (std::find(node.inputs.begin(), before, input) == before) {
      dinputs.push_back(shares_[input]);
    } else {
      dinputs.emplace_back(again.emplace_back(tensors_[input].size()));
    }
  }
  if (affine_of(node, parameters, 0)) {
    const std::size_t plane = plane_of(node.plan.output);
    for (std::size_t k = 0; k < doutput.size(); ++k) {
      dinputs.front()[k] = static_cast<Real>(static_cast<double>(doutput[k]) *
                                             affine_of(node, parameters, k / plane)->scale);
    }
  } else {
    std::vector<View> dparameters;
    for (std::size_t k = 0; k < parameters.size(); ++k) {
      const Parameter& p = network_.parameters()[node.first_parameter + k];
      dparameters.push_back(gradients_.values().subspan(p.offset, p.size));
    }
    node.layer->backward({.n = 1,
                          .inputs = inputs,
                          .output = tensors_[i + 1],
                          .doutput = doutput,
                          .dinputs = dinputs,
                          .parameters = parameters,
                          .dparameters = dparameters,
                          .saved = saved_[i],
                          .scratch = scratch_});
  }
  for (std::size_t k = 0; k < node.inputs.size(); ++k) {
    const View delta = deltas_[node.inputs[k]];
    for (std::size_t j = 0; j < delta.size(); ++j) delta[j] += dinputs[k][j];
  }
}

}  // namespace cnn
