#include "run/train_step.hpp"

#include <algorithm>
#include <array>
#include <chrono>
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

// The most slots of one rank, in batches of at most so many images.
std::size_t own_slot_count(std::size_t batch, int ranks) {
  const auto n = static_cast<std::size_t>(ranks);
  return (slot_count(batch) + n - 1) / n;
}

// A worker without a group of its own needs no memory for one.
std::size_t workspace_count(std::size_t batch, int workers, int ranks) {
  return std::min(static_cast<std::size_t>(workers), own_slot_count(batch, ranks));
}

// Where backward tells that gradients are there to be sent.
std::vector<std::size_t> pauses(const Solver& solver) {
  std::vector<std::size_t> layers;
  for (const Solver::Section& section : solver.sections()) layers.push_back(section.layer);
  layers.pop_back();
  return layers;
}

}  // namespace

TrainStep::TrainStep(Network& network, Solver& solver, Loss loss, const PixelTable& table,
                     std::size_t batch, std::uint64_t seed, Workers& workers,
                     LossOptions loss_options, const AugmentOptions& augment,
                     Collective& collective)
    : network_(network),
      solver_(solver),
      loss_(loss),
      loss_options_(std::move(loss_options)),
      table_(table),
      seed_(seed),
      workers_(workers),
      collective_(collective),
      augmenter_(augment.is_on() ? std::optional(Augmenter(augment, network.input(), seed))
                                 : std::nullopt),
      shared_(network, workers, workspace_count(batch, workers.count(), collective.size()),
              pauses(solver)),
      together_(workspace_count(batch, workers.count(), collective.size())),
      exchange_(collective, solver, slot_count(batch)),
      labels_(batch),
      losses_(batch),
      predicted_(batch),
      non_finite_(group_count(batch)) {
  if (batch == 0) throw ArgumentError("training step: a batch holds at least one image");
  if (collective.size() > most_ranks(batch)) {
    throw ArgumentError("training step: a batch of " + std::to_string(batch) +
                        " images is work for at most " + std::to_string(most_ranks(batch)) +
                        " ranks, these are " + std::to_string(collective.size()));
  }
  if (table.shape() != network.input()) {
    throw ShapeError("training step: the pixel table is for images of " + to_string(table.shape()) +
                     ", the network takes " + to_string(network.input()));
  }
  const std::size_t weights = loss_options_.class_weights.size();
  if (weights != 0 && weights != network.output().size()) {
    throw ShapeError("training step: " + std::to_string(weights) + " class weights for " +
                     std::to_string(network.output().size()) + " classes");
  }
  for (std::size_t i = 0; i < together_.size(); ++i) {
    workspaces_.emplace_back(network, std::min(kGroup, batch), Phase::train);
  }
  for (int i = 0; augmenter_ && i < workers.count(); ++i) {
    scratch_.push_back(augmenter_->make_scratch());
  }
  for (std::size_t i = 0; i < own_slot_count(batch, collective.size()); ++i) {
    gradients_.emplace_back(network);
  }
  if (!collective.is_alone()) results_.resize(batch + static_cast<std::size_t>(collective.size()));
  reserve_blas_memory(workers.count());
}

std::size_t TrainStep::bytes(const Network& network, std::size_t batch, int workers,
                             const AugmentOptions& augment, int ranks) {
  const std::size_t values = network.values().size_bytes();
  const std::size_t workspace = Workspace::bytes(network, std::min(kGroup, batch), Phase::train);
  const std::size_t scratch =
      augment.is_on() ? Augmenter(augment, network.input(), 0).scratch_bytes() : 0;
  const auto threads = static_cast<std::size_t>(workers);
  const std::size_t workspaces = workspace_count(batch, workers, ranks);
  return workspaces * workspace + SharedPass::bytes(network, threads, workspaces) +
         threads * scratch + (own_slot_count(batch, ranks) + 1) * values +
         GradientExchange::bytes(network.values().size(), slot_count(batch), ranks);
}

int TrainStep::most_ranks(std::size_t batch) {
  return static_cast<int>(slot_count(batch));
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
  if (!is_finite(group, n, workspace)) return;
  GradientExchange::Way way{.groups = 1};
  network_.backward(workspace, n, gradients, [&](std::size_t layer) {
    exchange_.pass(way, layer);
    exchange_.add_up();
  });
}

void TrainStep::run_together(const Batch& batch, std::size_t i, std::size_t groups) {
  const std::span together = std::span(together_).first(groups);
  for (std::size_t k = 0; k < groups; ++k) {
    const std::size_t at = batch.share.group(i + k) * kGroup;
    together[k] = {.n = std::min(kGroup, batch.places.size() - at),
                   .position = {seed_, batch.step, at},
                   .gradients = &gradients_[(i + k) % batch.share.own.count]};
  }
  shared_.for_samples("read", together, [&](std::size_t worker, std::size_t k, Samples samples) {
    read(batch, batch.share.group(i + k), samples, worker, workspaces_[k]);
  });
  shared_.forward(workspaces_, together);
  shared_.for_samples("loss", together, [&](std::size_t, std::size_t k, Samples samples) {
    find_loss(batch, batch.share.group(i + k), samples, workspaces_[k]);
  });
  bool finite = true;
  for (std::size_t k = 0; k < groups; ++k) {
    finite = is_finite(batch.share.group(i + k), together[k].n, workspaces_[k]) && finite;
  }
  if (!finite) return;
  GradientExchange::Way way{.groups = groups};
  shared_.backward(workspaces_, together, [&](std::size_t layer) {
    exchange_.pass(way, layer);
    workers_.run("reduce", workers_.count(), [&](int, int) { exchange_.add_up(); });
  });
}

std::size_t TrainStep::Share::count() const {
  const std::size_t rest = groups % slots;
  const std::size_t of_rest = rest > own.first ? std::min(rest - own.first, own.count) : 0;
  return groups / slots * own.count + of_rest;
}

TrainStep::Share TrainStep::share_of(std::size_t batch, int rank) const {
  const std::size_t slots = slot_count(batch);
  return {slots, group_count(batch), even_part(slots, rank, collective_.size())};
}

// As many as give each worker the same number of full ones; none where there are more workers than
// slots.
std::size_t TrainStep::groups_of_single_workers(const Batch& batch) const {
  const auto workers = static_cast<std::size_t>(workers_.count());
  const std::size_t count = batch.share.count();
  if (workers == 1 || count == 0) return count;
  const bool all_full = (batch.share.group(count - 1) + 1) * kGroup <= batch.places.size();
  const std::size_t full = all_full ? count : count - 1;
  return workers > batch.share.own.count ? 0 : full / workers * workers;
}

void TrainStep::run_groups(const Batch& batch) {
  const std::size_t groups = batch.share.count();
  const std::size_t slots = batch.share.own.count;
  const std::size_t single = groups_of_single_workers(batch);
  exchange_.begin(std::span(gradients_).first(slots), batch.share.slots, groups);
  const auto tasks = static_cast<int>(std::min(slots, single));
  workers_.run("whole groups", tasks, [&](int worker, int task) {
    const auto slot = static_cast<std::size_t>(task);
    for (std::size_t i = slot; i < single; i += slots) {
      run_group(batch, batch.share.group(i), static_cast<std::size_t>(worker), gradients_[slot]);
    }
  });
  // Groups of one slot run in their order. A rank may have a slot less than it has room for.
  const std::size_t at_once = std::min(workspaces_.size(), slots);
  for (std::size_t i = single; i < groups; i += at_once) {
    run_together(batch, i, std::min(at_once, groups - i));
  }
}

template <typename Each>
void TrainStep::for_samples_of(int rank, const Batch& batch, const Each& each) const {
  const std::size_t images = batch.places.size();
  const Share share = share_of(images, rank);
  for (std::size_t i = 0; i < share.count(); ++i) {
    const std::size_t at = share.group(i) * kGroup;
    for (std::size_t k = at; k < std::min(at + kGroup, images); ++k) each(k);
  }
}

// One message carries everything: each more would cost the link's latency once more.
Solver::Sums TrainStep::share_out(const Batch& batch) {
  std::array<Part, kSlots> parts{};
  std::size_t first = 0;
  for (int rank = 0; rank < collective_.size(); ++rank) {
    const bool is_mine = rank == collective_.rank();
    std::size_t at = first;
    if (is_mine) results_[at] = {0, std::exchange(said_, 0), 0};
    ++at;
    for_samples_of(rank, batch, [&](std::size_t k) {
      if (is_mine) results_[at] = {losses_[k], predicted_[k], 0};
      ++at;
    });
    parts[static_cast<std::size_t>(rank)] = {first, at - first};
    first = at;
  }
  const Solver::Sums sums = exchange_.run(workers_, std::span(results_), [&parts](int rank) {
    return parts[static_cast<std::size_t>(rank)];
  });
  for (int rank = 0; rank < collective_.size(); ++rank) {
    std::size_t at = parts[static_cast<std::size_t>(rank)].first;
    heard_ |= results_[at++].predicted;
    for_samples_of(rank, batch, [&](std::size_t k) {
      losses_[k] = results_[at].loss;
      predicted_[k] = results_[at++].predicted;
      labels_[k] = batch.dataset.labels[batch.places[k]];
    });
  }
  return sums;
}

// Names the first tensor that is not finite of the first group that has one: whose that is, tells
// the others.
void TrainStep::diverge(const Batch& batch, double loss) {
  const auto n = static_cast<std::ptrdiff_t>(batch.places.size());
  const auto culprit = std::find_if(losses_.begin(), losses_.begin() + n,
                                    [](double value) { return !std::isfinite(value); });
  const std::size_t group = static_cast<std::size_t>(culprit - losses_.begin()) / kGroup;
  const std::string name = non_finite_[group];
  // Nothing of this step may reach the next one.
  for (Gradients& gradients : gradients_) gradients.clear();
  for (std::string& of_group : non_finite_) of_group.clear();
  collective_.together([&] {
    if (name.empty()) return;
    throw DivergedError("loss is " + std::string(std::isnan(loss) ? "nan" : "infinite") +
                        " (first non-finite value: " + name + ")");
  });
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
  const Batch batch{dataset, places, step, epoch, share_of(places.size(), collective_.rank())};
  run_groups(batch);
  const Solver::Sums sums = collective_.is_alone() ? Solver::Sums() : share_out(batch);

  BatchResult result;
  result.predicted = std::span<const std::uint32_t>(predicted_).first(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    result.loss += losses_[i];
    result.correct += predicted_[i] == labels_[i] ? 1 : 0;
  }
  if (!all_finite(std::span<const double>(losses_).first(places.size())))
    diverge(batch, result.loss);
  if (collective_.is_alone()) {
    const std::span own = std::span(gradients_).first(batch.share.own.count);
    solver_.step(network_, own, step, schedule_factor, workers_);
  } else {
    solver_.step(network_, sums, places.size(), step, schedule_factor, workers_);
  }
  return result;
}

std::vector<LayerTime> TrainStep::time_layers(std::size_t n, double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t kFewestPasses = 3;   // of which one that is slow is no median
  constexpr std::size_t kMostPasses = 2000;  // more make no better median
  const Clock::time_point begin = Clock::now();
  LayerClock clock(network_, workspaces_.front(), gradients_.front(),
                   std::min({n, kGroup, labels_.size()}));
  do {
    clock.pass();
  } while (clock.passes() < kFewestPasses ||
           (clock.passes() < kMostPasses &&
            std::chrono::duration<double>(Clock::now() - begin).count() < seconds));
  gradients_.front().clear();
  return clock.times();
}

}  // namespace cnn
