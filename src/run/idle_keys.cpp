#include "run/idle_keys.hpp"

#include <utility>

#include "base/text.hpp"

namespace cnn {
namespace {

std::string steps_text(std::int64_t steps) {
  return std::to_string(steps) + (steps == 1 ? " step" : " steps");
}

// Does α stay what it is at the start, warm-up apart? Every policy moves one way, or up and down
// once with different ends, unless its numbers say that it does not move.
bool never_moves(const Schedule& schedule, const RunLength& length) {
  Schedule bare = schedule;
  bare.warmup = {};
  const double start = schedule_factor(bare, 0, length);
  return schedule_factor(bare, length.steps / 2, length) == start &&
         schedule_factor(bare, length.steps - 1, length) == start;
}

class IdleKeys {
 public:
  IdleKeys(const RunConfig& config, const RunLength& length)
      : training_(config.training), output_(config.output), length_(length) {}

  std::vector<std::string> messages() {
    check_warmup();
    check_schedule();
    check_patience("training.patience", training_.patience, "the run cannot end early");
    check_ema();
    check_checkpoints();
    return std::move(messages_);
  }

 private:
  void say(const std::string& what, const std::string& hint) {
    messages_.push_back("warning: " + what + "\n  " + hint);
  }

  // "…, the run ends after 300 steps"
  std::string end_text() const { return ", the run ends after " + steps_text(length_.steps); }

  void check_warmup() {
    const Interval& warmup = training_.schedule.warmup;
    if (warmup.in_steps(length_.steps_per_epoch) <= length_.steps) return;
    say("training.schedule.warmup is " + to_text(warmup) + end_text() + ": alpha never reaches " +
            number_text(training_.solver.alpha),
        "choose a shorter warmup, or a longer run");
  }

  void check_schedule() {
    const Schedule& schedule = training_.schedule;
    using Policy = Schedule::Policy;
    if (schedule.policy == Policy::constant) return;
    if (schedule.policy == Policy::plateau) {
      check_patience("training.schedule.patience", schedule.patience, "alpha never falls");
    } else if (length_.steps > 1 && never_moves(schedule, length_)) {
      const std::string name(Schedule::kPolicyNames[static_cast<std::size_t>(schedule.policy)]);
      const bool too_late = schedule.policy == Policy::step &&
                            schedule.every.in_steps(length_.steps_per_epoch) >= length_.steps;
      say("the schedule '" + name + "' leaves alpha as it is" +
              (too_late ? ": every is " + to_text(schedule.every) + end_text()
                        : " in all " + steps_text(length_.steps)),
          too_late ? "choose a shorter every, or a longer run"
                   : "look at its numbers, or leave the schedule out");
    }
  }

  // The first epoch is the best so far, whatever it is: what waits for epochs that are not better
  // acts after the first and as many more, if the run then goes on.
  void check_patience(const std::string& key, std::int64_t epochs, const std::string& outcome) {
    if (epochs == 0 || (epochs + 1) * length_.steps_per_epoch < length_.steps) return;
    say(key + " is " + std::to_string(epochs) + (epochs == 1 ? " epoch" : " epochs") + end_text() +
            " of " + std::to_string(length_.steps_per_epoch) + " per epoch: " + outcome,
        "choose a smaller patience, or a longer run");
  }

  // The average is over about 1/(1 − ema) steps.
  void check_ema() {
    const double ema = training_.solver.ema;
    if (ema == 0 || static_cast<double>(length_.steps) * (1 - ema) >= 1) return;
    say("training.ema is " + number_text(ema) + ", an average over " + rounded_text(1 / (1 - ema)) +
            " steps" + end_text(),
        "the average is over the last ninth of a shorter run; choose a smaller ema to have less");
  }

  // The default, an epoch, is not meant for runs that end within one.
  void check_checkpoints() {
    const Interval& every = output_.checkpoint_every;
    if (every == OutputConfig{}.checkpoint_every || every.unit > Interval::Unit::epochs ||
        every.in_steps(length_.steps_per_epoch) <= length_.steps) {
      return;
    }
    say("output.checkpoint_every is " + to_text(every) + end_text() +
            ": only its start and its end are kept",
        "choose a shorter time, or never");
  }

  const TrainingConfig& training_;
  const OutputConfig& output_;
  const RunLength& length_;
  std::vector<std::string> messages_;
};

}  // namespace

std::vector<std::string> idle_keys(const RunConfig& config, const RunLength& length) {
  return IdleKeys(config, length).messages();
}

}  // namespace cnn
