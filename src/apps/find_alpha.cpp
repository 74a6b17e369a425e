#include "apps/find_alpha.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cnn/error.hpp"

#include "apps/app.hpp"
#include "apps/signals.hpp"
#include "base/text.hpp"

namespace cnn::app {

std::string alpha_text(std::span<const AlphaStep> steps) {
  constexpr std::size_t kEvery = 4;  // steps per line
  constexpr double kColumns = 48;
  double low = steps.front().smoothed, high = low;
  for (const AlphaStep& step : steps) {
    low = std::min(low, step.smoothed);
    high = std::max(high, step.smoothed);
  }
  high = std::min(high, 1.5 * steps.front().smoothed);
  std::string text = "     alpha      loss\n";
  for (std::size_t i = 0; i < steps.size(); i += kEvery) {
    const double height = (steps[i].smoothed - low) / std::max(high - low, 1e-30);
    const auto columns = static_cast<std::size_t>(std::lround(kColumns * std::min(height, 1.0)));
    text += fmt::format("{:>10.2g}  {:>8.4f}  {}\n", steps[i].alpha, steps[i].smoothed,
                        std::string(columns, '#'));
  }
  const AlphaAdvice advice = advise_alpha(steps);
  return text + fmt::format("steepest at alpha {:.2g}, lowest at {:.2g}\n", advice.steepest,
                            advice.lowest);
}

std::string trials_text(std::vector<AlphaTrial> trials) {
  std::ranges::sort(trials, {}, &AlphaTrial::alpha);
  std::string text = "   trained      loss\n";
  for (const AlphaTrial& trial : trials) {
    text += fmt::format("{:>10.2g}  {:>8.4f}\n", trial.alpha, trial.loss);
  }
  if (ended_at_limit(trials)) {
    text += "the best is at the end of what was tried: another one beyond it may be better\n";
  }
  return text + fmt::format("--set training.alpha={:.2g}\n", recommended_alpha(trials));
}

int find_alpha(const ModelInfo& info, Network& network, const TrainingData& data, Workers& workers,
               const StopSwitch& stop) {
  const std::optional<std::vector<AlphaStep>> steps =
      search_alpha(info, network, data, workers, stop.stop);
  if (!steps) return 128 + stop_signal();
  write_lines(stdout, alpha_text(*steps));
  std::vector<AlphaTrial> trials;
  for (std::optional<double> alpha = advise_alpha(*steps).first; alpha;
       alpha = next_alpha(trials)) {
    const std::optional<AlphaTrial> trial =
        try_alpha(info, network, data, workers, stop.stop, *alpha);
    if (!trial) return 128 + stop_signal();
    trials.push_back(*trial);
  }
  if (makes_no_difference(trials)) {
    throw ConfigError(
        fmt::format("error: --find-alpha: the loss is {:.4f} after training with any alpha; there "
                    "is nothing to "
                    "learn in these images, or what would learn it does not move",
                    trials.front().loss));
  }
  write_lines(stdout, trials_text(std::move(trials)));
  return kDone;
}

}  // namespace cnn::app
