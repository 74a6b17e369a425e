// What a model is said to be, from a configuration and its data.

#include <algorithm>

#include <gtest/gtest.h>

#include "run/model.hpp"
#include "support/idx_writer.hpp"
#include "support/tiny.hpp"

namespace cnn {
namespace {

TrainingData tiny_training_data(std::size_t validation) {
  TrainingData data{make_dataset({1, 8, 8}, 40, 4, 3), {}};
  data.split = stratified_split(data.dataset.labels, validation, 1);
  return data;
}

TEST(ModelInfo, NamesClassesByNumberUnlessNamed) {
  RunConfig config = tiny_config("  epochs: 1\n");
  const Network network({1, 8, 8}, config.network);
  EXPECT_EQ(make_model_info(config, network, tiny_training_data(0)).classes,
            (std::vector<std::string>{"0", "1", "2", "3"}));
  config.data.classes = {"a", "b", "c", "d"};
  EXPECT_EQ(make_model_info(config, network, tiny_training_data(0)).classes, config.data.classes);
}

TEST(ModelInfo, TakesTheNamesOfTheDataUnlessTheConfigurationNamesClasses) {
  RunConfig config = tiny_config("  epochs: 1\n");
  const Network network({1, 8, 8}, config.network);
  TrainingData data = tiny_training_data(0);
  data.dataset.class_names = {"ant", "bee", "cat"};
  EXPECT_EQ(make_model_info(config, network, data).classes,
            (std::vector<std::string>{"ant", "bee", "cat", "3"}));
  config.data.classes = {"a", "b", "c", "d"};
  EXPECT_EQ(make_model_info(config, network, data).classes, config.data.classes);
}

TEST(ModelInfo, NormalizesByTheImagesTrainedOnOnly) {
  RunConfig config = tiny_config("  epochs: 1\n");
  config.data.normalize = true;
  const Network network({1, 8, 8}, config.network);
  TrainingData data = tiny_training_data(8);
  const Preprocessing before = make_model_info(config, network, data).preprocessing;
  for (const std::uint32_t i : data.split.validation) {
    std::fill_n(data.dataset.pixels.begin() + i * 64, 64, std::uint8_t{255});
  }
  EXPECT_EQ(make_model_info(config, network, data).preprocessing, before);
}

}  // namespace
}  // namespace cnn
