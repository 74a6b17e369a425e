#include "report/run_record.hpp"

#include <sstream>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "cnn/error.hpp"

#include "base/directory.hpp"
#include "base/file.hpp"
#include "run/layer_times.hpp"
#include "run/metrics_rows.hpp"
#include "run/model.hpp"
#include "run/run_directory.hpp"

namespace cnn::report {
namespace {

// Of a run's log. One that cannot be read, or is larger than anybody would read, tells nothing: the
// page does without it.
struct LogRecord {
  std::string machine;     // of the run or of its last part
  std::string divergence;  // what its last line says of it
};

LogRecord read_log(const std::filesystem::path& log) {
  constexpr std::size_t kLargest = std::size_t{1} << 26;
  LogRecord record;
  if (!is_there(log)) return record;
  const auto behind = [](const std::string& line, std::string_view mark) {
    const std::size_t at = line.find(mark);
    return at == std::string::npos ? "" : line.substr(at + mark.size());
  };
  std::istringstream lines;
  try {
    lines.str(read_file(log, kLargest));
  } catch (const FileError&) {
    return record;
  }
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    record.divergence = behind(line, kDivergedInLog);
    if (std::string machine = behind(line, kMachineInLog); !machine.empty()) {
      record.machine = std::move(machine);
    }
  }
  return record;
}

// How far it has come, for a run that has no model yet.
std::string state_of(const RunRecord& run, const std::string& divergence) {
  const std::string epochs = run.metrics.empty()
                                 ? "no epoch is done"
                                 : fmt::format("epoch {} is done", run.metrics.back().epoch);
  if (run.running) return "The run is going on; " + epochs + ".";
  return divergence.empty() ? "The run did not come to its end; " + epochs + "."
                            : "The training diverged: " + divergence + "; " + epochs + ".";
}

// The final model of a run that is being made longer is still that of the shorter one. A file that
// cannot be read is somebody else's business.
bool is_of_length(const std::filesystem::path& model, const TrainingConfig& wanted) {
  try {
    const TrainingConfig has = load_model(model).info.config.training;
    return has.epochs == wanted.epochs && has.steps == wanted.steps &&
           has.patience == wanted.patience;
  } catch (const FileError&) {
    return true;
  }
}

}  // namespace

double RunRecord::seconds() const {
  double sum = 0;
  for (const EpochMetrics& row : metrics) sum += row.seconds;
  return sum;
}

std::string scored_notice(const RunRecord& run) {
  if (run.model.empty()) return "There is no model to score.";
  return run.ended ? "" : "Scores and pictures are those of its checkpoint, last.safetensors.";
}

RunRecord read_run(const std::filesystem::path& path) {
  const RunDirectory directory(path);
  if (!is_there(directory.config())) {
    throw file_error(path, "holds no run: there is no config.yaml in it");
  }
  RunRecord run;
  run.directory = path;
  run.config = load_config(directory.config(), {}).config;
  run.metrics = read_metrics(directory.metrics());
  run.layers = read_layer_times(directory.layers());
  const LogRecord log = read_log(directory.log());
  run.machine = log.machine;
  run.running = !Directory(path).lock();
  run.ended = is_there(directory.model()) && is_of_length(directory.model(), run.config.training);
  if (run.ended && !run.running) {
    run.model = directory.model();
    return run;
  }
  run.ended = false;
  run.notices.push_back(state_of(run, log.divergence));
  if (is_there(directory.last())) run.model = directory.last();
  return run;
}

}  // namespace cnn::report
