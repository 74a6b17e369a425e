#include "run/train_step.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "cnn/error.hpp"

#include "base/finite.hpp"
#include "kernels/blas.hpp"

namespace cnn {
namespace {

std::size_t group_count(std::size_t batch) {
  return (batch + TrainStep::kGroup - 1) / TrainStep::kGroup;
}

std::size_t slot_count(std::size_t batch) {
  return std::min(TrainStep::kSlots, group_count(batch));
}

}  // namespace

TrainStep::TrainStep(Network& network, Solver& solver, Loss loss, const PixelTable& table,
                     std::size_t batch, std::uint64_t seed, Workers& workers,
                     LossOptions loss_options, const AugmentOptions& augment)
    : network_(network),
      solver_(solver),
      loss_(loss),
      loss_options_(std::move(loss_options)),
      table_(table),
      seed_(seed),
      workers_(workers),
      augmenter_(augment.is_on() ? std::optional(Augmenter(augment, network.input(), seed))
                                 : std::nullopt),
      labels_(batch),
      losses_(batch),
      predicted_(batch),
      non_finite_(group_count(batch)) {
  if (batch == 0) throw ArgumentError("training step: a batch holds at least one image");
  if (table.shape() != network.input()) {
    throw ShapeError("training step: the pixel table is for images of " + to_string(table.shape()) +
                     ", the network takes " + to_string(network.input()));
  }
  const std::size_t weights = loss_options_.class_weights.size();
  if (weights != 0 && weights != network.output().size()) {
    throw ShapeError("training step: " + std::to_string(weights) + " class weights for " +
                     std::to_string(network.output().size()) + " classes");
  }
  for (int i = 0; i < workers.count(); ++i) {
    workspaces_.emplace_back(network, std::min(kGroup, batch), Phase::train);
    if (augmenter_) scratch_.push_back(augmenter_->make_scratch());
  }
  for (std::size_t i = 0; i < slot_count(batch); ++i) gradients_.emplace_back(network);
  reserve_blas_memory(workers.count());
}

std::size_t TrainStep::bytes(const Network& network, std::size_t batch, int workers,
                             const AugmentOptions& augment) {
  const std::size_t values = network.values().size_bytes();
  const std::size_t workspace = Workspace::bytes(network, std::min(kGroup, batch), Phase::train);
  const std::size_t scratch =
      augment.is_on() ? Augmenter(augment, network.input(), 0).scratch_bytes() : 0;
  return static_cast<std::size_t>(workers) * (workspace + scratch) +
         (slot_count(batch) + 1) * values;
}

void TrainStep::read_image(const Batch& batch, std::uint32_t place, std::size_t worker, View x) {
  const std::span<const std::uint8_t> pixels = batch.dataset.image(place);
  if (!augmenter_ || !batch.epoch) {
    table_.apply(pixels, x);
    return;
  }
  augmenter_->apply(pixels, *batch.epoch, place, scratch_[worker], x);
  table_.apply(x);
}

void TrainStep::run_group(const Batch& batch, std::size_t group, std::size_t worker,
                          Gradients& gradients) {
  Workspace& workspace = workspaces_[worker];
  const std::size_t first = group * kGroup;
  const std::size_t n = std::min(kGroup, batch.places.size() - first);
  const std::size_t input_size = network_.input().size();
  const std::size_t output_size = network_.output().size();
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t place = batch.places[first + i];
    read_image(batch, place, worker, workspace.input(n).subspan(i * input_size, input_size));
    labels_[first + i] = batch.dataset.labels[place];
  }
  network_.forward(workspace, n, {seed_, batch.step, first});

  const CView outputs = workspace.output(n);
  const std::span losses = std::span(losses_).subspan(first, n);
  compute_loss(loss_, outputs, std::span(labels_).subspan(first, n),
               Real{1} / static_cast<Real>(batch.places.size()), losses, workspace.doutput(n),
               loss_options_);
  for (std::size_t i = 0; i < n; ++i) {
    const CView output = outputs.subspan(i * output_size, output_size);
    predicted_[first + i] = static_cast<std::uint32_t>(arg_max(output));
  }
  if (!all_finite(losses)) {
    const std::string culprit = network_.first_non_finite(workspace, n);
    non_finite_[group] = culprit.empty() ? "the loss" : culprit;
    return;
  }
  network_.backward(workspace, n, gradients);
}

BatchResult TrainStep::run(const Dataset& dataset, std::span<const std::uint32_t> places,
                           std::uint64_t step, double schedule_factor,
                           std::optional<std::uint64_t> epoch) {
  if (places.empty() || places.size() > labels_.size()) {
    throw ArgumentError("training step: a batch of " + std::to_string(places.size()) +
                        " images, expected 1 to " + std::to_string(labels_.size()));
  }
  require_images(dataset, places, network_.input());
  require_labels(dataset, places, network_.output().size());
  const Batch batch{dataset, places, step, epoch};
  const std::size_t groups = group_count(places.size());
  const std::size_t slots = slot_count(places.size());
  workers_.run(static_cast<int>(slots), [&](int worker, int task) {
    const auto slot = static_cast<std::size_t>(task);
    for (std::size_t group = slot; group < groups; group += slots) {
      run_group(batch, group, static_cast<std::size_t>(worker), gradients_[slot]);
    }
  });

  BatchResult result;
  result.predicted = std::span<const std::uint32_t>(predicted_).first(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    result.loss += losses_[i];
    result.correct += predicted_[i] == labels_[i] ? 1 : 0;
  }
  const auto culprit = std::find_if(non_finite_.begin(), non_finite_.end(),
                                    [](const std::string& name) { return !name.empty(); });
  if (culprit != non_finite_.end()) {
    const std::string message = "loss is " +
                                std::string(std::isnan(result.loss) ? "nan" : "infinite") +
                                " (first non-finite value: " + *culprit + ")";
    // Nothing of this step may reach the next one.
    for (Gradients& gradients : gradients_) gradients.clear();
    for (std::string& name : non_finite_) name.clear();
    throw DivergedError(message);
  }
  solver_.step(network_, std::span(gradients_).first(slots), step, schedule_factor, workers_);
  return result;
}

}  // namespace cnn
