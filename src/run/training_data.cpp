#include "run/training_data.hpp"

#include <string>

#include "cnn/error.hpp"

#include "base/file.hpp"

namespace cnn {

TrainingData load_training_data(const DataConfig& config, std::uint64_t seed) {
  TrainingData data{config.source.open(DataPart::train)->read(), {}};
  const auto validation = static_cast<std::size_t>(config.validation);
  if (validation >= data.dataset.count()) {
    throw ConfigError("error: data.validation holds out " + std::to_string(validation) +
                      " images, but there are only " + std::to_string(data.dataset.count()) +
                      " in " + path_text(data.dataset.origin.images) +
                      "; set it to a fraction of that, or to 0");
  }
  data.split = stratified_split(data.dataset.labels, validation, seed);
  return data;
}

}  // namespace cnn
