#include "run/trainer.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "data/epoch_order.hpp"
#include "run/loss_weights.hpp"
#include "run/run_identity.hpp"

namespace cnn {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::uint64_t batches_of(std::size_t images, std::int64_t batch) {
  const auto size = static_cast<std::uint64_t>(batch);
  return (images + size - 1) / size;
}

// The same layers with values of its own.
Network copy(const Network& network) {
  std::vector<LayerSpec> layers;
  for (const Network::Node& node : network.nodes()) layers.push_back(node.spec);
  Network result(network.input(), std::move(layers));
  std::copy(network.values().begin(), network.values().end(), result.values().begin());
  return result;
}

// The run, if there are images to train on and all of it fits together.
const TrainerSetup& checked(const TrainerSetup& setup) {
  if (setup.split.train.empty()) throw ArgumentError("trainer: there is no image to train on");
  for (const Selection* part : {&setup.split.train, &setup.split.validation}) {
    require_images(setup.dataset, *part, setup.network.input());
    require_labels(setup.dataset, *part, setup.network.output().size());
  }
  return setup;
}

std::size_t largest_batch(const TrainerSetup& setup) {
  return std::min(static_cast<std::size_t>(setup.info.config.training.batch),
                  setup.split.train.size());
}

}  // namespace

Trainer::Trainer(const TrainerSetup& setup)
    : info_(checked(setup).info),
      network_(setup.network),
      dataset_(setup.dataset),
      split_(setup.split),
      training_(setup.info.config.training),
      collective_(setup.collective),
      table_(setup.info.preprocessing, setup.network.input()),
      averaged_(training_.solver.ema > 0 ? std::optional(copy(setup.network)) : std::nullopt),
      solver_(setup.network, training_.solver, averaged_ ? averaged_->values() : View(),
              setup.collective),
      workers_(setup.workers),
      train_step_(
          setup.network, solver_, setup.info.config.loss, table_, largest_batch(setup),
          training_.seed, setup.workers,
          make_loss_options(training_, setup.info.classes, setup.dataset, setup.split.train),
          setup.info.config.data.augment, setup.collective),
      inference_(state().result(), table_, setup.workers),
      keeper_(setup.keeper),
      data_(fingerprint(setup.dataset)),
      steps_per_epoch_(batches_of(setup.split.train.size(), training_.batch)),
      steps_(training_.steps > 0
                 ? static_cast<std::uint64_t>(training_.steps)
                 : static_cast<std::uint64_t>(training_.epochs) * steps_per_epoch_) {
  progress_.weights = setup.weights;
}

std::size_t Trainer::bytes(const Network& network, const RunConfig& config, int workers,
                           int ranks) {
  const TrainingConfig& training = config.training;
  return TrainStep::bytes(network, static_cast<std::size_t>(training.batch), workers,
                          config.data.augment, ranks) +
         Solver::bytes(network, training.solver) +
         (training.solver.ema > 0 ? network.values().size_bytes() : 0);
}

void Trainer::require_resumable(const Checkpoint& checkpoint) const {
  check_same_run(checkpoint, info_, data_);
  if (checkpoint.progress.step <= steps_) return;
  throw ConfigError("error: the run would end at step " + std::to_string(steps_) + ", and " +
                    display_path(checkpoint.file.path) + " is at step " +
                    std::to_string(checkpoint.progress.step) +
                    ": what is trained cannot be shortened; raise training.epochs or "
                    "training.steps, or resume an older checkpoint");
}

void Trainer::resume(const Checkpoint& checkpoint, bool kept) {
  require_resumable(checkpoint);
  restore(checkpoint, network_, solver_, averaged_ ? &*averaged_ : nullptr);
  progress_ = checkpoint.progress;
  if (progress_.reported != steps_) reopen_epoch();
  if (kept) saved_ = progress_;
}

// An epoch that a shorter run left unfinished goes on now, and is judged at its end.
void Trainer::reopen_epoch() {
  progress_.reported -= progress_.reported % steps_per_epoch_;
  if (!progress_.best_before_cut) return;
  progress_.best_epoch = progress_.best_before_cut->epoch;
  progress_.best_correct = progress_.best_before_cut->correct;
  progress_.best_before_cut.reset();
}

RunState Trainer::state() const {
  return {info_, network_, solver_, progress_, data_, averaged_ ? &*averaged_ : nullptr};
}

double Trainer::factor(std::uint64_t step) const {
  return schedule_factor(
      training_.schedule, static_cast<std::int64_t>(step),
      {static_cast<std::int64_t>(steps_), static_cast<std::int64_t>(steps_per_epoch_)},
      progress_.plateau.falls);
}

bool Trainer::is_augmented(std::uint64_t step) const {
  return static_cast<double>(step) < info_.config.data.augment.until * static_cast<double>(steps_);
}

BatchResult Trainer::train_batch(std::uint64_t step) {
  const std::uint64_t epoch = step / steps_per_epoch_;
  if (order_epoch_ != epoch) {
    order_ = epoch_order(split_.train, training_.shuffle, training_.seed, epoch);
    order_epoch_ = epoch;
  }
  const auto batch = static_cast<std::size_t>(training_.batch);
  const std::size_t first = step % steps_per_epoch_ * batch;
  const std::size_t count = std::min(batch, order_.size() - first);
  return train_step_.run(dataset_, std::span(order_).subspan(first, count), step, factor(step),
                         is_augmented(step) ? std::optional(epoch) : std::nullopt);
}

double Trainer::try_one_step() {
  const double images =
      static_cast<double>(std::min(static_cast<std::size_t>(training_.batch), split_.train.size()));
  return train_batch(0).loss / images;
}

void Trainer::share_start() {
  if (collective_.is_alone()) return;
  collective_.broadcast(network_.values());
  solver_.broadcast();
  TrainProgress& p = progress_;
  std::array<double, 2> reals{p.epoch_loss, p.plateau.best};
  std::array<std::uint64_t, 9> counts{p.step,
                                      p.reported,
                                      p.epoch_correct,
                                      p.epoch_images,
                                      p.best_epoch,
                                      p.best_correct,
                                      static_cast<std::uint64_t>(p.plateau.waited),
                                      static_cast<std::uint64_t>(p.plateau.falls),
                                      saved_ == progress_ ? 1U : 0U};
  collective_.broadcast(std::span<double>(reals));
  collective_.broadcast(std::span<std::uint64_t>(counts));
  p.epoch_loss = reals[0];
  p.step = counts[0];
  p.reported = counts[1];
  p.epoch_correct = counts[2];
  p.epoch_images = counts[3];
  p.best_epoch = counts[4];
  p.best_correct = counts[5];
  p.plateau = {reals[1], static_cast<std::int64_t>(counts[6]),
               static_cast<std::int64_t>(counts[7])};
  if (collective_.is_first()) return;
  saved_ = counts[8] != 0 ? std::optional(progress_) : std::nullopt;
}

// What rank 0's clock or somebody outside asks for; the same for all ranks, who tell each other
// with the next step if one is due. A checkpoint that is asked for waits until there is something
// new in it.
std::uint32_t Trainer::requests(StopSwitch& stop) {
  const std::uint32_t mine = own_requests(stop);
  if (collective_.is_alone()) return mine;
  if (epoch_is_due()) return collective_.any(mine);
  train_step_.say(mine);
  return train_step_.heard();
}

std::uint32_t Trainer::own_requests(StopSwitch& stop) {
  std::uint32_t mine = 0;
  if (stop.stop.load()) mine |= kStop;
  if (saved_ == progress_) return mine;
  if (stop.checkpoint.exchange(false)) mine |= kCheckpoint;
  const Interval& every = info_.config.output.checkpoint_every;
  if (collective_.is_first() && every.unit == Interval::Unit::seconds &&
      seconds_since(checkpoint_time_) >= static_cast<double>(every.count)) {
    mine |= kCheckpoint;
  }
  return mine;
}

Trainer::Outcome Trainer::run(TrainObserver& observer, StopSwitch& stop) {
  share_start();
  // The first checkpoint before the first step: what cannot be written shows now, and a run that
  // diverges or is killed early leaves something to start from.
  if (!saved_) keep_checkpoint(observer);
  const Clock::time_point start = Clock::now();
  epoch_start_ = checkpoint_time_ = start;
  epoch_images_here_ = images_here_ = 0;
  while (!is_finished()) {
    const std::uint32_t asked = requests(stop);
    if ((asked & kStop) != 0) break;
    if ((asked & kCheckpoint) != 0) {
      keep_checkpoint(observer);
      continue;
    }
    if (!epoch_is_due()) advance(observer);
    if (epoch_is_due()) finish_epoch(observer, stop.stop);
    if (checkpoint_due()) keep_checkpoint(observer);
  }
  if (saved_ != progress_) keep_checkpoint(observer);
  if (!is_finished()) return Outcome::stopped;
  solver_.gather_average();
  if (collective_.is_first()) {
    keeper_.keep_result(state());
    time_layers(seconds_since(start), images_here_);
  }
  return Outcome::finished;
}

void Trainer::time_layers(double seconds, std::uint64_t images) {
  constexpr double kShare = 0.005;  // of the run
  constexpr double kEnough = 0.2;   // seconds: more make no better median
  constexpr double kPasses = 4;     // that fit at least
  if (images == 0) return;
  const double of_image = seconds * workers_.count() * collective_.size() /
                          static_cast<double>(images);  // on one thread
  const double most = kShare * seconds;
  const auto fitting = [&](double time) {
    return static_cast<std::size_t>(time / (kPasses * of_image));
  };
  const double wanted = std::min(most, kEnough);
  // Groups as in training, or smaller ones where these would take long.
  const std::size_t n = std::max(fitting(wanted), std::min<std::size_t>(fitting(most), 1));
  if (n > 0) keeper_.keep_layer_times(train_step_.time_layers(n, wanted));
}

bool Trainer::is_out_of_patience() const {
  const std::uint64_t epochs = progress_.reported / steps_per_epoch_;
  return training_.patience > 0 && progress_.best_epoch > 0 &&
         epochs >= progress_.best_epoch + static_cast<std::uint64_t>(training_.patience);
}

bool Trainer::is_finished() const {
  return (progress_.step >= steps_ || is_out_of_patience()) && !epoch_is_due();
}

// One step.
void Trainer::advance(TrainObserver& observer) {
  const std::uint64_t step = progress_.step;
  const std::uint64_t epoch = step / steps_per_epoch_ + 1;
  const std::uint64_t batch = step % steps_per_epoch_ + 1;
  BatchResult result;
  try {
    result = train_batch(step);
  } catch (const DivergedError& error) {
    throw DivergedError(std::string(error.what()) + " at epoch " + std::to_string(epoch) +
                        ", batch " + std::to_string(batch));
  }
  const std::size_t images =
      std::min(static_cast<std::size_t>(training_.batch),
               order_.size() - (batch - 1) * static_cast<std::size_t>(training_.batch));
  ++progress_.step;
  progress_.epoch_loss += result.loss;
  progress_.epoch_correct += result.correct;
  progress_.epoch_images += images;
  epoch_images_here_ += images;
  images_here_ += images;
  const auto seen = static_cast<double>(progress_.epoch_images);
  observer.on_step({progress_.step, steps_, epoch, batch, steps_per_epoch_,
                    progress_.epoch_loss / seen,
                    static_cast<double>(progress_.epoch_correct) / seen,
                    training_.solver.alpha * factor(step), images, result});
}

// Has the present epoch, or what `steps: N` allows of it, been trained and not yet been reported?
bool Trainer::epoch_is_due() const {
  const bool at_end = progress_.step % steps_per_epoch_ == 0 || progress_.step == steps_;
  return at_end && progress_.epoch_images > 0 && progress_.reported != progress_.step;
}

// Stopped during the validation it changes nothing: the epoch remains due, for the run that
// resumes.
void Trainer::finish_epoch(TrainObserver& observer, const std::atomic<bool>& stop) {
  const std::uint64_t epoch = (progress_.step - 1) / steps_per_epoch_ + 1;
  const double seconds = seconds_since(epoch_start_);
  const auto images = static_cast<double>(progress_.epoch_images);
  EpochMetrics row;
  row.epoch = epoch;
  row.step = progress_.step;
  row.train_loss = progress_.epoch_loss / images;
  row.train_accuracy = static_cast<double>(progress_.epoch_correct) / images;
  row.alpha = training_.solver.alpha * factor(progress_.step - 1);
  row.seconds = seconds;
  row.images_per_second = static_cast<double>(epoch_images_here_) / std::max(seconds, 1e-9);

  bool best = false;
  if (!split_.validation.empty()) {
    solver_.gather_average();
    inference_.update();
    const std::optional<Evaluation> validation =
        evaluate(inference_, info_.config.loss, dataset_, split_.validation, stop, collective_);
    if (!validation) return;
    row.validated = true;
    row.validation_loss = validation->loss;
    row.validation_accuracy = validation->accuracy();
    best = progress_.best_epoch == 0 || validation->correct > progress_.best_correct;
    if (best) {
      if (progress_.step % steps_per_epoch_ != 0) {
        progress_.best_before_cut = {progress_.best_epoch, progress_.best_correct};
      }
      progress_.best_epoch = epoch;
      progress_.best_correct = validation->correct;
      if (collective_.is_first()) keeper_.keep_best(state());
    }
    // Not after an epoch that `steps: N` cut short: a longer run will finish it.
    if (progress_.step % steps_per_epoch_ == 0) {
      progress_.plateau = after_epoch(training_.schedule, progress_.plateau, validation->loss);
    }
  }
  if (collective_.is_first()) keeper_.keep_epoch(row);
  progress_.reported = progress_.step;
  observer.on_epoch({row, (steps_ + steps_per_epoch_ - 1) / steps_per_epoch_,
                     progress_.step % steps_per_epoch_ == 0, best});

  // An epoch that `steps: N` cut short keeps its sums: a longer run may resume within it.
  if (progress_.step % steps_per_epoch_ == 0) {
    progress_.epoch_loss = 0;
    progress_.epoch_correct = 0;
    progress_.epoch_images = 0;
  }
  epoch_start_ = Clock::now();
  epoch_images_here_ = 0;
}

bool Trainer::checkpoint_due() const {
  const Interval& every = info_.config.output.checkpoint_every;
  const auto count = static_cast<std::uint64_t>(every.count);
  switch (every.unit) {
    case Interval::Unit::steps:
      return progress_.step % count == 0;
    case Interval::Unit::epochs:
      return progress_.step % (count * steps_per_epoch_) == 0;
    case Interval::Unit::seconds:  // a request of rank 0's clock
    case Interval::Unit::never:
      return false;
  }
  return false;
}

void Trainer::write_checkpoint(TrainObserver& observer) {
  share_start();
  keep_checkpoint(observer);
}

void Trainer::keep_checkpoint(TrainObserver& observer) {
  solver_.gather_states();
  solver_.gather_average();
  std::filesystem::path path;
  if (collective_.is_first()) path = keeper_.keep_checkpoint(state());
  saved_ = progress_;
  checkpoint_time_ = Clock::now();
  observer.on_checkpoint(path, progress_.step);
}

}  // namespace cnn
