#include "data/image/strokes.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "support/sketch.hpp"

namespace cnn {
namespace {

double thickness(const Gray& gray) {
  return stroke_thickness(gray.levels, gray.size);
}

Gray rounded(const Redrawn& redrawn) {
  Gray gray{redrawn.size, {}};
  for (const double level : redrawn.levels) {
    gray.levels.push_back(static_cast<std::uint8_t>(std::lround(level)));
  }
  return gray;
}

// What is drawn, without the paper around it.
Gray closely(const Gray& gray) {
  return cut_out(gray, box_of(gray, 1));
}

constexpr StrokeRange kAsMnist{1.6, 4.6};

TEST(StrokeThickness, IsThatOfThePenAtAnyAngle) {
  constexpr double kLength = 100;
  for (const double width : {2.0, 2.5, 3.0, 5.0, 9.0}) {
    for (int degrees = 0; degrees < 180; degrees += 15) {
      const Strokes bar = turned({{{20, 70}, {20 + kLength, 70}}}, degrees, {70, 70});
      // Twice the area by the outline, of a bar with round ends.
      const double area = kLength * width + std::numbers::pi * width * width / 4;
      const double outline = 2 * kLength + std::numbers::pi * width;
      EXPECT_NEAR(thickness(sketch({140, 140}, bar, width / 2)), 2 * area / outline,
                  0.06 * width + 0.1)
          << width << " at " << degrees;
    }
  }
}

// Pixels cannot tell how narrow a line is that covers none of them whole.
TEST(StrokeThickness, OfAThinPenIsTwoPixelsAtMost) {
  for (const double width : {1.0, 1.5}) {
    for (int degrees = 0; degrees < 180; degrees += 15) {
      const Strokes bar = turned({{{20, 70}, {120, 70}}}, degrees, {70, 70});
      const double measured = thickness(sketch({140, 140}, bar, width / 2));
      EXPECT_GE(measured, 0.9 * width) << width << " at " << degrees;
      EXPECT_LE(measured, 2.1) << width << " at " << degrees;
    }
  }
}

TEST(StrokeThickness, DoesNotDependOnInk) {
  Gray gray = sketch({60, 60}, placed(zero_strokes(), 10, 10, 40), 3);
  const double full = thickness(gray);
  for (std::uint8_t& level : gray.levels) level = static_cast<std::uint8_t>(level / 5 * 2);
  EXPECT_NEAR(thickness(gray), full, 0.05);
}

TEST(StrokeThickness, OfAStrokeAtTheBorderIsTheSame) {
  const Gray all = sketch({40, 40}, {{{10, 20}, {30, 20}}}, 2);
  EXPECT_NEAR(thickness(closely(all)), thickness(all), 1e-9);
}

TEST(StrokeThickness, OfNothingIsNothing) {
  EXPECT_EQ(stroke_thickness(std::vector<std::uint8_t>(12), {3, 4}), 0);
}

// On the fine grid a line of one pixel is fainter than what counts as ink.
TEST(Redraw, AHairlineInALargePictureStaysWhole) {
  for (const int side : {200, 300, 512}) {
    Gray ring{{side, side}, std::vector<std::uint8_t>(static_cast<std::size_t>(side * side))};
    for (int i = 0; i < side; ++i) {
      for (const int at : {i, (side - 1) * side + i, i * side, i * side + side - 1}) {
        ring.levels[static_cast<std::size_t>(at)] = 255;
      }
    }
    const Gray redrawn = rounded(redraw(ring, 20, kAsMnist));
    const Box box = box_of(redrawn, 100);
    EXPECT_GE(box.height, 18) << side;
    EXPECT_GE(box.width, 18) << side;
    EXPECT_GT(thickness(redrawn), 1.5) << side;
  }
}

TEST(StrokeThickness, ScalesWithTheDrawing) {
  const Gray large = closely(sketch({300, 300}, placed(two_strokes(), 30, 30, 200), 12));
  const double scale = 40.0 / large.longer_side();
  EXPECT_NEAR(thickness(rounded(redraw(large, 40, {}))), scale * thickness(large), 0.25);
}

TEST(Redraw, ScalesTheLongerSideToTheBoxAndKeepsTheRatio) {
  for (const auto& strokes : {seven_strokes(), zero_strokes(), two_strokes()}) {
    for (const double degrees : {0.0, 30.0, 90.0}) {
      for (const double radius : {1.0, 6.0, 25.0}) {
        const Strokes drawn = turned(placed(strokes, 120, 100, 200), degrees, {200, 200});
        const Gray drawing = closely(sketch({400, 400}, drawn, radius));
        const double ratio = static_cast<double>(drawing.size.width) / drawing.size.height;
        for (const int box : {20, 40}) {
          const Box plain = box_of(rounded(redraw(drawing, box, {})), 1);
          EXPECT_EQ(std::max(plain.width, plain.height), box);
          const Redrawn redrawn = redraw(drawing, box, kAsMnist);
          ASSERT_EQ(redrawn.levels.size(),
                    static_cast<std::size_t>(redrawn.size.height * redrawn.size.width));
          // What has grown may reach a quarter of a pixel farther: sizes are whole before it grows.
          const Box found = box_of(rounded(redrawn), 255 / 4 + 1);
          EXPECT_NEAR(std::max(found.width, found.height), box, 1) << radius << " " << degrees;
          EXPECT_NEAR(std::min(found.width, found.height), box * std::min(ratio, 1 / ratio),
                      0.1 * box)
              << radius << " " << degrees;
        }
      }
    }
  }
}

TEST(Redraw, BringsStrokesIntoTheRangeAndLeavesThoseThatAre) {
  for (const double radius : {0.5, 1.0, 3.0, 8.0, 13.0, 20.0, 28.0}) {
    const Gray drawing = closely(sketch({300, 300}, placed(two_strokes(), 50, 50, 200), radius));
    const double plain = thickness(rounded(redraw(drawing, 20, {})));
    const double redrawn = thickness(rounded(redraw(drawing, 20, kAsMnist)));
    EXPECT_GE(redrawn, kAsMnist.thinnest - 0.2) << radius;
    EXPECT_LE(redrawn, kAsMnist.thickest + 0.3) << radius;
    if (plain > 2 && plain < 4) {
      EXPECT_NEAR(redrawn, plain, 0.1) << radius;
    }
  }
}

TEST(Redraw, NoRangeMakesStrokesThickerThanTheBoxCanHold) {
  const Gray bar{{40, 8}, std::vector<std::uint8_t>(320, 255)};
  const Redrawn drawing = redraw(bar, 20, {30000, 30000});
  EXPECT_LE(std::max(drawing.size.height, drawing.size.width), 40);
}

TEST(Redraw, HairlinesKeepTheirInk) {
  const Gray drawing = closely(sketch({500, 500}, placed(seven_strokes(), 30, 30, 400), 0.6));
  const Gray plain = rounded(redraw(drawing, 20, {}));
  const Gray redrawn = rounded(redraw(drawing, 20, kAsMnist));
  const auto peak = [](const Gray& gray) {
    return *std::max_element(gray.levels.begin(), gray.levels.end());
  };
  EXPECT_LT(peak(plain), 100);
  EXPECT_GE(peak(redrawn), 230);
}

TEST(Redraw, HairlinesBecomeAsThickAsAThirdOfTheWayIntoTheRange) {
  for (const double radius : {1.0, 2.0, 4.0}) {
    const Gray drawing = closely(sketch({500, 500}, placed(two_strokes(), 30, 30, 400), radius));
    EXPECT_NEAR(thickness(rounded(redraw(drawing, 20, kAsMnist))), 2.6, 0.2) << radius;
  }
}

TEST(Redraw, HolesOfThickStrokesStayOpen) {
  const Gray drawing = closely(sketch({300, 300}, placed(zero_strokes(), 50, 50, 200), 40));
  const Gray redrawn = rounded(redraw(drawing, 20, kAsMnist));
  const Box box = box_of(redrawn, 32);
  const auto row = static_cast<std::size_t>(box.top + box.height / 2);
  const auto column = static_cast<std::size_t>(box.left + box.width / 2);
  EXPECT_LT(redrawn.at(row, column), 40);
  const auto first = static_cast<std::size_t>(box.left);
  EXPECT_GT(std::max(redrawn.at(row, first + 1), redrawn.at(row, first + 2)), 200);
}

TEST(Redraw, OfASinglePixelIsABlock) {
  const Redrawn block = redraw({{1, 1}, {255}}, 20, {});
  EXPECT_EQ(block.size, (Size2{20, 20}));
  for (const double level : block.levels) EXPECT_EQ(level, 255);
}

}  // namespace
}  // namespace cnn
