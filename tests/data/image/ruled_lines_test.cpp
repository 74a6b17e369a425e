#include "data/image/ruled_lines.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "data/image/marks.hpp"
#include "support/sketch.hpp"

namespace cnn {
namespace {

constexpr Size2 kSheet{240, 300};

Gray digit(const Strokes& strokes) {
  return sketch(kSheet, placed(strokes, 100, 60, 120), 7);
}

// Lines `apart` pixels from one another that run from side to side and rise by some degrees.
Strokes level_lines(double apart, double degrees) {
  Strokes lines;
  const double rise = std::tan(degrees * std::numbers::pi / 180) * kSheet.width;
  for (double y = apart / 2; y < kSheet.height; y += apart) {
    if (std::min(y, kSheet.height - y) < std::abs(rise) / 2 + 3) continue;
    lines.push_back({{-10, y - rise / 2}, {kSheet.width + 10.0, y + rise / 2}});
  }
  return lines;
}

Strokes upright_lines(double apart) {
  Strokes lines;
  for (double x = apart / 2; x < kSheet.width; x += apart) {
    lines.push_back({{x, -10}, {x, kSheet.height + 10.0}});
  }
  return lines;
}

// A pixel and a half thick.
Gray lines_of(const Strokes& strokes, int level) {
  Gray lines = sketch(kSheet, strokes, 0.75);
  for (std::uint8_t& pixel : lines.levels) {
    pixel = static_cast<std::uint8_t>(pixel * level / 255);
  }
  return lines;
}

// Ink over ink: the darker counts.
Gray over(Gray a, const Gray& b) {
  for (std::size_t i = 0; i < a.levels.size(); ++i)
    a.levels[i] = std::max(a.levels[i], b.levels[i]);
  return a;
}

Gray cleared(Gray ink) {
  remove_ruled_lines(ink);
  return ink;
}

// What is left of a digit and lines: the digit, and no more than crumbs.
void expect_digit_alone(const Strokes& digit_strokes, const Strokes& lines) {
  const Gray alone = digit(digit_strokes);
  const Gray left = cleared(over(alone, lines_of(lines, 150)));
  const Gray near = sketch(kSheet, placed(digit_strokes, 100, 60, 120), 10);
  std::size_t kept = 0, ink = 0, crumbs = 0;
  for (std::size_t i = 0; i < alone.levels.size(); ++i) {
    ink += alone.levels[i] >= 128;
    kept += alone.levels[i] >= 128 && left.levels[i] >= 128;
    crumbs += near.levels[i] == 0 && left.levels[i] >= 64;
  }
  EXPECT_GE(static_cast<double>(kept), 0.95 * static_cast<double>(ink));
  EXPECT_LE(static_cast<double>(crumbs), 0.02 * static_cast<double>(ink));
}

TEST(RuledLines, OfRuledPaperGo) {
  for (const double apart : {24.0, 40.0}) {
    for (const auto& strokes : {seven_strokes(), two_strokes(), zero_strokes()}) {
      expect_digit_alone(strokes, level_lines(apart, 0));
    }
  }
}

TEST(RuledLines, OfPaperThatLiesAskewGo) {
  for (const double degrees : {-5.0, -2.0, 1.0, 3.5, 6.0}) {
    SCOPED_TRACE(degrees);
    expect_digit_alone(two_strokes(), level_lines(40, degrees));
  }
}

// Specks may stay where two lines cross.
TEST(RuledLines, OfSquaredPaperGo) {
  for (const auto& strokes : {seven_strokes(), two_strokes()}) {
    const Gray alone = digit(strokes);
    const Strokes lines = level_lines(30, 0) + upright_lines(30);
    const std::optional<Marks> marks = find_marks(cleared(over(alone, lines_of(lines, 150))));
    ASSERT_TRUE(marks.has_value());
    EXPECT_EQ(marks->count, 1);
    EXPECT_GT(overlap(marks->read, cut_out(alone, marks->box)), 0.93);
    const Box box = box_of(alone, 64);
    EXPECT_NEAR(marks->box.width, box.width, 4);
    EXPECT_NEAR(marks->box.height, box.height, 4);
  }
}

TEST(RuledLines, UprightOnesGo) {
  expect_digit_alone(two_strokes(), upright_lines(50));
}

TEST(RuledLines, OneAloneGoesIfItIsWeakerThanTheStrokes) {
  const Gray alone = digit(zero_strokes());
  const Gray left = cleared(over(alone, lines_of({{{-5, 120}, {305, 120}}}, 150)));
  EXPECT_GT(overlap(left, alone), 0.95);
  EXPECT_EQ(box_of(left, 64), box_of(alone, 64));
}

TEST(RuledLines, OfABlankSheetLeaveNothingToRead) {
  for (const Strokes& lines :
       {level_lines(30, 0), level_lines(40, 2), level_lines(30, 0) + upright_lines(30)}) {
    for (const int level : {110, 255}) {
      EXPECT_FALSE(find_marks(cleared(lines_of(lines, level))).has_value()) << level;
    }
  }
  const Gray left = cleared(lines_of(level_lines(30, 0), 255));
  EXPECT_EQ(box_of(left, 1), Box{});
}

// Strokes of a digit that was cut out closely reach from border to border, as a line does.
TEST(RuledLines, BarsOfDigitsThatWereCutOutCloselyStay) {
  for (const auto& strokes : {seven_strokes(), two_strokes()}) {
    for (const double radius : {1.5, 4.0, 9.0}) {
      const Gray large = sketch({400, 400}, placed(strokes, 100, 80, 220), radius);
      Box box = box_of(large, 1);
      for (const int margin : {0, 2}) {
        box = {box.left - margin, box.top - margin, box.width + 2 * margin,
               box.height + 2 * margin};
        const Gray close = cut_out(large, box);
        EXPECT_EQ(cleared(close).levels, close.levels) << radius << " " << margin;
      }
    }
  }
}

TEST(RuledLines, WhereThereAreNoneNothingChanges) {
  for (const auto& strokes : {seven_strokes(), two_strokes(), zero_strokes()}) {
    const Gray alone = digit(strokes);
    EXPECT_EQ(cleared(alone).levels, alone.levels);
  }
  const Gray blank{kSheet, std::vector<std::uint8_t>(240 * 300)};
  EXPECT_EQ(cleared(blank).levels, blank.levels);
}

}  // namespace
}  // namespace cnn
