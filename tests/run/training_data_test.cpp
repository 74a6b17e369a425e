#include "run/training_data.hpp"

#include <gtest/gtest.h>

#include "cnn/error.hpp"

namespace cnn {
namespace {

TEST(TrainingData, RefusesAValidationSetThatLeavesNothing) {
  DataConfig config;
  config.source.set_dir(CNN_DIGITS_DIR);
  config.validation = 6000;
  EXPECT_THROW(load_training_data(config, 1), ConfigError);
  config.validation = 500;
  const TrainingData data = load_training_data(config, 1);
  EXPECT_EQ(data.split.train.size(), 5500U);
  EXPECT_EQ(data.split.validation.size(), 500U);
}

}  // namespace
}  // namespace cnn
