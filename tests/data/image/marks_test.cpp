#include "data/image/marks.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "support/sketch.hpp"

namespace cnn {
namespace {

constexpr Size2 kSheet{200, 300};
constexpr double kPen = 5;

Gray drawn(const Strokes& strokes, double radius = kPen) {
  return sketch(kSheet, strokes, radius);
}

// Within a pixel on every side.
void expect_box(const Box& box, const Box& expected) {
  EXPECT_NEAR(box.left, expected.left, 1);
  EXPECT_NEAR(box.top, expected.top, 1);
  EXPECT_NEAR(box.left + box.width, expected.left + expected.width, 1);
  EXPECT_NEAR(box.top + box.height, expected.top + expected.height, 1);
}

// Is `read` the mark to read on a sheet of both, of so many marks?
void expect_read(const Strokes& read, const Strokes& others, int count) {
  const std::optional<Marks> marks = find_marks(drawn(read + others));
  ASSERT_TRUE(marks.has_value());
  EXPECT_EQ(marks->count, count);
  const Gray alone = drawn(read);
  expect_box(marks->box, box_of(alone, 64));
  EXPECT_EQ(marks->read.size, (Size2{marks->box.height, marks->box.width}));
  EXPECT_GT(overlap(marks->read, cut_out(alone, marks->box)), 0.98);
}

TEST(Marks, OneDigitIsOneMark) {
  for (const auto& strokes : {seven_strokes(), two_strokes(), zero_strokes(), five_strokes(0)}) {
    expect_read(placed(strokes, 110, 50, 100), {}, 1);
    expect_read(placed(strokes, 20, 20, 60), {}, 1);
  }
}

TEST(Marks, OfTwoDigitsTheLargerIsRead) {
  const Strokes large = placed(two_strokes(), 60, 40, 110);
  expect_read(large, placed(seven_strokes(), 200, 60, 70), 2);
  expect_read(large, placed(zero_strokes(), 180, 110, 60), 2);
}

TEST(Marks, OfTwoThatAreAlikeTheCentralOneIsRead) {
  const Strokes middle = placed(seven_strokes(), 125, 50, 100);
  expect_read(middle, placed(seven_strokes(), 220, 50, 100), 2);
  expect_read(middle, placed(seven_strokes(), 20, 50, 100), 2);
  expect_read(middle, placed(seven_strokes(), 20, 50, 100) + placed(seven_strokes(), 220, 50, 100),
              3);
}

// Their boxes overlap.
TEST(Marks, WhatElseLiesInTheBoxIsNotRead) {
  const Strokes read = {{{100, 30}, {100, 170}, {200, 170}}};
  const Strokes other = {{{145, 45}, {255, 45}, {255, 130}}};
  expect_read(read, other, 2);
}

TEST(Marks, FiveWithASeparateHatIsOneMark) {
  for (const double gap : {0.08, 0.14, 0.2}) {
    const Strokes five = placed(five_strokes(gap), 110, 50, 100);
    const std::optional<Marks> marks = find_marks(drawn(five, 3));
    ASSERT_TRUE(marks.has_value());
    EXPECT_EQ(marks->count, 1) << gap;
    expect_box(marks->box, box_of(drawn(five, 3), 64));
  }
}

TEST(Marks, StrokesThatNearlyTouchAreOneMark) {
  // A 4 whose upright stroke was drawn apart.
  const Strokes four = {{{120, 65}, {115, 110}, {160, 110}}, {{172, 55}, {172, 150}}};
  expect_read(four, {}, 1);
}

// A pen closes such gaps, a hairline does not.
TEST(Marks, StrokesOfAHairlineDrawingAreOneMark) {
  const Strokes one = {{{120, 80}, {140, 50}, {140, 125}}, {{115, 140}, {165, 140}}};
  const Strokes long_hat = {{{120, 64}, {115, 95}, {150, 115}, {115, 150}}, {{128, 50}, {190, 48}}};
  const Strokes hat_to_the_right = {{{132, 62}, {125, 92}, {150, 115}, {115, 150}},
                                    {{146, 56}, {180, 54}}};
  const Strokes heavy_hat = {{{130, 74}, {126, 88}, {136, 100}, {130, 110}},
                             {{136, 64}, {190, 50}}};
  const Strokes four = {{{120, 65}, {115, 110}, {160, 110}}, {{166, 55}, {166, 150}}};
  for (const Strokes& strokes : {one, long_hat, hat_to_the_right, heavy_hat, four}) {
    const Gray ink = drawn(strokes, 1);
    const std::optional<Marks> marks = find_marks(ink);
    ASSERT_TRUE(marks.has_value());
    EXPECT_EQ(marks->count, 1);
    expect_box(marks->box, box_of(ink, 64));
  }
}

// Wider gaps than a pen would close.
TEST(Marks, TheHatOfAFiveTheCupOfAFourAndASlantingEightAreOneMark) {
  const Strokes high_hat = {{{110, 90}, {110, 118}, {138, 128}, {130, 160}, {108, 160}},
                            {{122, 60}, {158, 58}}};
  const Strokes cup = {{{100, 70}, {104, 92}, {128, 90}}, {{144, 56}, {138, 130}}};
  const Strokes low_cup = {{{100, 90}, {108, 115}, {128, 112}}, {{140, 80}, {140, 150}}};
  const Strokes slanting = {{{146, 60}, {176, 52}, {168, 76}, {140, 84}, {146, 60}},
                            {{120, 96}, {152, 90}, {142, 118}, {112, 120}, {120, 96}}};
  for (const Strokes& strokes : {high_hat, cup, low_cup, slanting}) {
    const Gray ink = drawn(strokes, 1);
    const std::optional<Marks> marks = find_marks(ink);
    ASSERT_TRUE(marks.has_value());
    EXPECT_EQ(marks->count, 1);
    expect_box(marks->box, box_of(ink, 64));
  }
}

// The end of a neighbour below, as near, is small.
TEST(Marks, ASmallEndOfANeighbourIsNotRead) {
  expect_read({{{120, 30}, {180, 30}, {145, 165}}}, {{{130, 192}, {160, 199}}}, 1);
}

// What is large is no neighbour.
TEST(Marks, StrokesOfAHairlineDrawingThatReachesTheBorderAreOneMark) {
  const Strokes five = {{{230, 60}, {275, 57}},
                        {{232, 75}, {228, 105}, {290, 108}, {299, 130}, {235, 150}}};
  const Strokes one = {{{140, 120}, {155, 100}, {155, 180}}, {{130, 192}, {190, 199}}};
  for (const Strokes& strokes : {five, one}) {
    const Gray ink = drawn(strokes, 1);
    const std::optional<Marks> marks = find_marks(ink);
    ASSERT_TRUE(marks.has_value());
    EXPECT_EQ(marks->count, 1);
    expect_box(marks->box, box_of(ink, 64));
  }
}

// As far apart as the strokes of a 4, but their feet stand on one line.
TEST(Marks, ADigitBesideAOneIsTwo) {
  const Strokes one = {{{170, 60}, {170, 130}}};
  for (const Strokes& other :
       {placed(two_strokes(), 118, 80, 50), placed(two_strokes(), 126, 80, 50),
        placed(five_strokes(0), 118, 70, 62)}) {
    const std::optional<Marks> marks = find_marks(drawn(other + one, 1));
    ASSERT_TRUE(marks.has_value());
    EXPECT_EQ(marks->count, 2);
  }
}

TEST(Marks, HairlineDigitsSideBySideAndOneAboveTheOtherAreTwo) {
  const Strokes digit = placed(two_strokes(), 100, 20, 70);
  for (const Strokes& other :
       {placed(two_strokes(), 164, 20, 70), placed(seven_strokes(), 100, 112, 70)}) {
    const std::optional<Marks> marks = find_marks(drawn(digit + other, 1));
    ASSERT_TRUE(marks.has_value());
    EXPECT_EQ(marks->count, 2);
  }
}

TEST(Marks, WhatTheBorderCutsOffIsNeitherReadNorCounted) {
  const Strokes digit = placed(two_strokes(), 110, 60, 90);
  const Strokes left = placed(zero_strokes(), -40, 70, 70);
  const Strokes below = placed(seven_strokes(), 230, 170, 90);
  const Strokes above = placed(zero_strokes(), 40, -50, 80);
  expect_read(digit, left, 1);
  expect_read(digit, below, 1);
  expect_read(digit, left + below + above, 1);
}

// A neighbour of which the most is on the picture, with twice the ink.
TEST(Marks, ALargerNeighbourThatTheBorderCutsOffIsNotRead) {
  const Strokes read = placed(two_strokes(), 110, 60, 80);
  const Strokes neighbour = {{{290, 10}, {215, 10}, {290, 90}, {215, 150}, {299, 195}}};
  expect_read(read, neighbour, 2);
}

TEST(Marks, WhatTheBorderCutsOffIsReadIfThereIsNothingElse) {
  expect_read(placed(two_strokes(), 110, 120, 100), {}, 1);
  expect_read(placed(seven_strokes(), -5, 40, 120), {}, 1);
}

TEST(Marks, SpecksAreNoMarks) {
  Gray ink = drawn(placed(two_strokes(), 110, 50, 100));
  const Box box = box_of(ink, 64);
  for (const auto& [y, x] : {std::pair{20, 30}, std::pair{180, 20}, std::pair{25, 280}}) {
    for (int i = 0; i < 9; ++i) {
      ink.levels[static_cast<std::size_t>((y + i / 3) * kSheet.width + x + i % 3)] = 255;
    }
  }
  const std::optional<Marks> marks = find_marks(ink);
  ASSERT_TRUE(marks.has_value());
  EXPECT_EQ(marks->count, 1);
  expect_box(marks->box, box);
}

TEST(Marks, NothingAndASpeckAloneAreNone) {
  Gray ink{{30, 40}, std::vector<std::uint8_t>(1200)};
  EXPECT_FALSE(find_marks(ink).has_value());
  for (const std::size_t pixel : {500U, 501U, 502U, 540U, 541U, 542U}) ink.levels[pixel] = 255;
  EXPECT_FALSE(find_marks(ink).has_value());
  // Far too faint.
  EXPECT_FALSE(find_marks({{30, 40}, std::vector<std::uint8_t>(1200, 30)}).has_value());
}

TEST(Marks, AFrameAroundThemIsNone) {
  const Strokes digit = placed(two_strokes(), 120, 60, 80);
  const Strokes frame = {{{30, 15}, {270, 15}, {270, 185}, {30, 185}, {30, 15}}};
  expect_read(digit, frame, 1);
  expect_read(digit, turned(frame, 3, {150, 100}), 1);
}

TEST(Marks, AZeroIsNoFrame) {
  expect_read(placed(zero_strokes(), 60, 20, 160), {}, 1);
}

TEST(Marks, BlotsAreNotRead) {
  Gray ink = drawn(placed(seven_strokes(), 180, 60, 90));
  const Box box = box_of(ink, 64);
  const Gray blot = drawn({{{70, 100}, {71, 100}}}, 45);
  for (std::size_t i = 0; i < ink.levels.size(); ++i) {
    ink.levels[i] = std::max(ink.levels[i], blot.levels[i]);
  }
  const std::optional<Marks> marks = find_marks(ink);
  ASSERT_TRUE(marks.has_value());
  expect_box(marks->box, box);
}

}  // namespace
}  // namespace cnn
