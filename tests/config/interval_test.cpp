#include "config/interval.hpp"

#include <gtest/gtest.h>

#include "config/option_printer.hpp"

namespace cnn {
namespace {

using Unit = Interval::Unit;

TEST(Interval, IsANumberAndAUnitOrNever) {
  EXPECT_EQ(parse_interval("7"), (Interval{Unit::steps, 7}));
  EXPECT_EQ(parse_interval("1 step"), (Interval{Unit::steps, 1}));
  EXPECT_EQ(parse_interval("2 epochs"), (Interval{Unit::epochs, 2}));
  EXPECT_EQ(parse_interval("30 seconds"), (Interval{Unit::seconds, 30}));
  EXPECT_EQ(parse_interval("never"), (Interval{Unit::never, 0}));
  for (const char* text : {"", " ", "-1", "1.5", "2epochs", "2  epochs", "2 hours", "1 never",
                           "1000000001", "epochs", "2 "}) {
    EXPECT_EQ(parse_interval(text), std::nullopt) << text;
  }
}

TEST(Interval, ReadsWhatItPrints) {
  for (const Interval& interval :
       {Interval{Unit::steps, 0}, Interval{Unit::steps, 1}, Interval{Unit::epochs, 2},
        Interval{Unit::seconds, 30}, Interval{Unit::never, 0}}) {
    EXPECT_EQ(parse_interval(to_text(interval)), interval) << to_text(interval);
  }
  EXPECT_EQ(to_text({Unit::epochs, 1}), "1 epoch");
  EXPECT_EQ(to_text({Unit::steps, 100}), "100 steps");
}

TEST(Interval, CountsEpochsByTheirSteps) {
  EXPECT_EQ((Interval{Unit::epochs, 3}.in_steps(40)), 120);
  EXPECT_EQ((Interval{Unit::steps, 3}.in_steps(40)), 3);
}

TEST(Interval, IsPrintedAsAKeysValue) {
  OptionPrinter printer;
  Interval interval{Unit::epochs, 2};
  visit_period(printer, "every", interval, 1, Presence::required);
  EXPECT_EQ(printer.flow(), "{every: 2 epochs}");
}

}  // namespace
}  // namespace cnn
