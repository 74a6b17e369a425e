// cnn-bench --ranks: how a batch is shared out, and the formula of tests/bench/README.md.

#include "apps/rank_plan.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cnn/error.hpp"

#include "support/cli.hpp"

namespace cnn::app {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

TEST(Link, IsARateAndALatency) {
  const Link link = parse_link("10Gbit,100us");
  EXPECT_DOUBLE_EQ(link.bytes_per_second, 1.25e9);
  EXPECT_DOUBLE_EQ(link.latency, 1e-4);
  EXPECT_DOUBLE_EQ(parse_link("2.5MB,0.5ms").bytes_per_second, 2.5e6);
  EXPECT_DOUBLE_EQ(parse_link("800kbit,1s").bytes_per_second, 1e5);
  EXPECT_DOUBLE_EQ(parse_link("8bit,0ns").latency, 0);
  for (const char* wrong : {"", "10Gbit", "10Gbit,", "10,100us", "10Gbit,100", "0Gbit,1us",
                            "-1Gbit,1us", "infGbit,1us", "nanGbit,1us", "1Gbit,1us,", "Gbit,1us"}) {
    EXPECT_THROW(parse_link(wrong), ConfigError) << wrong;
  }
}

TEST(RankShare, IsThatOfTheRankWithMostToDo) {
  const auto share = [](std::size_t batch, std::size_t ranks) {
    const RankShare s = share_of_ranks(batch, ranks);
    return std::vector<std::size_t>{s.groups, s.sent, s.received};
  };
  using Share = std::vector<std::size_t>;
  EXPECT_EQ(share(512, 1), (Share{16, 1, 0}));
  EXPECT_EQ(share(512, 2), (Share{8, 1, 1}));
  EXPECT_EQ(share(512, 16), (Share{1, 1, 15}));
  // Slots 0-4, 5-9, 10-15: subtrees of 4 and 1; 1, 2 and 2; 2 and 4.
  EXPECT_EQ(share(512, 3), (Share{6, 3, 5}));
  // 20 groups: the first four slots have two.
  EXPECT_EQ(share(640, 4), (Share{8, 1, 3}));
  EXPECT_EQ(most_useful_ranks(33), 2U);
  EXPECT_EQ(most_useful_ranks(100000), 16U);
}

// 100 bytes a second, of which headers leave 94.
constexpr Link kLink{.bytes_per_second = 100, .latency = 1};

TEST(ExchangeSeconds, AreOfTheBytesThatOneRankSendsOrGets) {
  const Message message{.part = 200, .results = 80};
  EXPECT_DOUBLE_EQ(exchange_seconds(message, {16, 1, 0}, 1, kLink), 0);
  // Two messages: half of the results and a part of the gradient, and a part of the values.
  EXPECT_DOUBLE_EQ(exchange_seconds(message, {8, 1, 1}, 2, kLink),
                   2 + (40 + 200) / 94. + 200 / 94.);
  // Two subtrees out to three others, or three in.
  EXPECT_DOUBLE_EQ(exchange_seconds(message, {4, 2, 3}, 4, kLink),
                   2 + (60 + 1200) / 94. + 600 / 94.);
  // One out, and five in.
  EXPECT_DOUBLE_EQ(exchange_seconds(message, {4, 1, 5}, 4, kLink),
                   2 + (60 + 1000) / 94. + 600 / 94.);
  // Clipping is one message more.
  EXPECT_DOUBLE_EQ(exchange_seconds({200, 80, 200}, {8, 1, 1}, 2, kLink),
                   3 + (40 + 200) / 94. + 100 / 94. + 200 / 94.);
}

TEST(ExchangeSeconds, LeaveOutWhatIsSentWhileOthersCompute) {
  const auto seconds = [](double first, double second) {
    Message message{.part = 3 * 94};
    message.early = {{94, first}, {94, second}};
    return exchange_seconds(message, {8, 1, 1}, 2, kLink);
  };
  const double last = 2 + 4;  // the rest of the gradients, and all values
  EXPECT_DOUBLE_EQ(seconds(10, 2), last);
  EXPECT_DOUBLE_EQ(seconds(10, 1.5), last + 0.5);
  // The second waits for the first.
  EXPECT_DOUBLE_EQ(seconds(3, 2), last + 1);
  EXPECT_DOUBLE_EQ(seconds(0, 0), last + 4);
}

TEST(ExchangeSeconds, CountWhatMessagesTakeOfTheProcessors) {
  const auto seconds = [](double byte_time, double ahead) {
    Message message{.part = 2 * 94, .byte_time = byte_time};
    message.early = {{94, ahead}};
    return exchange_seconds(message, {8, 1, 1}, 2, kLink);
  };
  const double last = 2 + 3;
  EXPECT_DOUBLE_EQ(seconds(1. / 94 / 4, 10), last + 2 * 0.5);  // half a processor for 2 seconds
  EXPECT_DOUBLE_EQ(seconds(1. / 94 / 4, 1), last + 1 + 1 * 0.5);
  EXPECT_DOUBLE_EQ(seconds(1, 10), last + 2);  // no more than without
}

TEST(ExchangeSeconds, CountTheLatencyOfEachTurnOfLargeMessages) {
  const Message message{.part = 100'000};
  EXPECT_DOUBLE_EQ(exchange_seconds(message, {4, 1, 3}, 4, kLink), 3 + 3 + 600'000 / 94.);
  const Message small{.part = 50'000};
  EXPECT_DOUBLE_EQ(exchange_seconds(small, {2, 1, 3}, 8, kLink), 1 + 1 + 700'000 / 94.);
}

CommandResult plan(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"--config", digits_config(), "--seconds", "0.01"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_command("cnn-bench", arguments);
}

TEST(RankPlan, JsonHasTheNumbersThatAreOfUseAndTheBest) {
  const CommandResult result =
      plan({"--json", "--batch", "96", "--ranks", "1-4096", "--link", "100kbit,1ms"});
  ASSERT_EQ(result.code, 0) << result.err;
  const json report = json::parse(result.out);
  ASSERT_EQ(report["ranks"].size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(report["ranks"][i]["ranks"], i + 1);
    EXPECT_GT(report["ranks"][i]["step_seconds"], 0.0);
  }
  EXPECT_EQ(report["ranks"][0]["efficiency"], 1.0);
  EXPECT_EQ(report["ranks"][0]["exchange_seconds"], 0.0);
  EXPECT_EQ(report["best_ranks"], 1);  // on such a link
}

TEST(RankPlan, TextSaysWhatLimitsTheRanks) {
  const CommandResult result = plan({"--batch", "96", "--ranks", "2-8", "--link", "10Gbit,100us"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("an estimate"), HasSubstr("ms a step"), HasSubstr("fastest: "),
                    HasSubstr("a batch of 96 images is work for at most 3 ranks")));
}

TEST(RankPlan, RefusesHalfAQuestion) {
  EXPECT_EQ(plan({"--ranks", "1-4"}).code, 2);
  EXPECT_EQ(plan({"--link", "10Gbit,100us"}).code, 2);
  const CommandResult result = plan({"--ranks", "1-4", "--link", "fast"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("--link"), HasSubstr("'fast'")));
}

}  // namespace
}  // namespace cnn::app
