// Runs that ranks share out: each is trained once, what they came to arrives in one place, and all
// end together.

#include "apps/shared_runs.hpp"

#include <atomic>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "apps/app.hpp"
#include "support/ranks.hpp"
#include "support/temp_dir.hpp"

namespace cnn::app {
namespace {

using testing::HasSubstr;

// Nothing is said and nobody is told.
SharedRuns silent(std::size_t count, std::function<std::optional<std::string>(std::size_t)> train) {
  return {count, [](std::size_t, int) {}, std::move(train),
          [](std::size_t, int, const std::string&) {}};
}

void wait_for(const std::atomic<bool>& flag) {
  while (!flag.load()) std::this_thread::yield();
}

// Three ranks, of which none has ended its first run before each has one.
TEST(SharedRuns, EachIsTrainedOnceAndRankZeroKnowsOfAll) {
  constexpr std::size_t kRuns = 7;
  std::vector<std::atomic<int>> trained(kRuns);
  std::vector<int> by(kRuns, -1);
  std::map<std::size_t, std::pair<int, std::string>> ended;
  run_ranks(3, [&](Collective& ranks) {
    StopSwitch stop;
    SharedRuns runs;
    runs.count = kRuns;
    runs.on_begin = [&](std::size_t i, int rank) {
      EXPECT_TRUE(ranks.is_first());
      by[i] = rank;
    };
    runs.train = [&](std::size_t i) -> std::optional<std::string> {
      ++trained[i];
      return "run " + std::to_string(i);
    };
    runs.on_end = [&](std::size_t i, int rank, const std::string& result) {
      EXPECT_TRUE(ranks.is_first());
      ended[i] = {rank, result};
    };
    EXPECT_EQ(share_runs(ranks, stop, runs), kDone);
    EXPECT_FALSE(stop.stop.load());
  });
  for (std::size_t i = 0; i < kRuns; ++i) {
    EXPECT_EQ(trained[i], 1) << i;
    EXPECT_EQ(ended[i], std::pair(by[i], "run " + std::to_string(i)));
  }
  EXPECT_EQ(std::vector<int>(by.begin(), by.begin() + 3), (std::vector<int>{0, 1, 2}));
}

TEST(SharedRuns, FewerThanRanksLeaveSomeIdle) {
  std::atomic<int> trained{0};
  run_ranks(4, [&](Collective& ranks) {
    StopSwitch stop;
    const auto train = [&](std::size_t) -> std::optional<std::string> {
      ++trained;
      return "";
    };
    EXPECT_EQ(share_runs(ranks, stop, silent(1, train)), kDone);
    EXPECT_EQ(share_runs(ranks, stop, silent(0, train)), kDone);
  });
  EXPECT_EQ(trained, 1);
}

// The other ranks' runs are told to stop, and the error is that of all.
TEST(SharedRuns, WhatOneThrowsEndsAll) {
  std::atomic<int> begun{0};
  std::atomic<int> thrown{0};
  run_ranks(3, [&](Collective& ranks) {
    StopSwitch stop;
    const auto train = [&](std::size_t i) -> std::optional<std::string> {
      ++begun;
      if (i == 1) throw FileError("no such file");
      wait_for(stop.stop);
      return std::nullopt;
    };
    try {
      share_runs(ranks, stop, silent(9, train));
    } catch (const FileError& error) {
      EXPECT_THAT(error.what(), HasSubstr("rank 1: no such file"));
      EXPECT_TRUE(ranks.has_thrown_together());
      ++thrown;
    }
  });
  EXPECT_EQ(begun, 3);
  EXPECT_EQ(thrown, 3);
}

// So does what rank 0 cannot write of a run that has ended elsewhere, be it the last one.
TEST(SharedRuns, AResultThatCannotBeKeptEndsAll) {
  for (const std::size_t count : {std::size_t{2}, std::size_t{9}}) {
    std::atomic<int> thrown{0};
    run_ranks(2, [&](Collective& ranks) {
      StopSwitch stop;
      SharedRuns runs = silent(count, [](std::size_t) { return std::optional<std::string>(""); });
      runs.on_end = [](std::size_t i, int, const std::string&) {
        if (i == 1) throw FileError("no space");
      };
      try {
        share_runs(ranks, stop, runs);
      } catch (const FileError&) {
        ++thrown;
      }
    });
    EXPECT_EQ(thrown, 2);
  }
}

// Whichever rank is asked to stop: all do, and no run begins after that.
TEST(SharedRuns, StopTogether) {
  std::atomic<int> begun{0};
  run_ranks(3, [&](Collective& ranks) {
    StopSwitch stop;
    const auto train = [&](std::size_t) -> std::optional<std::string> {
      ++begun;
      if (ranks.rank() == 2) stop.stop.store(true);
      wait_for(stop.stop);
      return std::nullopt;
    };
    EXPECT_EQ(share_runs(ranks, stop, silent(9, train)), 128);
  });
  EXPECT_EQ(begun, 3);
}

// A rank that is lost to the others.
TEST(SharedRuns, EndWithARankThatIsGone) {
  std::atomic<bool> begun{false};
  EXPECT_THROW(run_ranks(2,
                         [&](Collective& ranks) {
                           if (ranks.rank() == 1) {
                             ranks.texts("i-");  // it takes a run, and is not heard of again
                             wait_for(begun);
                             throw std::runtime_error("killed");
                           }
                           StopSwitch stop;
                           const auto train = [&](std::size_t) -> std::optional<std::string> {
                             begun.store(true);
                             wait_for(stop.stop);
                             return std::nullopt;
                           };
                           share_runs(ranks, stop, silent(9, train));
                         }),
               RankEnded);
}

TEST(SharedRuns, WantOneDirectory) {
  namespace fs = std::filesystem;
  const TempDir temp;
  run_ranks(2, [&](Collective& ranks) {
    EXPECT_NO_THROW(require_same_directory(ranks, temp / "a"));
    const fs::path own = temp / ("of" + std::to_string(ranks.rank()));
    EXPECT_THROW(require_same_directory(ranks, own), ConfigError);
  });
  EXPECT_TRUE(fs::is_empty(temp.path()));
  fs::create_directory(temp / "a");
  fs::create_directory(temp / "a" / "kept");
  run_ranks(2, [&](Collective& ranks) { require_same_directory(ranks, temp / "a"); });
  EXPECT_TRUE(fs::exists(temp / "a" / "kept"));
}

}  // namespace
}  // namespace cnn::app
