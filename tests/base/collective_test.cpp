#include "base/collective.hpp"

#include <numeric>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>

#include "support/ranks.hpp"

namespace cnn {
namespace {

TEST(Collective, AloneHasNobodyToTalkTo) {
  EXPECT_EQ(alone().size(), 1);
  EXPECT_TRUE(alone().is_first());
  EXPECT_EQ(alone().any(6), 6U);
  EXPECT_EQ(alone().texts("me"), std::vector<std::string>{"me"});
  std::vector<int> values{1, 2, 3};
  alone().all_gather(std::span(values), [](int) { return Part{0, 3}; });
  alone().broadcast(std::span(values));
  EXPECT_EQ(values, (std::vector<int>{1, 2, 3}));
}

TEST(Collective, EvenPartsCoverAllOnce) {
  for (std::size_t count = 0; count < 40; ++count) {
    for (int ranks = 1; ranks <= 16; ++ranks) {
      std::size_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const Part part = even_part(count, rank, ranks);
        EXPECT_EQ(part.first, next);
        EXPECT_LE(part.count, count / static_cast<std::size_t>(ranks) + 1);
        next += part.count;
      }
      EXPECT_EQ(next, count);
    }
  }
}

TEST(Collective, GathersBroadcastsAndAgrees) {
  for (const int ranks : {2, 3, 5, 16}) {
    run_ranks(ranks, [&](Collective& collective) {
      const auto part_of = [&](int rank) { return even_part(100, rank, ranks); };
      std::vector<int> expected(100);
      std::iota(expected.begin(), expected.end(), 0);

      std::vector<int> all(100, -1);
      const Part own = part_of(collective.rank());
      std::iota(all.begin() + static_cast<std::ptrdiff_t>(own.first),
                all.begin() + static_cast<std::ptrdiff_t>(own.first + own.count),
                static_cast<int>(own.first));
      std::vector<int> of_first = all;
      collective.all_gather(std::span(all), part_of);
      EXPECT_EQ(all, expected);
      collective.gather(std::span(of_first), part_of);
      if (!collective.is_first()) of_first = expected;
      EXPECT_EQ(of_first, expected);

      std::vector<int> values(5, collective.rank());
      collective.broadcast(std::span(values), ranks - 1);
      EXPECT_EQ(values, std::vector<int>(5, ranks - 1));

      EXPECT_EQ(collective.any(collective.rank() == 1 ? 4 : 1), 5U);
      EXPECT_EQ(collective.any(0), 0U);
      const std::vector<std::string> texts =
          collective.texts(std::string(static_cast<std::size_t>(collective.rank()), 'x'));
      for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i], std::string(i, 'x'));
    });
  }
}

// Otherwise a rank would wait in its turn for one that is in another turn.
TEST(Collective, TurnsOfAllRanksPairUp) {
  constexpr int kRanks = 8;
  std::vector<std::vector<Part>> turns(kRanks);  // per rank: to whom, from whom
  run_ranks(kRanks, [&](Collective& collective) {
    const auto rank = static_cast<std::size_t>(collective.rank());
    collective.for_others([&](int to, int from) {
      turns[rank].push_back({static_cast<std::size_t>(to), static_cast<std::size_t>(from)});
    });
  });
  for (std::size_t rank = 0; rank < kRanks; ++rank) {
    ASSERT_EQ(turns[rank].size(), kRanks - 1U);
    std::vector<int> met(kRanks, 0);
    for (std::size_t turn = 0; turn < kRanks - 1U; ++turn) {
      const auto [to, from] = turns[rank][turn];
      EXPECT_EQ(turns[to][turn].count, rank);
      ++met[to];
      EXPECT_NE(from, rank);
    }
    met[rank] = 1;
    EXPECT_EQ(met, std::vector<int>(kRanks, 1));
  }
}

TEST(Collective, OnlyLargeMessagesOfPowersOfTwoTakeTurns) {
  EXPECT_TRUE(Collective::takes_turns(4, 1 << 20));
  EXPECT_FALSE(Collective::takes_turns(4, 1 << 10));
  EXPECT_FALSE(Collective::takes_turns(3, 1 << 20));
}

TEST(Collective, WhatOneThrowsAllThrow) {
  run_ranks(4, [](Collective& collective) {
    collective.together([] {});
    try {
      collective.together([&] {
        if (collective.rank() == 2) throw FileError("second");
        if (collective.rank() == 3) throw ConfigError("third");
      });
      FAIL();
    } catch (const FileError& error) {
      EXPECT_STREQ(error.what(), "rank 2: second");
    }
    EXPECT_THROW(collective.together([] { throw DivergedError(""); }), DivergedError);
    EXPECT_THROW(collective.together([] { throw std::bad_alloc(); }), std::bad_alloc);
    // A thread that cannot be started is no fault of the program: exit code 3.
    const auto no_thread = [] {
      throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
    };
    EXPECT_THROW(collective.together(no_thread), FileError);
  });
}

TEST(Collective, OneThatEndsEndsThoseThatWait) {
  run_ranks(3, [](Collective& collective) {
    if (collective.rank() == 1) return collective.end(3);
    try {
      collective.barrier();
      FAIL();
    } catch (const RankEnded& end) {
      EXPECT_EQ(end.code, 3);
    }
  });
}

}  // namespace
}  // namespace cnn
