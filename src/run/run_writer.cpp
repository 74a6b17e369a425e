#include "run/run_writer.hpp"

#include <system_error>

namespace cnn {

void RunWriter::resume(Trainer& trainer, const Checkpoint& checkpoint) {
  // Another checkpoint than the newest, because that is broken or by the user's choice, must not be
  // taken for it: the run writes last.safetensors anew.
  std::error_code code;
  const bool is_last = std::filesystem::equivalent(checkpoint.file.path, directory_.last(), code);
  trainer.resume(checkpoint, is_last);
  metrics_.keep_until(trainer.progress().reported);
  if (is_last) last_ = trainer.step();
}

std::filesystem::path RunWriter::keep_checkpoint(const RunState& state) {
  if (last_ && *last_ != state.progress.step) directory_.retire_last(*last_, keep_);
  save_checkpoint(directory_.last(), state.info, state.network, state.solver, state.progress,
                  state.data, state.averaged);
  last_ = state.progress.step;
  return directory_.last();
}

void RunWriter::keep_best(const RunState& state) {
  save_model(directory_.best(), state.info, state.result());
}

void RunWriter::keep_result(const RunState& state) {
  save_model(directory_.model(), state.info, state.result());
}

}  // namespace cnn
