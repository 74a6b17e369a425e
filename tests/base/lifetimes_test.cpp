#include "base/lifetimes.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/draw.hpp"

namespace cnn {
namespace {

using testing::ElementsAre;

TEST(Lifetimes, BuffersOfAChainTakeTurns) {
  const std::vector<Lifetime> chain = {{5, 0, 1}, {5, 1, 2}, {5, 2, 3}, {5, 3, 4}};
  const SharedMemory memory = place(chain);
  EXPECT_EQ(memory.size, 10U);
  EXPECT_THAT(memory.offsets, ElementsAre(0, 5, 0, 5));
}

TEST(Lifetimes, ABufferFitsBetweenOthers) {
  const std::vector<Lifetime> buffers = {{9, 0, 0}, {4, 0, 9}, {8, 3, 3}, {1, 3, 4}, {2, 4, 4}};
  const SharedMemory memory = place(buffers);
  EXPECT_THAT(memory.offsets, ElementsAre(0, 9, 0, 8, 0));
  EXPECT_EQ(memory.size, 13U);
}

TEST(Lifetimes, NothingTakesNothing) {
  EXPECT_EQ(place({}).size, 0U);
  EXPECT_EQ(place(std::vector<Lifetime>{{0, 0, 5}, {0, 1, 2}}).size, 0U);
}

// Any buffers: none over another that lives at the same time, and no more memory than all of them
// would take, nor less than those of one moment.
TEST(Lifetimes, ThoseOfOneTimeNeverOverlap) {
  Draw draw(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<Lifetime> buffers(static_cast<std::size_t>(draw.integer(1, 20)));
    std::size_t all = 0;
    for (Lifetime& buffer : buffers) {
      const int first = draw.integer(0, 9);
      buffer = {static_cast<std::size_t>(draw.integer(0, 50)), static_cast<std::size_t>(first),
                static_cast<std::size_t>(draw.integer(first, 10))};
      all += buffer.size;
    }
    const SharedMemory memory = place(buffers);
    std::size_t most = 0;
    for (std::size_t moment = 0; moment <= 10; ++moment) {
      std::vector<bool> taken(memory.size);
      std::size_t alive = 0;
      for (std::size_t i = 0; i < buffers.size(); ++i) {
        if (moment < buffers[i].first || moment > buffers[i].last) continue;
        alive += buffers[i].size;
        for (std::size_t k = 0; k < buffers[i].size; ++k) {
          ASSERT_LT(memory.offsets[i] + k, memory.size);
          ASSERT_FALSE(taken[memory.offsets[i] + k]) << round;
          taken[memory.offsets[i] + k] = true;
        }
      }
      most = std::max(most, alive);
    }
    EXPECT_GE(memory.size, most);
    EXPECT_LE(memory.size, all);
  }
}

}  // namespace
}  // namespace cnn
