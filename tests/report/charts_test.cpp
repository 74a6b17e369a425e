// What stands where in the drawings of a report.

#include <limits>

#include <gtest/gtest.h>

#include "report/calibration.hpp"
#include "report/line_chart.hpp"
#include "report/numbers.hpp"

namespace cnn::report {
namespace {

std::string drawn(const LineChart& chart) {
  return render("line_chart.svg", line_chart_fields(chart));
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(Numbers, AreShownAsPeopleReadThem) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(percent(0.98934), "98.93 %");
  EXPECT_EQ(duration(59.94), "59.9 s");
  EXPECT_EQ(duration(247), "4 min 07 s");
  EXPECT_EQ(duration(7260), "2 h 01 min");
  EXPECT_EQ(coordinate(-0.01), "0");
}

TEST(LineChart, SpansTheDrawing) {
  const std::string svg = drawn({.title = "t", .lines = {{"a", "train", {{1, 0}, {3, 10}}}}});
  EXPECT_EQ(count(svg, "<circle"), 2U);
  EXPECT_NE(svg.find("M52 "), std::string::npos) << svg;   // the first at the left edge
  EXPECT_NE(svg.find("L428 "), std::string::npos) << svg;  // the last at the right one
  EXPECT_NE(svg.find("a, epoch 3: 10"), std::string::npos) << svg;
}

TEST(LineChart, LongNamesStayInTheDrawing) {
  LineChart chart{.title = "t", .lines = {{"a", "train", {{0, 1}, {1, 2}}}}};
  chart.x_names = {"euclidean", std::string(100, 'x')};
  const std::string svg = drawn(chart);
  EXPECT_NE(svg.find("class=\"tick x first\""), std::string::npos) << svg;
  EXPECT_NE(svg.find("class=\"tick x last\""), std::string::npos) << svg;
  EXPECT_EQ(svg.find(std::string(40, 'x')), std::string::npos) << svg;
}

TEST(LineChart, OnePointAndNoneAreDrawn) {
  EXPECT_EQ(count(drawn({.title = "t", .lines = {{"a", "train", {{1, 0.5}}}}}), "<circle"), 1U);
  EXPECT_EQ(count(drawn({.title = "t", .lines = {{"a", "train", {}}}}), "<circle"), 0U);
}

TEST(LineChart, BreaksWhereARunDiverged) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::string svg = drawn({.title = "t",
                                 .scale = Scale::logarithmic,
                                 .lines = {{"a", "train", {{1, 5}, {2, nan}, {3, 50}, {4, 60}}}}});
  EXPECT_EQ(count(svg, "<circle"), 3U);
  EXPECT_EQ(svg.find("nan"), std::string::npos) << svg;
  const std::string all = drawn({.title = "t", .lines = {{"a", "train", {{1, nan}}}}});
  EXPECT_NE(all.find("no finite value"), std::string::npos) << all;
}

TEST(LineChart, OfManyDecadesHasAFewTicks) {
  for (const double last : {1e7, 1e15, 1e28}) {
    const std::string svg = drawn({.title = "t",
                                   .scale = Scale::logarithmic,
                                   .lines = {{"a", "train", {{1, 0.5}, {2, last}}}}});
    EXPECT_GE(count(svg, "class=\"tick y\""), 2U) << svg;
    EXPECT_LE(count(svg, "class=\"tick y\""), 6U) << svg;
    EXPECT_EQ(svg.find("00000000"), std::string::npos) << svg;
    EXPECT_NE(svg.find("logarithmic scale"), std::string::npos) << svg;
  }
}

TEST(LineChart, TicksCloseTogetherDiffer) {
  const std::string svg = drawn({.title = "t",
                                 .scale = Scale::logarithmic,
                                 .lines = {{"a", "train", {{1, 1.1105}, {2, 1.121}}}}});
  for (const char* tick : {">1.110<", ">1.115<", ">1.120<"}) EXPECT_EQ(count(svg, tick), 1U) << svg;
  EXPECT_EQ(svg.find("logarithmic scale"), std::string::npos) << svg;
}

TEST(LineChart, DrawsNoMoreThanAScreenShows) {
  Line line{"a", "train", {}};
  for (int i = 0; i < 100'001; ++i) line.points.push_back({static_cast<double>(i), 1.0 / (i + 1)});
  const std::string svg = drawn({.title = "t", .scale = Scale::logarithmic, .lines = {line}});
  EXPECT_LT(svg.size(), 12'000U);
  EXPECT_NE(svg.find("L428 "), std::string::npos);  // the last one is there
}

// By hand: two bins; |1/2 − 0.95|·2/3 + |1 − 0.55|·1/3.
TEST(Calibration, IsTheMeanDistanceOfTheBins) {
  const Calibration c = calibrate({{0, 0, 0.9, 0}, {1, 0, 1.0, 1}, {1, 1, 0.55, 0}});
  EXPECT_EQ(c.bins[9].images, 2U);
  EXPECT_EQ(c.bins[5].images, 1U);
  EXPECT_NEAR(c.error, 0.45 * 2 / 3 + 0.45 / 3, 1e-12);
  EXPECT_EQ(calibrate({}).error, 0);
}

}  // namespace
}  // namespace cnn::report
