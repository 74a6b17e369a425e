// Images that several runs are scored on are read once.

#include "report/kept_part.hpp"

#include <gtest/gtest.h>

#include "support/picture_sets.hpp"
#include "support/temp_dir.hpp"

namespace cnn::report {
namespace {

class KeptPartTest : public testing::Test {
 protected:
  KeptPartTest() {
    write_pets("folder", temp_.path(), make_pets(4), make_pets(2, 3, 2));
    DataConfig& data = info_.config.data;
    data.source.set_dir(temp_.path());
    data.source.settle_colour(3);
    info_.input = {3, 32, 32};
    info_.classes = {kPetNames.begin(), kPetNames.begin() + 3};
  }

  std::shared_ptr<const PartData> read(DataPart part) {
    return kept_.read(info_, info_.config.data, part, 1);
  }

  TempDir temp_;
  ModelInfo info_;
  KeptPart kept_;
};

TEST_F(KeptPartTest, RunsThatDifferInTheirTrainingShareTheTestSet) {
  const auto first = read(DataPart::test);
  EXPECT_EQ(first->selection.size(), 6U);
  info_.config.training.seed = 2;
  info_.config.data.augment.shift = 2;
  EXPECT_EQ(read(DataPart::test), first);
}

TEST_F(KeptPartTest, OtherClassesAndOtherPreparationAreReadAnew) {
  const auto first = read(DataPart::test);
  std::swap(info_.classes[0], info_.classes[2]);
  const auto swapped = read(DataPart::test);
  EXPECT_NE(swapped->dataset.labels, first->dataset.labels);
  info_.images.border_high = 9;
  EXPECT_NE(read(DataPart::test), swapped);
}

TEST_F(KeptPartTest, WhatASeedDrawsIsAnotherSetForEachSeed) {
  info_.config.data.validation = 3;
  const auto first = read(DataPart::validation);
  EXPECT_EQ(read(DataPart::validation), first);
  info_.config.training.seed = 2;
  EXPECT_NE(read(DataPart::validation)->selection, first->selection);
}

}  // namespace
}  // namespace cnn::report
