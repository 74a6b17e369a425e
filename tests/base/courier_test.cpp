#include "base/courier.hpp"

#include <atomic>
#include <future>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace cnn {
namespace {

using Jobs = std::vector<std::size_t>;

TEST(Courier, DoesWhatIsAllowedInOrder) {
  Jobs done;
  Courier courier([&](std::size_t i) { done.push_back(i); });
  for (int round = 0; round < 100; ++round) {
    EXPECT_EQ(courier.wait(), 0U);
    courier.allow(1);
    courier.allow(0);
    EXPECT_EQ(courier.wait(), 2U);
    EXPECT_EQ(done, (Jobs{0, 1}));
    done.clear();
  }
}

TEST(Courier, LeavesWhatStandsBehindAJobThatIsNotAllowed) {
  Jobs done;
  Courier courier([&](std::size_t i) { done.push_back(i); });
  courier.allow(0);
  courier.allow(2);
  EXPECT_EQ(courier.wait(), 1U);
  EXPECT_EQ(done, Jobs{0});
  // That round is over.
  courier.allow(0);
  courier.allow(1);
  EXPECT_EQ(courier.wait(), 2U);
}

TEST(Courier, WorksBesideItsOwner) {
  std::promise<void> goes_on;
  Courier courier([&](std::size_t) { goes_on.get_future().wait(); });
  courier.allow(0);
  goes_on.set_value();  // by the thread that has not waited
  EXPECT_EQ(courier.wait(), 1U);
}

TEST(Courier, ThrowsWhatAJobThrewAndDoesNoMoreInThatRound) {
  std::atomic<int> done = 0;
  Courier courier([&](std::size_t i) {
    ++done;
    if (i == 1) throw std::runtime_error("job 1");
  });
  for (std::size_t i = 0; i < 4; ++i) courier.allow(i);
  EXPECT_THROW(courier.wait(), std::runtime_error);
  EXPECT_EQ(done, 2);
  courier.allow(0);
  EXPECT_EQ(courier.wait(), 1U);
}

TEST(Courier, EndsWhenWhatIsAllowedIsDone) {
  std::atomic<int> done = 0;
  {
    Courier courier([&](std::size_t) { ++done; });
    courier.allow(0);
    courier.allow(1);
  }
  EXPECT_EQ(done, 2);
}

}  // namespace
}  // namespace cnn
