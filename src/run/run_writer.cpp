#include "run/run_writer.hpp"

#include <utility>

#include "cnn/error.hpp"

#include "base/file.hpp"
#include "run/layer_times.hpp"
#include "run/run_identity.hpp"

namespace cnn {

namespace fs = std::filesystem;

void RunWriter::resume(Trainer& trainer, const Checkpoint& checkpoint) {
  // Another checkpoint than the newest, because that is broken or by the user's choice, must not be
  // taken for it: the run writes last.safetensors anew.
  const bool is_last = is_same_file(checkpoint.place, directory_.at(directory_.last()));
  trainer.resume(checkpoint, is_last);
  last_ = is_last ? trainer.step() : step_of_last();
  const RunConfig& config = trainer.info().config;
  if (directory_.is_prepared()) {
    bring_along(RunDirectory(checkpoint.place.path.parent_path()), config, trainer.progress());
  }
  find_best(config, trainer.progress());
  metrics_.keep(
      MetricsFile::bytes_until(directory_.at(directory_.metrics()), trainer.progress().reported));
}

// Everything stays in its place until a checkpoint says that this run has gone on.
void RunWriter::find_best(const RunConfig& config, const TrainProgress& progress) {
  const auto holds = [&](const fs::path& file) {
    return holds_best_of(directory_.at(file), config, progress.best_epoch);
  };
  has_best_ = holds(directory_.best());
  best_is_aside_ = !has_best_ && holds(directory_.best_whole_epoch());
  has_best_ = has_best_ || best_is_aside_;
  is_settled_ = false;
}

void RunWriter::bring_along(const RunDirectory& home, const RunConfig& config,
                            const TrainProgress& progress) {
  const auto bring = [&](const fs::path& from, std::uint64_t epoch, const fs::path& to) {
    if (!holds_best_of(from, config, epoch)) return false;
    copy_file(from, InputFile(from).size(), directory_.at(to));
    return true;
  };
  if (!bring(home.best(), progress.best_epoch, directory_.best())) {
    bring(home.best_whole_epoch(), progress.best_epoch, directory_.best());
  }
  if (progress.best_before_cut) {
    bring(home.best_whole_epoch(), progress.best_before_cut->epoch, directory_.best_whole_epoch());
  }
  if (const std::uint64_t bytes = MetricsFile::bytes_until(home.metrics(), progress.reported)) {
    copy_file(home.metrics(), bytes, directory_.at(directory_.metrics()));
  }
}

void RunWriter::settle_best(const RunState& state) {
  if (std::exchange(is_settled_, true)) return;
  const FilePlace best = directory_.at(directory_.best());
  const FilePlace aside = directory_.at(directory_.best_whole_epoch());
  if (std::exchange(best_is_aside_, false)) rename_file(aside, best);
  if (!state.progress.best_before_cut) remove_file(aside);
  if (has_best_) relabel_model(best, state.info.config);
}

std::optional<std::uint64_t> RunWriter::step_of_last() const {
  if (!is_there(directory_.at(directory_.last()))) return std::nullopt;
  try {
    return load_checkpoint(directory_.at(directory_.last())).progress.step;
  } catch (const FileError&) {
    return std::nullopt;
  }
}

fs::path RunWriter::keep_checkpoint(const RunState& state) {
  const std::uint64_t step = state.progress.step;
  if (last_ && *last_ != step) directory_.retire_last(*last_, step, keep_);
  save_checkpoint(directory_.at(directory_.last()), state.info, state.network, state.solver,
                  state.progress, state.data, state.averaged);
  metrics_.cut(directory_.at(directory_.metrics()));  // rows beyond it are of nobody's run now
  last_ = step;
  settle_best(state);
  return directory_.last();
}

void RunWriter::keep_epoch(const EpochMetrics& metrics) {
  metrics_.append(directory_.at(directory_.metrics()), metrics);
}

void RunWriter::keep_best(const RunState& state) {
  const FilePlace best = directory_.at(directory_.best());
  if (state.progress.best_before_cut && has_best_ && !best_is_aside_) {
    copy_file(best, InputFile(best).size(), directory_.at(directory_.best_whole_epoch()));
  }
  best_is_aside_ = false;
  save_model(best, state.info, state.result(), state.progress.best_epoch);
  has_best_ = true;
}

void RunWriter::keep_result(const RunState& state) {
  save_model(directory_.at(directory_.model()), state.info, state.result());
  settle_best(state);
}

void RunWriter::keep_layer_times(const std::vector<LayerTime>& times) {
  write_layer_times(directory_.at(directory_.layers()), times);
}

}  // namespace cnn
