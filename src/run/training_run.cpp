#include "cnn/training_run.hpp"

#include <utility>

#include "run/learning_check.hpp"
#include "run/training_session.hpp"

namespace cnn {
namespace {

// Passes the reports on, and says so if nothing is learnt.
class Follower final : public TrainObserver {
 public:
  Follower(TrainObserver& observer, LearningCheck& check,
           const std::function<void(const std::string&)>& on_notice)
      : observer_(observer), check_(check), on_notice_(on_notice) {}

  void on_step(const StepReport& report) override {
    observer_.on_step(report);
    say(check_.after_step(report));
  }
  void on_epoch(const EpochReport& report) override {
    observer_.on_epoch(report);
    say(check_.after_epoch(report));
  }
  void on_checkpoint(const std::filesystem::path& path, std::uint64_t step) override {
    observer_.on_checkpoint(path, step);
  }

 private:
  void say(const std::optional<std::string>& notice) const {
    if (notice && on_notice_) on_notice_(*notice);
  }

  TrainObserver& observer_;
  LearningCheck& check_;
  const std::function<void(const std::string&)>& on_notice_;
};

}  // namespace

struct TrainingRun::State {
  State(LoadedConfig loaded, const TrainingOptions& options)
      : on_notice(options.on_notice),
        session(std::move(loaded), options),
        check(session.info(), session.network(), session.data()) {}

  // Before the first step of this object.
  void begin() {
    session.occupy();
    if (session.checkpoint()) {
      session.resume(*session.checkpoint());
    } else if (on_notice) {
      for (const std::string& notice :
           check_training_data(session.info(), session.network(), session.data())) {
        on_notice(notice);
      }
    }
    begun = true;
  }

  std::function<void(const std::string&)> on_notice;
  TrainingSession session;
  LearningCheck check;
  bool begun = false;
};

TrainingRun::TrainingRun(std::unique_ptr<State> state) : state_(std::move(state)) {}
TrainingRun::TrainingRun(TrainingRun&&) noexcept = default;
TrainingRun& TrainingRun::operator=(TrainingRun&&) noexcept = default;
TrainingRun::~TrainingRun() = default;

TrainingRun TrainingRun::from_file(const std::filesystem::path& config, TrainingOptions options) {
  return TrainingRun(std::make_unique<State>(load_training_config(config, options), options));
}

TrainingRun TrainingRun::from_yaml(const std::string& text, TrainingOptions options) {
  return TrainingRun(
      std::make_unique<State>(load_training_config("the configuration", text, options), options));
}

std::string TrainingRun::config() const {
  return to_yaml(state_->session.config(), ConfigText::complete);
}

const std::filesystem::path& TrainingRun::directory() const {
  return state_->session.directory().path();
}

std::filesystem::path TrainingRun::model() const {
  return state_->session.directory().model();
}

std::uint64_t TrainingRun::step() const {
  return state_->session.trainer().step();
}

std::uint64_t TrainingRun::steps() const {
  return state_->session.trainer().steps();
}

TrainingRun::Outcome TrainingRun::run(TrainObserver& observer, StopSwitch& stop) {
  if (!state_->begun) state_->begin();
  Follower follower(observer, state_->check, state_->on_notice);
  return state_->session.run(follower, stop) == Trainer::Outcome::finished ? Outcome::finished
                                                                           : Outcome::stopped;
}

TrainingRun::Outcome TrainingRun::run(TrainObserver& observer) {
  StopSwitch never;
  return run(observer, never);
}

}  // namespace cnn
