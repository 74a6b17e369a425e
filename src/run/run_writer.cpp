#include "run/run_writer.hpp"

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
  if (directory_.is_prepared()) bring_along(checkpoint);
  has_best_ = holds_best_of(directory_.at(directory_.best()), checkpoint);
  metrics_.keep(
      MetricsFile::bytes_until(directory_.at(directory_.metrics()), trainer.progress().reported));
}

void RunWriter::bring_along(const Checkpoint& checkpoint) {
  const RunDirectory home(checkpoint.place.path.parent_path());
  if (holds_best_of(home.best(), checkpoint)) {
    copy_file(home.best(), InputFile(home.best()).size(), directory_.at(directory_.best()));
  }
  if (const std::uint64_t bytes =
          MetricsFile::bytes_until(home.metrics(), checkpoint.progress.reported)) {
    copy_file(home.metrics(), bytes, directory_.at(directory_.metrics()));
  }
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
  return directory_.last();
}

void RunWriter::keep_epoch(const EpochMetrics& metrics) {
  metrics_.append(directory_.at(directory_.metrics()), metrics);
}

void RunWriter::keep_best(const RunState& state) {
  save_model(directory_.at(directory_.best()), state.info, state.result(),
             state.progress.best_epoch);
  has_best_ = true;
}

void RunWriter::keep_result(const RunState& state) {
  save_model(directory_.at(directory_.model()), state.info, state.result());
}

void RunWriter::keep_layer_times(const std::vector<LayerTime>& times) {
  write_layer_times(directory_.at(directory_.layers()), times);
}

}  // namespace cnn
