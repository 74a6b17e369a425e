#include "support/layer_harness.hpp"

#include <utility>

namespace cnn {

LayerHarness::LayerHarness(std::unique_ptr<Layer> layer, std::vector<Shape> inputs, std::size_t n)
    : layer_(std::move(layer)), plan_(layer_->plan(inputs)), n_(n) {
  for (const Shape& input : inputs) {
    inputs_.emplace_back(n * input.size());
    dinputs_.emplace_back(n * input.size());
  }
  for (const ParameterSpec& parameter : plan_.parameters) {
    parameters_.emplace_back(element_count(parameter.dims));
    dparameters_.emplace_back(element_count(parameter.dims));
  }
  output_ = Guarded<Real>(n * plan_.output.size());
  doutput_ = Guarded<Real>(n * plan_.output.size());
  scratch_ = Guarded<Real>(plan_.scratch);
  saved_ = Guarded<std::byte>(n * plan_.saved_bytes_per_sample);
  for (auto& input : inputs_) input_views_.push_back(input.view());
  for (auto& dinput : dinputs_) dinput_views_.push_back(dinput.view());
  for (auto& parameter : parameters_) parameter_views_.push_back(parameter.view());
  for (auto& dparameter : dparameters_) dparameter_views_.push_back(dparameter.view());
}

void LayerHarness::work_in_place() {
  forward_in_place_ = plan_.forward_in_place;
  backward_in_place_ = plan_.backward_in_place;
  dinput_views_[0] = dinput(0);
}

void LayerHarness::forward(Phase phase, const SampleRandom& random) {
  if (!forward_in_place_) output_.poison();
  saved_.poison();
  scratch_.poison();
  layer_->forward({.n = n_,
                   .inputs = input_views_,
                   .output = output(),
                   .parameters = parameter_views_,
                   .saved = phase == Phase::train ? saved_.view() : std::span<std::byte>(),
                   .scratch = scratch_.view(),
                   .phase = phase,
                   .random = random});
}

void LayerHarness::backward() {
  for (auto& dinput : dinputs_) dinput.poison();
  scratch_.poison();
  layer_->backward({.n = n_,
                    .inputs = input_views_,
                    .output = output(),
                    .doutput = doutput_.view(),
                    .dinputs = dinput_views_,
                    .parameters = parameter_views_,
                    .dparameters = dparameter_views_,
                    .saved = saved_.view(),
                    .scratch = scratch_.view()});
}

bool LayerHarness::canaries_intact() const {
  const auto intact = [](const auto& guarded) { return guarded.intact(); };
  return std::ranges::all_of(inputs_, intact) && std::ranges::all_of(dinputs_, intact) &&
         std::ranges::all_of(parameters_, intact) && std::ranges::all_of(dparameters_, intact) &&
         output_.intact() && doutput_.intact() && scratch_.intact() && saved_.intact();
}

Values LayerHarness::results() {
  Values all = values(output());
  for (auto* group : {&dinputs_, &dparameters_}) {
    for (auto& guarded : *group) {
      const Values part = values(guarded.view());
      all.insert(all.end(), part.begin(), part.end());
    }
  }
  return all;
}

}  // namespace cnn
