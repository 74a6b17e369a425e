// The data of a run: read, and split as the configuration says.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cnn/dataset.hpp"
#include "cnn/error.hpp"

#include "data/selection.hpp"
#include "run/run_config.hpp"

namespace cnn {

struct TrainingData {
  Dataset dataset;  // the training part, and behind it the validation part if there is one
  Split split;
};

// Throws ConfigError if a part is there and to be held out as well, or if keys for pictures are
// given for arrays; FileError.
void check_parts(const DataConfig& config);

// Reads the training part and the validation part, or holds images out for validation and test.
// Classes are in the order of data.classes, where pictures have classes of these names. Throws
// FileError; ConfigError as check_parts does, if what is held out leaves nothing to train on, if
// there are more folds than images, or if data.classes lacks a class.
TrainingData load_training_data(const DataConfig& config, std::uint64_t seed,
                                const ReadOptions& options = {});

// The training part has a picture of each class, and leaves some to train on when `config` has held
// its images out? Throws FileError or ConfigError.
void require_images_to_train(const DataConfig& config, const Dataset& training);
// What is said of a part whose images have another shape than those of the training part.
FileError other_shape_error(const std::string& images, const Shape& shape,
                            const std::string& training, const Shape& wanted);
// Gives the images of a part the labels that their classes have in data.classes, where pictures
// have classes of these names; arrays are called by them. Throws ConfigError if they lack one.
void order_classes(Dataset& dataset, const std::vector<std::string>& classes);

// The images of one part: its own, or those held out for it.
struct PartData {
  Dataset dataset;
  Selection selection;
};

// Throws as load_training_data does; FileError if there is no such part and none was held out.
PartData load_part(const DataConfig& config, DataPart part, std::uint64_t seed,
                   const ReadOptions& options = {});

// "2 files are left out as broken", and below the first of them; empty if there are none.
std::string left_out_text(const Dataset& dataset);

}  // namespace cnn
