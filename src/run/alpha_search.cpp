#include "run/alpha_search.hpp"

#include <algorithm>
#include <cmath>

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

double alpha_of(std::size_t step) {
  return kFirst * std::pow(kLast / kFirst, static_cast<double>(step) / (kSteps - 1));
}

}  // namespace

std::optional<std::vector<AlphaStep>> search_alpha(const ModelInfo& info, Network& network,
                                                   const TrainingData& data, Workers& workers,
                                                   const std::atomic<bool>& stop) {
  const TrainingConfig& training = info.config.training;
  if (training.solver.alpha == 0) {
    throw ConfigError("error: --find-alpha needs a training.alpha above 0, whatever it is");
  }
  const PixelTable table(info.preprocessing, network.input());
  SolverOptions options = training.solver;
  options.ema = 0;
  Solver solver(network, options);
  const Selection& images = data.split.train;
  const auto batch = std::min(static_cast<std::size_t>(training.batch), images.size());
  const std::size_t steps_per_epoch = (images.size() + batch - 1) / batch;
  TrainStep step(network, solver, info.config.loss, table, batch, training.seed, workers,
                 make_loss_options(training, info.classes, data.dataset, images),
                 info.config.data.augment);
  std::vector<AlphaStep> result;
  Selection order;
  double sum = 0, weight = 0, smallest = 0;
  for (std::size_t i = 0; i < kSteps; ++i) {
    if (stop.load()) return std::nullopt;
    const std::size_t epoch = i / steps_per_epoch, first = i % steps_per_epoch * batch;
    if (first == 0) order = epoch_order(images, training.shuffle, training.seed, epoch);
    const auto places = std::span(order).subspan(first, std::min(batch, order.size() - first));
    const double alpha = alpha_of(i);
    double loss = 0;
    try {
      loss = step.run(data.dataset, places, i, alpha / training.solver.alpha, epoch).loss /
             static_cast<double>(places.size());
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
  // The smallest loss is that of an alpha which is about to be too large, and the mean lags behind.
  constexpr double kMargin = 5;
  return {steps[steepest].alpha, steps[lowest].alpha, steps[lowest].alpha / kMargin};
}

}  // namespace cnn
