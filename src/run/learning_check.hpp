// Warnings about training that cannot get anywhere: what the data show before the first step, and
// what the steps show.
//
// Messages say what was seen, the likeliest reason and what to do; they are for the caller to
// print. Nothing here changes a run. Used by one thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nn/network.hpp"
#include "run/model.hpp"
#include "run/trainer.hpp"
#include "run/training_data.hpp"

namespace cnn {

// What makes the images trained on, their labels, the batches, or a key (idle_keys.hpp) useless:
// one message per reason. Looks at each byte of the images once.
std::vector<std::string> check_training_data(const ModelInfo& info, const Network& network,
                                             const TrainingData& data);

// J of the best answer that does not depend on the image, when classes occur as often as `shares`
// says (they sum to 1): ln K for K equally frequent classes under softmax_cross_entropy.
double guessing_loss(Loss loss, const LossOptions& options, const std::vector<double>& shares);

// Follows the steps of a run, or of the part of a run after a resume: it knows nothing of the steps
// before.
class LearningCheck {
 public:
  // Steps that are judged together, at least.
  static constexpr std::uint64_t kWindow = 100;
  // A network that has learnt nothing after so many steps (and 300 images per class) is not just
  // slow: configs/ take at most 100, those with sigmoid units up to 1,350.
  static constexpr std::uint64_t kPatience = 400;
  static constexpr std::uint64_t kSigmoidPatience = 3000;

  LearningCheck(const ModelInfo& info, const Network& network, const TrainingData& data);

  // To be called after each step, in their order. A message if this step is the first to show that
  // nothing is learnt, that what was learnt is lost, or that one class is predicted for all images;
  // each is said once. What it costs is one increment per image.
  std::optional<std::string> after_step(const StepReport& report);
  // The same after each epoch: the images held out may show what those trained on, which can be
  // learnt by heart, do not.
  std::optional<std::string> after_epoch(const EpochReport& report);

 private:
  enum class Finding { nothing_learnt, lost, one_class, by_heart };
  // Sums over some steps.
  struct Window {
    std::uint64_t steps = 0;
    std::size_t images = 0;
    std::size_t correct = 0;
    double loss = 0;
    std::vector<std::size_t> predicted;  // per class

    double mean_loss() const { return loss / static_cast<double>(images); }
    double accuracy() const { return static_cast<double>(correct) / static_cast<double>(images); }
    void add(const Window& other);
    void clear();
    std::size_t top() const;  // the class predicted most often
    double top_share() const;
  };

  void add(const StepReport& report);
  std::optional<std::string> judge(const StepReport& report);
  bool is_due() const;
  // Are these no better than guessing?
  bool is_guessed(double accuracy, std::size_t images) const;
  bool is_stuck(const Window& window) const;
  bool is_one_class(const Window& window) const;
  bool hardly_moves(const Window& window) const;
  std::optional<std::string> say(Finding finding, const std::string& message);
  std::string seen_text(const Window& window) const;
  std::string stuck_reason(const Window& window, const StepReport& report) const;
  std::string alpha_option(double factor) const;

  TrainingConfig training_;
  Loss loss_;
  std::vector<std::string> classes_;
  std::vector<double> shares_;    // per class, of the images trained on
  double guessing_ = 0;           // guessing_loss of training
  double guessing_held_out_ = 0;  // without what training may do to a loss
  double input_low_ = 0;          // what the network's inputs lie between
  double input_high_ = 0;
  bool has_sigmoid_ = false;
  std::size_t held_out_ = 0;  // images
  std::uint64_t warmup_ = 0;
  std::uint64_t patience_ = 0;
  std::size_t patience_images_ = 0;

  std::uint64_t steps_ = 0;  // seen, those of warmup apart
  std::size_t images_ = 0;
  Window window_;
  Window last_window_;
  double first_loss_ = 0;  // of the first window
  std::vector<std::size_t> first_predicted_;
  double highest_loss_ = 0;  // of any kPiece steps
  Window piece_;
  bool learnt_ = false;     // a window was clearly better than guessing
  bool was_stuck_ = false;  // the window before was not better
  std::vector<Finding> said_;
};

}  // namespace cnn
