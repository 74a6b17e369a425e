#include "cnn/training_data.hpp"

#include "cnn/error.hpp"
#include "cnn/image_statistics.hpp"

namespace cnn {

TrainingData load_training_data(const DataConfig& config, std::uint64_t seed) {
  TrainingData data{read_dataset(dataset_files(config, DataPart::train)), {}};
  const auto validation = static_cast<std::size_t>(config.validation);
  if (validation >= data.dataset.count()) {
    throw ConfigError("error: data.validation holds out " + std::to_string(validation) +
                      " images, but there are only " + std::to_string(data.dataset.count()) +
                      " in " + data.dataset.files.images.string() +
                      "; set it to a fraction of that, or to 0");
  }
  data.split = stratified_split(data.dataset.labels, validation, seed);
  return data;
}

ModelInfo make_model_info(const RunConfig& config, const Network& network,
                          const TrainingData& data) {
  ModelInfo info;
  info.config = config;
  info.input = network.input();
  info.classes = config.data.classes;
  for (std::size_t k = info.classes.size(); k < network.output().size(); ++k) {
    info.classes.push_back(std::to_string(k));
  }
  const auto channels = static_cast<std::size_t>(info.input.channels);
  info.preprocessing = config.data.normalize
                           ? measure_preprocessing(data.dataset, data.split.train)
                           : Preprocessing{std::vector(channels, config.data.mean),
                                           std::vector(channels, config.data.scale)};
  info.images = measure_images(data.dataset, data.split.train);
  return info;
}

}  // namespace cnn
