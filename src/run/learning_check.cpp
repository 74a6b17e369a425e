#include "run/learning_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <span>
#include <utility>

#include "base/text.hpp"
#include "run/loss_weights.hpp"
#include "run/run_config.hpp"

namespace cnn {
namespace {

// A window's loss that is not below this part of the loss of guessing, with an accuracy that is no
// better than chance, shows that nothing was learnt.
constexpr double kStuck = 0.98;
constexpr double kLearnt = 0.9;
constexpr std::size_t kPatiencePerClass = 300;  // images
constexpr std::size_t kWindowPerClass = 20;     // images
constexpr std::uint64_t kPiece = 10;            // steps
// A run that ends earlier is too short to judge.
constexpr std::uint64_t kShortestRun = 100;

std::string text_of(const char* format, double value) {
  std::array<char, 48> text;
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

std::string percent(double share) {
  return text_of("%.1f %%", 100 * share);
}

// Per class of the network, of the images trained on.
std::vector<double> label_shares(const TrainingData& data, std::size_t classes) {
  std::vector<double> shares(classes);
  for (const std::uint32_t i : data.split.train) ++shares[data.dataset.labels[i]];
  for (double& share : shares) share /= static_cast<double>(data.split.train.size());
  return shares;
}

std::size_t occurring(const std::vector<double>& shares) {
  return shares.size() - static_cast<std::size_t>(std::ranges::count(shares, 0.0));
}

std::pair<std::uint8_t, std::uint8_t> pixel_range(const Dataset& dataset) {
  std::uint8_t low = 255;
  std::uint8_t high = 0;
  for (const std::span<const std::uint8_t> piece : dataset.pixel_pieces()) {
    for (const std::uint8_t pixel : piece) {
      low = std::min(low, pixel);
      high = std::max(high, pixel);
    }
  }
  return {low, high};
}

bool holds_layer(const Network& network, const std::string& type) {
  return std::ranges::any_of(network.nodes(),
                             [&](const Network::Node& node) { return node.spec.type == type; });
}

}  // namespace

// The answer q that is best for images of all classes alike. softmax: q_j ∝ t_j = Σ_k p_k·w_k·y_kj,
// J = −Σ_j t_j·log q_j. euclidean: h_j = π_j = p_j·w_j/Σpw, J = ½·Σpw·(1 − Σ_j π_j²).
double guessing_loss(Loss loss, const LossOptions& options, const std::vector<double>& shares) {
  const std::size_t classes = shares.size();
  std::vector<double> target = shares;
  for (std::size_t k = 0; k < options.class_weights.size(); ++k) {
    target[k] *= options.class_weights[k];
  }
  double sum = 0;
  for (const double t : target) sum += t;
  if (!(sum > 0)) return 0;
  double result = 0;
  if (loss == Loss::euclidean) {
    for (const double t : target) result += t / sum * (t / sum);
    return sum * (1 - result) / 2;
  }
  const double s = options.label_smoothing;
  for (const double t : target) {
    const double smooth = (1 - s) * t + s * sum / static_cast<double>(classes);
    if (smooth > 0) result -= smooth * std::log(smooth / sum);
  }
  return result;
}

std::size_t LearningCheck::Window::top() const {
  return static_cast<std::size_t>(std::ranges::max_element(predicted) - predicted.begin());
}

double LearningCheck::Window::top_share() const {
  return static_cast<double>(predicted[top()]) / static_cast<double>(images);
}

void LearningCheck::Window::add(const Window& other) {
  steps += other.steps;
  images += other.images;
  correct += other.correct;
  loss += other.loss;
  for (std::size_t k = 0; k < predicted.size(); ++k) predicted[k] += other.predicted[k];
}

void LearningCheck::Window::clear() {
  steps = images = correct = 0;
  loss = 0;
  std::ranges::fill(predicted, std::size_t{0});
}

LearningCheck::LearningCheck(const ModelInfo& info, const Network& network,
                             const TrainingData& data)
    : training_(info.config.training),
      loss_(info.config.loss),
      classes_(info.classes),
      shares_(label_shares(data, info.classes.size())),
      guessing_(guessing_loss(
          loss_, make_loss_options(training_, info.classes, data.dataset, data.split.train),
          shares_)),
      has_sigmoid_(holds_layer(network, "sigmoid")) {
  const auto [low, high] = pixel_range(data.dataset);
  for (std::size_t c = 0; c < info.preprocessing.mean.size(); ++c) {
    for (const double pixel : {static_cast<double>(low), static_cast<double>(high)}) {
      const double x = info.preprocessing.scale[c] * (pixel - info.preprocessing.mean[c]);
      input_low_ = std::min(input_low_, x);
      input_high_ = std::max(input_high_, x);
    }
  }
  const auto batch = static_cast<std::size_t>(training_.batch);
  const std::size_t steps_per_epoch = (data.split.train.size() + batch - 1) / batch;
  warmup_ = static_cast<std::uint64_t>(
      training_.schedule.warmup.in_steps(static_cast<std::int64_t>(steps_per_epoch)));
  patience_ = has_sigmoid_ || loss_ == Loss::euclidean ? kSigmoidPatience : kPatience;
  guessing_held_out_ = guessing_loss(loss_, {}, shares_);
  held_out_ = data.split.validation.size();
  patience_images_ = kPatiencePerClass * occurring(shares_);
  window_.predicted.resize(classes_.size());
  last_window_.predicted.resize(classes_.size());
}

std::optional<std::string> LearningCheck::after_step(const StepReport& report) {
  // Of a single class there is nothing to learn: check_training_data says so.
  if (occurring(shares_) < 2 || report.step <= warmup_) return std::nullopt;
  add(report);
  const bool full = window_.steps >= kWindow && window_.images >= kWindowPerClass * classes_.size();
  const bool at_end = report.step == report.steps;
  if (!full && !at_end) return std::nullopt;
  if (!full) window_.add(last_window_);
  std::optional<std::string> message = judge(report);
  std::swap(window_, last_window_);
  window_.clear();
  return message;
}

std::optional<std::string> LearningCheck::after_epoch(const EpochReport& report) {
  const EpochMetrics& row = report.metrics;
  // An average of the weights lags behind.
  const double lag = training_.solver.ema > 0 ? 5 / (1 - training_.solver.ema) : 0;
  constexpr std::size_t kFewest = 100;  // images
  if (!row.validated || held_out_ < kFewest || !said_.empty() || !is_due() ||
      static_cast<double>(steps_) < lag || row.validation_loss < kStuck * guessing_held_out_ ||
      !is_guessed(row.validation_accuracy, held_out_)) {
    return std::nullopt;
  }
  return say(Finding::by_heart,
             "images held out are classified as by guessing: the loss, " +
                 text_of("%.4f", row.validation_loss) + ", is not below " +
                 text_of("%.4f", guessing_held_out_) + ", accuracy " +
                 percent(row.validation_accuracy) +
                 "\n  what is learnt is those trained on by heart: the labels may be shuffled "
                 "against the images, or there are too few images: data.augment, dropout and "
                 "training.lambda help then");
}

void LearningCheck::add(const StepReport& report) {
  ++steps_;
  images_ += report.images;
  ++window_.steps;
  window_.images += report.images;
  window_.correct += report.result.correct;
  window_.loss += report.result.loss;
  for (const std::uint32_t k : report.result.predicted) ++window_.predicted[k];
  ++piece_.steps;
  piece_.images += report.images;
  piece_.loss += report.result.loss;
  if (piece_.steps == kPiece) {
    highest_loss_ = std::max(highest_loss_, piece_.mean_loss());
    piece_.clear();
  }
}

std::optional<std::string> LearningCheck::judge(const StepReport& report) {
  const Window& window = window_;
  if (steps_ == window.steps) {
    first_loss_ = window.mean_loss();
    first_predicted_ = window.predicted;
  }
  const bool stuck = is_stuck(window);
  const bool due = is_due() || (report.step == report.steps && steps_ >= kShortestRun);
  std::optional<std::string> message;
  if (stuck && learnt_ && was_stuck_) {
    message = say(Finding::lost, "what was learnt is lost at step " + std::to_string(report.step) +
                                     ": " + seen_text(window) + "\n  alpha may be too large: try " +
                                     alpha_option(0.1));
  } else if (stuck && !learnt_ && due) {
    message = say(Finding::nothing_learnt, "nothing learnt in " + std::to_string(steps_) +
                                               " steps: " + seen_text(window) + "\n  " +
                                               stuck_reason(window, report));
  } else if (!stuck && due && is_one_class(window)) {
    const double share = shares_[window.top()];
    message = say(Finding::one_class,
                  percent(window.top_share()) + " of the images of the last " +
                      std::to_string(window.steps) + " steps are taken for class " +
                      in_quotes(classes_[window.top()]) + ", which " + percent(share) +
                      " of the training images are\n  " +
                      (share > 0.5 ? "the classes are too unequal to be told apart by the mean "
                                     "loss: try --set training.class_weights=balanced"
                                   : "alpha may be too large: try " + alpha_option(0.1)));
  }
  learnt_ = learnt_ || (!stuck && window.mean_loss() < kLearnt * guessing_);
  was_stuck_ = stuck;
  return message;
}

bool LearningCheck::is_due() const {
  return steps_ >= patience_ && images_ >= patience_images_;
}

bool LearningCheck::is_guessed(double accuracy, std::size_t images) const {
  const double chance = *std::ranges::max_element(shares_);
  const double deviation = std::sqrt(chance * (1 - chance) / static_cast<double>(images));
  return accuracy <= chance + std::min(0.05, chance / 2) + 3 * deviation;
}

bool LearningCheck::is_stuck(const Window& window) const {
  return window.mean_loss() >= kStuck * guessing_ && is_guessed(window.accuracy(), window.images);
}

// The other classes are predicted for less than a tenth of their images, and for hardly any.
bool LearningCheck::is_one_class(const Window& window) const {
  constexpr double kFewest = 20;  // images of other classes, or chance may have left them out
  const double others = 1 - shares_[window.top()];
  return others * static_cast<double>(window.images) >= kFewest &&
         1 - window.top_share() <= std::min(0.01, others / 10);
}

// Classes are predicted as often as in the first window, with the same loss, and no loss was ever
// above it.
bool LearningCheck::hardly_moves(const Window& window) const {
  double distance = 0;  // Σ |difference of shares|/2, chance makes it about √(K/n)/2
  double first_images = 0;
  for (const std::size_t count : first_predicted_) first_images += static_cast<double>(count);
  const auto images = static_cast<double>(window.images);
  for (std::size_t k = 0; k < window.predicted.size(); ++k) {
    distance += std::abs(static_cast<double>(window.predicted[k]) / images -
                         static_cast<double>(first_predicted_[k]) / first_images) /
                2;
  }
  const double classes = static_cast<double>(window.predicted.size());
  return steps_ > window.steps && distance <= std::sqrt(classes / std::min(images, first_images)) &&
         std::abs(window.mean_loss() - first_loss_) < 0.01 * first_loss_ &&
         highest_loss_ < 1.2 * first_loss_;
}

std::optional<std::string> LearningCheck::say(Finding finding, const std::string& message) {
  if (std::ranges::find(said_, finding) != said_.end()) return std::nullopt;
  said_.push_back(finding);
  return "warning: " + message;
}

std::string LearningCheck::seen_text(const Window& window) const {
  const std::size_t classes = occurring(shares_);
  const double uniform = std::log(static_cast<double>(classes));
  std::string text = "the loss, " + text_of("%.4f", window.mean_loss()) +
                     (window.mean_loss() < 1.02 * guessing_ ? ", is that of guessing"
                                                            : ", is worse than that of guessing");
  text += loss_ == Loss::softmax_cross_entropy && std::abs(guessing_ - uniform) < 0.002 * uniform
              ? " among " + std::to_string(classes) + " classes (ln " + std::to_string(classes) +
                    " = " + text_of("%.4f", uniform) + ")"
              : " by the frequencies of the classes (" + text_of("%.4f", guessing_) + ")";
  text += ", accuracy " + percent(window.accuracy());
  if (is_one_class(window)) {
    text += ", and " + percent(window.top_share()) + " of the images are taken for class " +
            in_quotes(classes_[window.top()]);
  }
  return text;
}

// The likeliest first.
std::string LearningCheck::stuck_reason(const Window& window, const StepReport& report) const {
  constexpr const char* kLabels =
      "; if that changes nothing, the labels may be shuffled against the images";
  // What has not begun to learn answers by the frequencies of the classes, not worse by this.
  constexpr double kStuckWrong = 1.05;
  const double span = input_high_ - input_low_;
  if (training_.solver.alpha == 0 || report.alpha == 0) return "alpha is 0: set training.alpha";
  if (span > 20 || span < 0.02) {
    return "the network sees pixels as " + text_of("%.3g", input_low_) + " to " +
           text_of("%.3g", input_high_) +
           ": try --set data.scale=0.00390625, which makes them 0 to 1";
  }
  const double loss = window.mean_loss();
  if (highest_loss_ > 2 * std::max(guessing_, loss)) {
    return "alpha may be too large, the loss was " + text_of("%.3g", highest_loss_) +
           " at times: try " + alpha_option(0.1) + kLabels;
  }
  if (hardly_moves(window)) {
    return "alpha may be too small: try " + alpha_option(10) + kLabels;
  }
  if (has_sigmoid_ && is_one_class(window) && loss > kStuckWrong * guessing_) {
    return "its units may be stuck at 0 and 1, from an alpha that is too large: try " +
           alpha_option(0.1) + "; or they begin slowly: train longer" + kLabels;
  }
  if (has_sigmoid_) {
    return "deep networks of sigmoid units begin slowly: train longer, try " + alpha_option(10) +
           ", or tanh or relu instead" + kLabels;
  }
  if (is_one_class(window)) {
    return "its units may be dead, from an alpha that is too large or a poor start: try " +
           alpha_option(0.1) + ", or init: he in its layers" + kLabels;
  }
  return "the labels may be shuffled against the images, or the images may not show what the "
         "labels say: look at a few; or alpha is too small or too large: try " +
         alpha_option(10) + " and " + alpha_option(0.1);
}

std::string LearningCheck::alpha_option(double factor) const {
  return "--set training.alpha=" + text_of("%.3g", factor * training_.solver.alpha);
}

}  // namespace cnn
