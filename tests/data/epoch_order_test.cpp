#include "data/epoch_order.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "data/selection.hpp"

namespace cnn {
namespace {

TEST(EpochOrder, WithoutShuffleIsTheSelection) {
  const Selection selection = {4, 9, 1};
  EXPECT_EQ(epoch_order(selection, false, 1, 0), selection);
  EXPECT_EQ(epoch_order(selection, false, 2, 5), selection);
}

TEST(EpochOrder, ShufflesTheSelection) {
  Selection selection;
  for (std::uint32_t i = 0; i < 100; ++i) selection.push_back(3 * i + 1);
  Selection order = epoch_order(selection, true, 1, 0);
  EXPECT_NE(order, selection);
  std::ranges::sort(order);
  EXPECT_EQ(order, selection);
}

TEST(EpochOrder, IsAFunctionOfSeedAndEpoch) {
  const Selection selection = everything(50);
  const Selection order = epoch_order(selection, true, 3, 4);
  EXPECT_EQ(epoch_order(selection, true, 3, 4), order);
  EXPECT_NE(epoch_order(selection, true, 3, 5), order);
  EXPECT_NE(epoch_order(selection, true, 4, 4), order);
}

TEST(EpochOrder, OfOneOrNoneIsThat) {
  EXPECT_EQ(epoch_order({}, true, 1, 1), Selection());
  EXPECT_EQ(epoch_order({7}, true, 1, 1), Selection{7});
}

}  // namespace
}  // namespace cnn
