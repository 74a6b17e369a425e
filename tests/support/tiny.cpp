#include "support/tiny.hpp"

#include <utility>

#include "support/idx_writer.hpp"

namespace cnn {

RunConfig tiny_config(const std::string& training, int validation) {
  return parse_config("tiny.yaml", R"(name: tiny
data: {dir: data, scale: 0.004, validation: )" +
                                       std::to_string(validation) + R"(}
network:
  - conv: {name: conv1, count: 3, kernel: 3, pad: 1}
  - tanh: {name: act}
  - conv: {name: conv2, count: 3, kernel: 3, pad: 1, from: act}
  - add: {from: [act, conv2]}
  - pool: {type: max, kernel: 2}
  - dropout: {rate: 0.2}
  - fc: {name: fc1, count: 4}
training:
)" + training + "output: {dir: run, checkpoint_every: never}\n");
}

Dataset tiny_images() {
  return make_dataset({1, 8, 8}, 50, 4, 7);
}

namespace {

TrainingData tiny_data(const RunConfig& config, const Dataset& images) {
  TrainingData data{images, {}};
  data.split = stratified_split(
      data.dataset.labels, static_cast<std::size_t>(config.data.validation), config.training.seed);
  return data;
}

LoadedConfig loaded(RunConfig config, const std::filesystem::path& directory, int threads) {
  LoadedConfig result;
  config.output.dir = directory;
  result.layers.resize(config.network.size());
  config.training.threads = threads;
  result.config = std::move(config);
  result.document.sources.push_back({Source::Kind::file, "tiny.yaml", ""});
  return result;
}

}  // namespace

TinyRun::TinyRun(const RunConfig& run_config, const std::filesystem::path& directory_path,
                 int threads, const Dataset& images)
    : session_(loaded(run_config, directory_path, threads), {}, TrainingSession::Purpose::look,
               tiny_data(run_config, images)) {}

void Recorder::on_step(const StepReport& report) {
  steps.push_back(report);
  if (report.step == stop_after) stop.stop.store(true);
}

}  // namespace cnn
