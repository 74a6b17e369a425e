#include "run/training_data.hpp"

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/idx_writer.hpp"
#include "support/temp_dir.hpp"

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

// What is held out for one fold is what load_part finds for it again.
TEST(TrainingData, HoldsOutAFold) {
  DataConfig config;
  config.source.set_dir(CNN_DIGITS_DIR);
  config.fold = {2, 4};
  const TrainingData data = load_training_data(config, 1);
  EXPECT_EQ(data.split.train.size(), 4500U);
  EXPECT_EQ(data.split.validation.size(), 1500U);
  EXPECT_EQ(load_part(config, DataPart::validation, 1).selection, data.split.validation);
  EXPECT_EQ(load_part(config, DataPart::train, 1).selection, data.split.train);
  config.fold = {1, 1000};
  config.test = 5500;
  EXPECT_THROW(load_training_data(config, 1), ConfigError);
}

TEST(TrainingData, RefusesAFoldBesideAValidationPart) {
  const TempDir temp;
  for (const DataPart part : {DataPart::train, DataPart::validation}) {
    write_dataset(temp.path(), part, make_dataset({1, 4, 4}, 12, 2));
  }
  DataConfig config;
  config.source.set_dir(temp.path());
  EXPECT_EQ(load_training_data(config, 1).split.validation.size(), 12U);
  config.fold = {1, 2};
  EXPECT_THROW(check_parts(config), ConfigError);
  EXPECT_THROW(load_training_data(config, 1), ConfigError);
}

}  // namespace
}  // namespace cnn
