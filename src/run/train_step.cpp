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

// A worker without a group of its own needs no memory for one.
std::size_t workspace_count(std::size_t batch, int workers) {
  return std::min(static_cast<std::size_t>(workers), slot_count(batch));
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
      shared_(network, workers, workspace_count(batch, workers.count())),
      together_(workspace_count(batch, workers.count())),
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
  for (std::size_t i = 0; i < workspace_count(batch, workers.count()); ++i) {
    workspaces_.emplace_back(network, std::min(kGroup, batch), Phase::train);
  }
  for (int i = 0; augmenter_ && i < workers.count(); ++i) {
    scratch_.push_back(augmenter_->make_scratch());
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
  const auto threads = static_cast<std::size_t>(workers);
  const std::size_t workspaces = workspace_count(batch, workers);
  return workspaces * workspace + SharedPass::bytes(network, threads, workspaces) +
         threads * scratch + (slot_count(batch) + 1) * values;
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

void TrainStep::read(const Batch& batch, std::size_t group, Samples samples, std::size_t worker,
                     Workspace& workspace) {
  const std::size_t size = network_.input().size();
  const std::size_t last = samples.first + samples.count;
  const View inputs = workspace.input(last);
  for (std::size_t i = samples.first; i < last; ++i) {
    const std::size_t at = group * kGroup + i;
    const std::uint32_t place = batch.places[at];
    read_image(batch, place, worker, inputs.subspan(i * size, size));
    labels_[at] = batch.dataset.labels[place];
  }
}

void TrainStep::find_loss(const Batch& batch, std::size_t group, Samples samples,
                          Workspace& workspace) {
  const std::size_t size = network_.output().size();
  const std::size_t last = samples.first + samples.count;
  const std::size_t at = group * kGroup + samples.first;
  const CView outputs = workspace.output(last).subspan(samples.first * size);
  compute_loss(loss_, outputs, std::span(labels_).subspan(at, samples.count),
               Real{1} / static_cast<Real>(batch.places.size()),
               std::span(losses_).subspan(at, samples.count),
               workspace.doutput(last).subspan(samples.first * size), loss_options_);
  for (std::size_t i = 0; i < samples.count; ++i) {
    predicted_[at + i] = static_cast<std::uint32_t>(arg_max(outputs.subspan(i * size, size)));
  }
}

bool TrainStep::is_finite(std::size_t group, std::size_t n, const Workspace& workspace) {
  if (all_finite(std::span(losses_).subspan(group * kGroup, n))) return true;
  const std::string culprit = network_.first_non_finite(workspace, n);
  non_finite_[group] = culprit.empty() ? "the loss" : culprit;
  return false;
}

void TrainStep::run_group(const Batch& batch, std::size_t group, std::size_t worker,
                          Gradients& gradients) {
  Workspace& workspace = workspaces_[worker];
  const std::size_t first = group * kGroup;
  const std::size_t n = std::min(kGroup, batch.places.size() - first);
  read(batch, group, {0, n}, worker, workspace);
  network_.forward(workspace, n, {seed_, batch.step, first});
  find_loss(batch, group, {0, n}, workspace);
  if (is_finite(group, n, workspace)) network_.backward(workspace, n, gradients);
}

void TrainStep::run_together(const Batch& batch, std::size_t first, std::size_t groups) {
  const std::span together = std::span(together_).first(groups);
  const std::size_t slots = slot_count(batch.places.size());
  for (std::size_t k = 0; k < groups; ++k) {
    const std::size_t at = (first + k) * kGroup;
    together[k] = {.n = std::min(kGroup, batch.places.size() - at),
                   .position = {seed_, batch.step, at},
                   .gradients = &gradients_[(first + k) % slots]};
  }
  shared_.for_samples("read", together, [&](std::size_t worker, std::size_t k, Samples samples) {
    read(batch, first + k, samples, worker, workspaces_[k]);
  });
  shared_.forward(workspaces_, together);
  shared_.for_samples("loss", together, [&](std::size_t, std::size_t k, Samples samples) {
    find_loss(batch, first + k, samples, workspaces_[k]);
  });
  bool finite = true;
  for (std::size_t k = 0; k < groups; ++k) {
    finite = is_finite(first + k, together[k].n, workspaces_[k]) && finite;
  }
  if (finite) shared_.backward(workspaces_, together);
}

// As many as give each worker the same number of full ones.
std::size_t TrainStep::groups_of_single_workers(std::size_t batch) const {
  const auto workers = static_cast<std::size_t>(workers_.count());
  if (workers == 1) return group_count(batch);
  return workers > kSlots ? 0 : batch / kGroup / workers * workers;
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
  const std::size_t single = groups_of_single_workers(places.size());
  const auto singles = static_cast<int>(std::min(slots, single));
  workers_.run("whole groups", singles, [&](int worker, int task) {
    const auto slot = static_cast<std::size_t>(task);
    for (std::size_t group = slot; group < single; group += slots) {
      run_group(batch, group, static_cast<std::size_t>(worker), gradients_[slot]);
    }
  });
  for (std::size_t group = single; group < groups; group += workspaces_.size()) {
    run_together(batch, group, std::min(workspaces_.size(), groups - group));
  }

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
