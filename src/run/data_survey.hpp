// DataSurvey: what a data set holds, looked at before anything is trained: cnn-data shows it, and
// cnn-train --init chooses a network by it.

#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cnn/dataset.hpp"

#include "data/image_look.hpp"
#include "data/source.hpp"
#include "run/run_config.hpp"

namespace cnn {

struct PartSurvey {
  DataPart part = DataPart::train;
  std::vector<ImageLook> images;  // in the order of the part; broken pictures are among them

  // Of images that can be used.
  std::vector<std::uint32_t> usable() const;
  std::vector<std::size_t> per_class(std::size_t classes) const;
  // Sizes and how many have them, the commonest first.
  std::vector<std::pair<Size2, std::size_t>> sizes() const;
  std::size_t gray() const;
};

// A part that cannot be read, with the message.
struct PartFault {
  DataPart part;
  std::string message;
};

struct DataSurvey {
  std::vector<std::string>
      classes;                    // of all parts; called by their numbers where they have no names
  std::vector<PartSurvey> parts;  // that can be read
  std::vector<PartFault> faults;

  const PartSurvey* find(DataPart part) const;
  // The training part, or the first one of a set that has none. Requires a part.
  const PartSurvey& main() const;
};

// An image, by the places of its part and of itself.
struct ImagePlace {
  std::size_t part;
  std::size_t image;
};

// Images beyond the first that have its pixels.
struct Duplicates {
  std::size_t within = 0;                           // the first is of the same part
  std::size_t across = 0;                           // it is of another one,
  std::size_t leaked = 0;                           // of the training part
  std::vector<std::array<ImagePlace, 2>> examples;  // the first and the other; at most 20
};

// Looks at every image of every part. Throws ConfigError as load_training_data does; FileError if
// there is no part at all.
DataSurvey survey_data(const DataConfig& config, const ReadOptions& options);
// Bytes of memory that this takes, with so many threads.
std::size_t survey_bytes(const DataConfig& config, int threads);

Duplicates find_duplicates(const DataSurvey& survey);

// The configuration with the size and colour of pictures that training would settle on. Where they
// have several sizes and it says none, the size that messages advise.
DataConfig settled(DataConfig config, const DataSurvey& survey);
// The shape that images of a settled configuration have.
Shape image_shape(const DataConfig& settled, const DataSurvey& survey);

// Throws what load_training_data would.
void require_trainable(const DataConfig& config, const DataSurvey& survey);
// The same for a part that is not trained on.
void require_readable(const DataConfig& config, const DataSurvey& survey, DataPart part);

}  // namespace cnn
