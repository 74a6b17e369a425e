#include "apps/random_training.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/random.hpp"
#include "run/loss_weights.hpp"
#include "run/model.hpp"

namespace cnn::app {
namespace {

Dataset random_dataset(const Shape& shape, std::size_t count, std::size_t classes) {
  const Random random(1, Purpose::initialisation);
  Dataset dataset;
  dataset.shape = shape;
  dataset.pixels.resize(count * shape.size());
  dataset.labels.resize(count);
  for (std::size_t i = 0; i < dataset.pixels.size(); ++i) {
    dataset.pixels[i] = static_cast<std::uint8_t>(random.below(i, 256));
  }
  for (std::size_t i = 0; i < count; ++i) {
    dataset.labels[i] = static_cast<std::uint16_t>(i % std::min(classes, kMostClasses));
  }
  return dataset;
}

// x = pixel/256
Preprocessing preprocessing(const Shape& shape) {
  const auto channels = static_cast<std::size_t>(shape.channels);
  return {std::vector(channels, 0.0), std::vector(channels, 1.0 / 256)};
}

std::vector<Real> starting_average(const TrainingConfig& training, CView values) {
  if (training.solver.ema == 0) return {};
  return {values.begin(), values.end()};
}

// Those that training would use, as far as they can be known without reading images.
std::vector<std::string> names_of_classes(const DataConfig& data, std::size_t count) {
  std::vector<std::string> names = data.classes;
  try {
    const std::unique_ptr<DataSource> source = data.source.open(DataPart::train);
    if (names.empty() && source->exists()) names = source->class_names();
  } catch (const FileError&) {
    // Benchmarks need no data.
  }
  return class_names(std::move(names), count);
}

}  // namespace

RandomTraining::RandomTraining(const RunConfig& config, Network& network, std::size_t batch,
                               Workers& workers)
    : dataset_(random_dataset(network.input(), batch, network.output().size())),
      places_(everything(batch)),
      table_(preprocessing(network.input()), network.input()),
      average_(starting_average(config.training, network.values())),
      solver_(network, config.training.solver, average_),
      step_(
          network, solver_, config.loss, table_, batch, config.training.seed, workers,
          make_loss_options(config.training, names_of_classes(config.data, network.output().size()),
                            dataset_, places_),
          config.data.augment) {}

BatchResult RandomTraining::step(double schedule_factor) {
  return step_.run(dataset_, places_, 0, schedule_factor, 0);
}

}  // namespace cnn::app
