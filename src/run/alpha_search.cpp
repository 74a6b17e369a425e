#include "run/alpha_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cnn/error.hpp"

#include "data/epoch_order.hpp"
#include "data/preprocessing.hpp"
#include "optim/solver.hpp"
#include "run/loss_weights.hpp"
#include "run/train_step.hpp"

namespace cnn {
namespace {

constexpr std::size_t kSteps = 100;
constexpr double kFirst = 1e-6;
constexpr double kLast = 10;
constexpr double kFading = 0.8;
constexpr double kTooLarge = 4;  // times the smallest smoothed loss

constexpr std::size_t kTrialSteps = 80;
constexpr std::size_t kMostTrials = 8;
constexpr double kFactor = 2;  // between two trials

double alpha_of(std::size_t step) {
  return kFirst * std::pow(kLast / kFirst, static_cast<double>(step) / (kSteps - 1));
}

// Of a trial: up in a fifth of the steps and then down, as the α of most trainings.
double trial_factor(std::size_t step) {
  const double at = (static_cast<double>(step) + 0.5) / kTrialSteps;
  constexpr double kUp = 0.2;
  return at < kUp ? at / kUp : (1 - at) / (1 - kUp);
}

// Steps from the network's present values, which are as before in the end.
class ShortTraining {
 public:
  ShortTraining(const ModelInfo& info, Network& network, const TrainingData& data, Workers& workers)
      : training_(info.config.training),
        data_(data),
        network_(network),
        before_(network.values().begin(), network.values().end()),
        batch_(std::min(static_cast<std::size_t>(training_.batch), data.split.train.size())),
        table_(info.preprocessing, network.input()),
        solver_(network, without_average(training_.solver)),
        step_(network, solver_, info.config.loss, table_, batch_, training_.seed, workers,
              make_loss_options(training_, info.classes, data.dataset, data.split.train),
              info.config.data.augment) {}
  ~ShortTraining() { std::ranges::copy(before_, network_.values().begin()); }
  ShortTraining(const ShortTraining&) = delete;
  ShortTraining& operator=(const ShortTraining&) = delete;

  // Mean loss of the batch, before a step with schedule_factor · α, and with that factor of the α
  // that layers have of their own. Throws DivergedError.
  double run(std::size_t step, double alpha, double schedule_factor) {
    const Selection& images = data_.split.train;
    const std::size_t steps_per_epoch = (images.size() + batch_ - 1) / batch_;
    const std::size_t epoch = step / steps_per_epoch, first = step % steps_per_epoch * batch_;
    if (first == 0) order_ = epoch_order(images, training_.shuffle, training_.seed, epoch);
    const auto places = std::span(order_).subspan(first, std::min(batch_, order_.size() - first));
    solver_.set_alpha(alpha);
    return step_.run(data_.dataset, places, step, schedule_factor, epoch).loss /
           static_cast<double>(places.size());
  }

 private:
  static SolverOptions without_average(SolverOptions options) {
    options.ema = 0;
    return options;
  }

  const TrainingConfig& training_;
  const TrainingData& data_;
  Network& network_;
  std::vector<Real> before_;
  std::size_t batch_;
  PixelTable table_;
  Solver solver_;
  TrainStep step_;
  Selection order_;
};

// Some layer learns by training.alpha.
void require_use_of_alpha(const Network& network) {
  const auto uses = [&](const Parameter& p) {
    return p.is_learnt() && !p.frozen && !network.nodes()[p.layer].spec.alpha;
  };
  if (std::ranges::any_of(network.parameters(), uses)) return;
  throw ConfigError(
      "error: --find-alpha: no layer learns by training.alpha: each has an alpha of its own, or "
      "keeps its weights");
}

}  // namespace

std::optional<std::vector<AlphaStep>> search_alpha(const ModelInfo& info, Network& network,
                                                   const TrainingData& data, Workers& workers,
                                                   const std::atomic<bool>& stop) {
  require_use_of_alpha(network);
  ShortTraining training(info, network, data, workers);
  std::vector<AlphaStep> result;
  double sum = 0, weight = 0, smallest = 0;
  for (std::size_t i = 0; i < kSteps; ++i) {
    if (stop.load()) return std::nullopt;
    const double alpha = alpha_of(i);
    double loss = 0;
    try {
      loss = training.run(i, alpha, 1);
    } catch (const DivergedError&) {
      if (result.empty()) throw;
      break;
    }
    sum = kFading * sum + (1 - kFading) * loss;
    weight = kFading * weight + (1 - kFading);
    const double smoothed = sum / weight;
    smallest = result.empty() ? smoothed : std::min(smallest, smoothed);
    result.push_back({alpha, loss, smoothed});
    if (smoothed > kTooLarge * smallest) break;
  }
  return result;
}

AlphaAdvice advise_alpha(std::span<const AlphaStep> steps) {
  const auto lowest =
      static_cast<std::size_t>(std::min_element(steps.begin(), steps.end(),
                                                [](const AlphaStep& a, const AlphaStep& b) {
                                                  return a.smoothed < b.smoothed;
                                                }) -
                               steps.begin());
  constexpr std::size_t kReach = 2;  // steps to either side: single batches say little
  std::size_t steepest = lowest;
  double fall = 0;
  for (std::size_t i = kReach; i + kReach <= lowest; ++i) {
    const double here = steps[i - kReach].smoothed - steps[i + kReach].smoothed;
    if (here > fall) {
      fall = here;
      steepest = i;
    }
  }
  // Behind that the loss may go on falling by little for long, at rates with which it would rise.
  constexpr double kMostOfTheFall = 0.9;
  const double low = steps[lowest].smoothed, high = steps.front().smoothed;
  const auto fallen = std::find_if(steps.begin(), steps.end(), [&](const AlphaStep& step) {
    return step.smoothed <= high - kMostOfTheFall * (high - low);
  });
  return {steps[steepest].alpha, steps[lowest].alpha, fallen->alpha};
}

std::optional<AlphaTrial> try_alpha(const ModelInfo& info, Network& network,
                                    const TrainingData& data, Workers& workers,
                                    const std::atomic<bool>& stop, double alpha) {
  ShortTraining training(info, network, data, workers);
  constexpr std::size_t kLastSteps = kTrialSteps / 4;
  double loss = 0;
  try {
    for (std::size_t i = 0; i < kTrialSteps; ++i) {
      if (stop.load()) return std::nullopt;
      const double here = training.run(i, alpha, trial_factor(i));
      if (i + kLastSteps >= kTrialSteps) loss += here / kLastSteps;
    }
  } catch (const DivergedError&) {
    loss = std::numeric_limits<double>::infinity();
  }
  return AlphaTrial{alpha, loss};
}

std::optional<double> next_alpha(std::span<const AlphaTrial> trials) {
  const auto [smallest, largest] = std::ranges::minmax_element(trials, {}, &AlphaTrial::alpha);
  const auto best = std::ranges::min_element(trials, {}, &AlphaTrial::loss);
  if (trials.size() == kMostTrials) return std::nullopt;
  if (best == largest && std::isfinite(best->loss)) return largest->alpha * kFactor;
  if (best == smallest || !std::isfinite(best->loss)) return smallest->alpha / kFactor;
  return std::nullopt;
}

bool ended_at_limit(std::span<const AlphaTrial> trials) {
  const auto [smallest, largest] = std::ranges::minmax_element(trials, {}, &AlphaTrial::alpha);
  const auto best = std::ranges::min_element(trials, {}, &AlphaTrial::loss);
  return trials.size() == kMostTrials && (best == smallest || best == largest);
}

bool makes_no_difference(std::span<const AlphaTrial> trials) {
  const auto [least, most] = std::ranges::minmax_element(trials, {}, &AlphaTrial::loss);
  return trials.size() > 1 && !(most->loss > least->loss);
}

// Losses of alphas a factor apart are three points of a parabola over log α: the best may lie
// between them. Where the larger one had no finite loss, its vertex is half a factor below.
double recommended_alpha(std::span<const AlphaTrial> trials) {
  const auto best = std::ranges::min_element(trials, {}, &AlphaTrial::loss);
  const auto rise =
      [&](double alpha) {  // from the best to the trial of that alpha, if there is one
        const auto is_it = [&](const AlphaTrial& trial) {
          return std::abs(std::log(trial.alpha / alpha)) < std::log(kFactor) / 2;
        };
        const auto trial = std::ranges::find_if(trials, is_it);
        return trial == trials.end() ? std::nullopt : std::optional(trial->loss - best->loss);
      };
  const std::optional<double> below = rise(best->alpha / kFactor);
  const std::optional<double> above = rise(best->alpha * kFactor);
  if (!below || !above || !std::isfinite(*below) || !(*below + *above > 0)) return best->alpha;
  const double vertex = std::isfinite(*above) ? (*below - *above) / (*below + *above) / 2 : -0.5;
  return best->alpha * std::pow(kFactor, vertex);
}

}  // namespace cnn
