// RunConfig: the whole YAML file as one struct. Parsing checks everything that can be checked
// without the data.

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cnn/dataset.hpp"

#include "config/interval.hpp"
#include "config/overrides.hpp"
#include "config/yaml_tree.hpp"
#include "data/augment.hpp"
#include "data/selection.hpp"
#include "data/source.hpp"
#include "nn/layer_spec.hpp"
#include "nn/loss.hpp"
#include "optim/schedule.hpp"
#include "optim/solver_options.hpp"

namespace cnn {

class Network;

struct DataConfig {
  SourceConfig source;     // where the data stand
  bool normalize = false;  // normalize: auto; scale and mean hold otherwise
  double scale = 1.0 / 256;
  double mean = 0;
  std::vector<std::string> classes;  // names, or empty
  std::int64_t validation = 0;       // held out of the training part
  std::int64_t test = 0;             // likewise, before those; for data without a test part
  Fold fold;                         // instead of `validation`: held out as one of several
  AugmentOptions augment;

  // Is a validation set held out of the training part?
  bool holds_validation_out() const { return validation > 0 || fold.count > 0; }
  // Is there a validation set, that or a part of the data? Throws FileError.
  bool has_validation() const { return holds_validation_out() || source.has(DataPart::validation); }
};

struct TrainingConfig {
  std::int64_t epochs = 10;  // 0 if steps are given
  std::int64_t steps = 0;    // 0 if epochs are given
  std::int64_t batch = 64;
  SolverOptions solver;
  LossOptions loss_options;  // make_loss_options adds the weights of class_weights
  ClassWeights class_weights;
  std::vector<std::string> train_only;  // layers that learn; all if empty
  std::int64_t patience = 0;  // epochs without a better validation accuracy; 0 = any number
  Schedule schedule;
  bool shuffle = true;
  std::uint64_t seed = 1;
  std::int64_t threads = 0;  // 0 = auto
};

struct OutputConfig {
  std::filesystem::path dir;  // absolute
  Interval checkpoint_every{Interval::Unit::epochs, 1};
  std::int64_t keep = 3;
  bool report = false;  // report.html after each epoch
};

struct RunConfig {
  std::string name;
  DataConfig data;
  std::vector<LayerSpec> network;
  Loss loss = Loss::softmax_cross_entropy;
  TrainingConfig training;
  OutputConfig output;
};

// A configuration together with the text it came from, so that later errors can point into it.
struct LoadedConfig {
  RunConfig config;
  ConfigDocument document;
  std::vector<Place> layers;  // where each layer of config.network stands
};

// Reads `path`, applies the overrides ("training.alpha=0.05") in their order, checks, and resolves
// paths against the file's directory. Throws ConfigError with all diagnostics of the file (up to
// 20), FileError if it cannot be read.
LoadedConfig load_config(const std::filesystem::path& path,
                         const std::vector<std::string>& overrides);

// The same from text that is not in a file (a model's metadata); `name` stands for the file in
// messages, and paths are relative to the current directory.
RunConfig parse_config(const std::string& name, const std::string& text);
LoadedConfig load_config_text(const std::string& name, const std::string& text,
                              const std::vector<std::string>& overrides);

// The resolved configuration as YAML, every default spelt out; parse_config of it gives the same
// struct. `portable` leaves out what does not decide the result: training.threads and output.
enum class ConfigText { complete, portable };
std::string to_yaml(const RunConfig& config, ConfigText what);

// Builds the network, turning a NetworkError into a ConfigError that points at the layer in the
// file.
Network build_network(const LoadedConfig& loaded, const Shape& input);

// Throws ConfigError, pointing at the last layer, if the network's outputs are fewer than the
// labels need, or are not as many as data.classes names.
void check_classes(const LoadedConfig& loaded, const Network& network, const Dataset& dataset);

// Throws ConfigError, pointing at what needs a validation set, if there is none.
void check_validation(const LoadedConfig& loaded, bool has_validation);

// The number that `threads: auto` stands for is that of all processors.
int worker_count(const TrainingConfig& training);

}  // namespace cnn
