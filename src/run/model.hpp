// Models and checkpoints: a network together with everything needed to use it, or to go on training
// it, in one file (formats/tensor_file.hpp).
//
// Tensors: every parameter under its name. Metadata of a model: config (the portable resolved
// YAML), input (channels, height, width), classes (one name a line), mean and scale (numbers, one a
// channel), border, centred and box (ImageStatistics). Where a run averages its weights these are
// the averages. `arithmetic` says what the bits of the weights depend on beside the rest: version
// and kernel of OpenBLAS and our own vector level; of a run that was resumed under another all of
// them, the first one first, with "; " between them. A checkpoint adds what the solver keeps of
// each parameter that is learnt (optimizer/<parameter>.velocity, or .first_moment and
// .second_moment) and, with averages, the values themselves (.value), run.* (TrainProgress), data
// (the training set's fingerprint) and version (of the library). The best model of a run adds
// epoch.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cnn/prepared_image.hpp"

#include "data/image_statistics.hpp"
#include "data/preprocessing.hpp"
#include "formats/tensor_file.hpp"
#include "nn/network.hpp"
#include "optim/solver.hpp"
#include "run/run_config.hpp"
#include "run/training_data.hpp"

namespace cnn {

// What a network's numbers mean.
struct ModelInfo {
  RunConfig config;
  Shape input;
  std::vector<std::string> classes;  // one name for each of the network's outputs
  Preprocessing preprocessing;
  ImageStatistics images;
  // Under which others the run went on before this one, if it did; as `arithmetic` above.
  std::string arithmetic_before = {};
};

// Everything about a run that neither the tensors nor the configuration say. Whatever is random
// depends on the step alone, so that this is all there is.
struct TrainProgress {
  std::uint64_t step = 0;      // steps done
  std::uint64_t reported = 0;  // step of the last row of metrics.csv; an epoch may await validation
  // Sums over the images of the unfinished epoch.
  double epoch_loss = 0;
  std::size_t epoch_correct = 0;
  std::size_t epoch_images = 0;
  // The best epoch so far by validation accuracy; 0 if there was none.
  std::uint64_t best_epoch = 0;
  std::size_t best_correct = 0;
  // Is that one that `steps: N` cut short: the best before, from which a longer run goes on.
  struct Best {
    std::uint64_t epoch = 0;
    std::size_t correct = 0;

    bool operator==(const Best&) const = default;
  };
  std::optional<Best> best_before_cut = {};
  Plateau plateau = {};  // of that schedule
  // Of the weights that the run started from, if a file gave them: "crc 89ab12cd". Otherwise the
  // configuration says what they were.
  std::string weights = {};

  bool operator==(const TrainProgress&) const = default;
};

struct Model {
  ModelInfo info;
  Network network;
  std::string epoch;  // whose weights these are; "" if the file does not say
};

struct Checkpoint {
  FilePlace place;  // where it was read
  TensorFile file;
  ModelInfo info;
  TrainProgress progress;
  std::string data;        // fingerprint of the training set
  std::string version;     // of the library that wrote it
  std::string arithmetic;  // that it wrote with (kernels/blas.hpp); empty if it is older than that
};

// The names of `count` classes: `names`, and numbers for those beyond.
std::vector<std::string> class_names(std::vector<std::string> names, std::size_t count);

// What the model must carry. Classes have the names of the configuration, or else those of the data
// set. Preprocessing and image statistics are measured on the images trained on, never on the
// validation set. Throws FileError for a class that has no name for a table (class_names.hpp).
ModelInfo make_model_info(const RunConfig& config, const Network& network,
                          const TrainingData& data);

// What the network sees of a picture. Where a set of pictures was trained on, it is fitted as these
// were; where these had one size of their own, a picture of that size is taken as it stands. Throws
// ShapeError if the network takes neither gray nor colour.
PreparedImage prepare_picture(const Image& picture, const ModelInfo& info, Invert invert,
                              Prepare prepare);
// The same for all pictures of a data set, so that their rows are what the files are classified as.
// `info` must outlive it.
ReadOptions::Preparation preparation_of(const ModelInfo& info);

// Throws FileError if images or labels are not what the model knows.
void require_fit(const Dataset& dataset, const ModelInfo& info);

// Size, shape and CRC-32 of a dataset's pixels and labels: "60000 images 1x28x28, crc 89ab12cd".
std::string fingerprint(const Dataset& dataset);

// "crc 89ab12cd" of the network's values.
std::string weights_fingerprint(const Network& network);

// `epoch`: the one whose weights these are, for the best of a run; 0: not said.
void save_model(const FilePlace& place, const ModelInfo& info, const Network& network,
                std::uint64_t epoch = 0);
// Gives a model, but for what it consists of, the configuration of a run that was made longer.
void relabel_model(const FilePlace& place, const RunConfig& config);
// `averaged` is the network's average over the steps, for runs that have one.
void save_checkpoint(const FilePlace& place, const ModelInfo& info, const Network& network,
                     const Solver& solver, const TrainProgress& progress, const std::string& data,
                     const Network* averaged = nullptr);

// Throws FileError naming the file and what is missing or does not fit. A checkpoint is a model,
// too.
Model load_model(const FilePlace& place);

// Reads a checkpoint; its tensors are taken over by restore. Throws FileError, also for a model
// that is no checkpoint.
Checkpoint load_checkpoint(const FilePlace& place);
void restore(const Checkpoint& checkpoint, Network& network, Solver& solver,
             Network* averaged = nullptr);

}  // namespace cnn
