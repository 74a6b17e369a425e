#include "data/image/drawing.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "support/sketch.hpp"

namespace cnn {
namespace {

const DrawingStyle kAsMnist{{28, 28}, 20, {1.6, 4.6}};

std::optional<Drawing> find(const Gray& picture, Invert invert = Invert::automatic) {
  return find_drawing(picture, kAsMnist, invert);
}

Gray even(Size2 size, int level) {
  return {size, std::vector<std::uint8_t>(static_cast<std::size_t>(size.height * size.width),
                                          static_cast<std::uint8_t>(level))};
}

Gray on_white(const Gray& ink) {
  return on_paper(
      ink, [](double, double) { return 240.0; }, 0.2);
}

double difference(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(int{a[i]} - int{b[i]});
  return sum / static_cast<double>(a.size());
}

// Every side within `part` of the longer side and a pixel.
void expect_box(const Box& box, const Box& expected, double part, const std::string& what) {
  const double most = part * std::max(expected.width, expected.height) + 1;
  EXPECT_NEAR(box.left, expected.left, most) << what;
  EXPECT_NEAR(box.top, expected.top, most) << what;
  EXPECT_NEAR(box.left + box.width, expected.left + expected.width, most) << what;
  EXPECT_NEAR(box.top + box.height, expected.top + expected.height, most) << what;
}

// Of the picture's size, deterministic, and where the picture is.
void expect_sound(const Gray& picture, const DrawingStyle& style, Invert invert,
                  const std::string& what) {
  const std::optional<Drawing> drawing = find_drawing(picture, style, invert);
  if (!drawing) return;
  EXPECT_EQ(drawing->levels.size(), static_cast<std::size_t>(style.size.height * style.size.width))
      << what;
  EXPECT_GE(drawing->marks, 1) << what;
  const Box& box = drawing->box;
  EXPECT_TRUE(box.left >= 0 && box.top >= 0 && box.width >= 1 && box.height >= 1 &&
              box.left + box.width <= picture.size.width &&
              box.top + box.height <= picture.size.height)
      << what;
  if (invert != Invert::automatic) {
    EXPECT_EQ(drawing->inverted, invert == Invert::yes) << what;
  }
  const std::optional<Drawing> again = find_drawing(picture, style, invert);
  ASSERT_TRUE(again.has_value()) << what;
  EXPECT_EQ(again->levels, drawing->levels) << what;
  EXPECT_EQ(again->box, box) << what;
  EXPECT_EQ(again->marks, drawing->marks) << what;
}

TEST(FindDrawing, InLightThatFallsOffInkIsStillDark) {
  const Gray ink = sketch({120, 160}, placed(seven_strokes(), 65, 30, 70), 2.1);
  const std::vector<std::function<double(double, double)>> lights = {
      [](double, double x) { return 235 * (1 - 0.6 * x / 160); },
      [](double y, double) { return 235 * (1 - 0.6 * y / 120); },
      [](double y, double x) { return 235 * (1 - 0.3 * x / 160 - 0.3 * y / 120); }};
  for (std::size_t i = 0; i < lights.size(); ++i) {
    const std::optional<Drawing> drawing = find(on_paper(ink, lights[i], 0.2));
    ASSERT_TRUE(drawing.has_value()) << i;
    EXPECT_TRUE(drawing->inverted) << i;
    expect_box(drawing->box, {63, 28, 46, 74}, 0.03, std::to_string(i));
  }
}

// The middle of the picture is its lightest place, and lighter than the border: around dark ink
// that looks like light ink, and the other way round.
TEST(FindDrawing, WhereTheLightFallsOffToAllSidesInkHasTheSharpEdges) {
  const Strokes one{{{0.2, 0}, {0.1, 1}}};
  for (const auto& strokes : {one, two_strokes(), seven_strokes(), zero_strokes()}) {
    const Gray ink = sketch({200, 150}, placed(strokes, 55, 50, 100), 7);
    for (const bool chalk : {false, true}) {
      const auto light = [&](double y, double x) {
        const double v = (y - 100) / 200, u = (x - 75) / 150;
        return (chalk ? 40 : 120) * (1 - 0.8 * (v * v + u * u)) * (1 - 0.3 * y / 200);
      };
      const Gray picture = with_noise(on_paper(ink, light, chalk ? 4.5 : 0.2), 1, 3);
      const std::optional<Drawing> drawing = find(picture);
      ASSERT_TRUE(drawing.has_value()) << chalk;
      EXPECT_EQ(drawing->inverted, !chalk);
      expect_box(drawing->box, box_of(ink, 64), 0.05, chalk ? "chalk" : "ink");
    }
  }
}

// Most of the picture is dark, and its border of two tones.
TEST(FindDrawing, AcrossTheEdgeOfAShadowInkIsStillDark) {
  for (const auto& strokes : {two_strokes(), seven_strokes(), zero_strokes(), five_strokes(0)}) {
    const Gray ink = sketch({400, 340}, placed(strokes, 110, 100, 200), 12);
    for (int degrees = 0; degrees < 360; degrees += 45) {
      const double angle = degrees * std::numbers::pi / 180;
      const auto light = [&](double y, double x) {
        const double along = (x - 170) * std::cos(angle) + (y - 200) * std::sin(angle);
        return 150 * (1 - 0.5 * std::clamp(along / 4 + 0.5, 0.0, 1.0));
      };
      const std::optional<Drawing> drawing = find(with_noise(on_paper(ink, light, 0.3), 2, 4));
      ASSERT_TRUE(drawing.has_value()) << degrees;
      EXPECT_TRUE(drawing->inverted) << degrees;
      expect_box(drawing->box, box_of(ink, 64), 0.03, std::to_string(degrees));
      EXPECT_EQ(drawing->marks, 1) << degrees;
    }
  }
}

// As between the slats of a blind: the paper within the 4 has sharp edges, too.
TEST(FindDrawing, InStripesOfLightPaperWithinInkIsNoInk) {
  const Strokes four{{{0.5, 1}, {0.5, 0}, {0, 0.65}, {0.7, 0.65}}};
  const Gray ink = sketch({200, 170}, placed(four, 55, 50, 100), 7);
  const double angle = 105 * std::numbers::pi / 180;
  const auto light = [&](double y, double x) {
    const double along = (x - 85) * std::cos(angle) + (y - 100) * std::sin(angle) - 8;
    const double shade = (17 - std::abs(std::remainder(along, 70))) / 13 + 0.5;
    return 154 * (1 - 0.57 * std::clamp(shade, 0.0, 1.0));
  };
  const std::optional<Drawing> drawing = find(with_noise(on_paper(ink, light, 0.3), 2, 4));
  ASSERT_TRUE(drawing.has_value());
  EXPECT_TRUE(drawing->inverted);
  expect_box(drawing->box, box_of(ink, 64), 0.05, "");
}

// Its edges are as soft as those of a shadow.
TEST(FindDrawing, InkOutOfFocusIsRead) {
  for (const auto& strokes : {two_strokes(), seven_strokes(), five_strokes(0)}) {
    const Gray ink = sketch({400, 400}, placed(strokes, 130, 100, 200), 16);
    Gray picture = on_white(ink);
    for (int i = 0; i < 120; ++i) picture = smooth(picture);
    const std::optional<Drawing> drawing = find(picture);
    ASSERT_TRUE(drawing.has_value());
    EXPECT_TRUE(drawing->inverted);
    EXPECT_EQ(drawing->marks, 1);
    expect_box(drawing->box, box_of(ink, 64), 0.08, "");
    EXPECT_LT(difference(drawing->levels, find(on_white(ink))->levels), 12);
  }
}

TEST(FindDrawing, ASmallDigitOnALargeSheet) {
  const Size2 sheet{2000, 3000};
  const std::vector<std::uint8_t> expected =
      find(on_white(sketch({400, 400}, placed(two_strokes(), 130, 100, 200), 12)))->levels;
  for (const double height : {100.0, 200.0, 600.0}) {
    const Gray ink = sketch(sheet, placed(two_strokes(), 1700, 500, height), 12 * height / 200);
    for (const bool noisy : {false, true}) {
      if (noisy && height != 200) continue;
      const Gray picture = noisy ? with_noise(on_white(ink), 3, 1) : on_white(ink);
      const std::string what = std::to_string(height) + (noisy ? ", noisy" : "");
      const std::optional<Drawing> drawing = find(picture);
      ASSERT_TRUE(drawing.has_value()) << what;
      EXPECT_TRUE(drawing->inverted) << what;
      EXPECT_EQ(drawing->marks, 1) << what;
      expect_box(drawing->box, box_of(ink, 64), 0.02, what);
      EXPECT_LT(difference(drawing->levels, expected), 4) << what;
    }
  }
}

TEST(FindDrawing, IsTheSameDigitHoweverLargeThePictureIs) {
  const std::vector<std::uint8_t> expected =
      find(on_white(sketch({300, 300}, placed(seven_strokes(), 100, 60, 180), 12)))->levels;
  for (const double scale : {0.2, 0.5, 1.5, 4.0}) {
    const int side = static_cast<int>(300 * scale);
    const Gray ink = sketch(
        {side, side}, placed(seven_strokes(), 100 * scale, 60 * scale, 180 * scale), 12 * scale);
    const std::optional<Drawing> drawing = find(on_white(ink));
    ASSERT_TRUE(drawing.has_value()) << scale;
    expect_box(drawing->box, box_of(ink, 64), 0.02, std::to_string(scale));
    EXPECT_LT(difference(drawing->levels, expected), 5) << scale;
  }
}

TEST(FindDrawing, TellsDarkFromLight) {
  const Gray ink = sketch({200, 160}, placed(zero_strokes(), 40, 40, 110), 6);
  for (const Gray& picture : {on_white(ink), ink, inverse(ink), inverse(on_white(ink))}) {
    const std::optional<Drawing> drawing = find(picture);
    ASSERT_TRUE(drawing.has_value());
    EXPECT_EQ(drawing->inverted, picture.levels[0] > 127);
    expect_box(drawing->box, box_of(ink, 64), 0, "");
  }
}

TEST(FindDrawing, TellsDarkFromLightOfADigitThatTouchesTheBorder) {
  for (const auto& strokes : {seven_strokes(), two_strokes(), five_strokes(0)}) {
    const Gray large = sketch({300, 300}, placed(strokes, 60, 60, 180), 10);
    const Gray ink = cut_out(large, box_of(large, 1));
    EXPECT_FALSE(find(ink)->inverted);
    EXPECT_TRUE(find(on_white(ink))->inverted);
  }
}

TEST(FindDrawing, LooksForTheInkThatItIsToldOf) {
  const Gray ink = sketch({200, 160}, placed(two_strokes(), 40, 40, 110), 6);
  const std::optional<Drawing> dark = find(inverse(ink), Invert::yes);
  const std::optional<Drawing> light = find(ink, Invert::no);
  ASSERT_TRUE(dark && light);
  EXPECT_EQ(dark->levels, light->levels);
  EXPECT_TRUE(dark->inverted);
  EXPECT_FALSE(light->inverted);
}

TEST(FindDrawing, OnRuledPaperInAFrameInBadLight) {
  const Strokes digit = placed(two_strokes(), 240, 150, 200);
  Strokes ruled;
  for (double y = 90; y < 500; y += 50) ruled.push_back({{-5, y}, {605, y}});
  const Gray ink = sketch({500, 600}, digit, 9);
  Gray lines = sketch({500, 600}, ruled, 1);
  for (std::size_t i = 0; i < ink.levels.size(); ++i) {
    lines.levels[i] = std::max<std::uint8_t>(ink.levels[i], lines.levels[i] / 2);
  }
  const Gray picture = with_noise(on_paper(
                                      lines, [](double, double x) { return 240 - 0.2 * x; }, 0.2),
                                  2, 4);
  const std::optional<Drawing> drawing = find(picture);
  ASSERT_TRUE(drawing.has_value());
  expect_box(drawing->box, box_of(ink, 64), 0.05, "");
  EXPECT_LT(difference(drawing->levels, find(on_white(ink))->levels), 6);
}

TEST(FindDrawing, IsPlacedByItsCentreOfMassWithAFullPeak) {
  for (const auto& strokes : {seven_strokes(), two_strokes(), five_strokes(0.1)}) {
    const Gray ink = sketch({200, 160}, placed(strokes, 30, 40, 110), 5);
    const std::optional<Drawing> drawing = find(on_white(ink));
    ASSERT_TRUE(drawing.has_value());
    double mass = 0, y = 0, x = 0;
    for (std::size_t i = 0; i < drawing->levels.size(); ++i) {
      mass += drawing->levels[i];
      y += drawing->levels[i] * static_cast<double>(i / 28);
      x += drawing->levels[i] * static_cast<double>(i % 28);
    }
    EXPECT_NEAR(y / mass, 14, 0.51);
    EXPECT_NEAR(x / mass, 14, 0.51);
    EXPECT_EQ(*std::max_element(drawing->levels.begin(), drawing->levels.end()), 255);
  }
}

TEST(FindDrawing, BlankPaperIsNothing) {
  for (const Size2 size :
       {Size2{1, 1}, Size2{28, 28}, Size2{1, 300}, Size2{90, 70}, Size2{700, 900}}) {
    for (const int level : {0, 100, 255}) {
      for (const Invert invert : {Invert::automatic, Invert::yes, Invert::no}) {
        EXPECT_FALSE(find(even(size, level), invert).has_value()) << size.height << " " << level;
      }
    }
    for (const double noise : {2.0, 8.0}) {
      if (size.height * size.width < 500) continue;
      EXPECT_FALSE(find(with_noise(even(size, 180), noise, 3)).has_value())
          << size.height << " " << noise;
    }
  }
}

// Light falls off, and softly ends in a shadow; there is nothing to be read.
TEST(FindDrawing, BlankPaperInUnevenLightIsNothing) {
  const auto shadow = [](double along) { return 0.5 + 0.5 / (1 + std::exp(4 * along)); };
  const std::vector<std::function<double(double, double)>> lights{
      [](double, double x) { return 240 - 0.4 * x; },
      [](double y, double x) { return 230 - 0.25 * x - 0.2 * y; },
      [](double y, double x) {
        return 240 - 0.0012 * ((y - 150) * (y - 150) + (x - 200) * (x - 200));
      },
      [&](double, double x) { return 235 * shadow((x - 300) / 40); },
      [&](double y, double x) { return 235 * shadow((x + y - 350) / 60); }};
  for (std::size_t i = 0; i < lights.size(); ++i) {
    const Gray blank = on_paper(even({300, 400}, 0), lights[i], 0.2);
    EXPECT_FALSE(find(blank).has_value()) << i;
    EXPECT_FALSE(find(with_noise(blank, 1, i)).has_value()) << i;
    EXPECT_FALSE(find(blank, Invert::yes).has_value()) << i;
  }
}

// So faint are texture and shadows, too.
TEST(FindDrawing, WhatIsFaintInUnevenLightIsNothing) {
  const auto light = [](double y, double x) { return 235 - 0.25 * x - 0.1 * y; };
  const Gray stroke = sketch({300, 400}, {{{180, 90}, {230, 100}, {190, 210}}}, 5);
  EXPECT_FALSE(find(on_paper(stroke, light, 0.87)).has_value());
  EXPECT_TRUE(find(on_paper(stroke, light, 0.75)).has_value());
}

// A sheet that lies on something as dark as its shaded side.
TEST(FindDrawing, AnEmptySheetInAFrameIsNothing) {
  for (const double fall : {0.2, 0.3}) {
    const auto light = [&](double y, double x) {
      const bool sheet = x >= 20 && x < 380 && y >= 20 && y < 280;
      return sheet ? 235 * (1 - fall * x / 400 - fall * std::hypot(x - 200, y - 150) / 250) : 30.0;
    };
    EXPECT_FALSE(find(on_paper(even({300, 400}, 0), light, 0.2)).has_value()) << fall;
  }
}

TEST(FindDrawing, BlankRuledAndSquaredPaperIsNothing) {
  for (const double thickness : {1.5, 3.0}) {
    for (const double rise : {0.0, 10.0}) {
      Strokes lines;
      for (double y = 40; y < 360; y += 40) lines.push_back({{-5, y}, {505, y + rise}});
      const Gray ruled = sketch({400, 500}, lines, thickness / 2);
      EXPECT_FALSE(find(on_white(ruled)).has_value()) << thickness << " " << rise;
      for (double x = 40; x < 460; x += 40) lines.push_back({{x + rise, -5}, {x, 405}});
      const Gray squared = sketch({400, 500}, lines, thickness / 2);
      EXPECT_FALSE(find(on_white(squared)).has_value()) << thickness << " " << rise;
    }
  }
}

// Uniform noise, all of 0 and 255, a few grey levels, and mostly paper.
Gray random_picture(Size2 size, std::uint64_t seed) {
  const Random random(seed, Purpose::initialisation);
  Gray gray = even(size, 0);
  for (std::size_t i = 0; i < gray.levels.size(); ++i) {
    const double u = random.uniform(i);
    const double level = seed % 4 == 0   ? 256 * u
                         : seed % 4 == 1 ? (u < 0.5 ? 0 : 255)
                         : seed % 4 == 2 ? 100 + 8 * u
                                         : (u < 0.06 ? 20 + 1000 * u : 250);
    gray.levels[i] = static_cast<std::uint8_t>(level);
  }
  return gray;
}

TEST(FindDrawing, RandomPicturesOfEverySizeAreSound) {
  const std::vector<DrawingStyle> styles{kAsMnist, {{9, 7}, 5, {0.5, 2}}, {{12, 30}, 12, {}}};
  std::uint64_t seed = 0;
  for (int height = 1; height <= 70; ++height) {
    for (int width = 1; width <= 70; ++width) {
      // All small ones, and of larger ones every ninth.
      if (std::max(height, width) > 30 && (height + 4 * width) % 9 != 0) continue;
      ++seed;
      const auto invert = static_cast<Invert>(seed / 4 % 3);
      expect_sound(random_picture({height, width}, seed), styles[seed / 12 % 3], invert,
                   std::to_string(height) + "x" + std::to_string(width));
      if (HasFailure()) return;
    }
  }
}

TEST(FindDrawing, NarrowPicturesAreSound) {
  for (const Size2 size : {Size2{1, 3000}, Size2{3000, 1}, Size2{2, 1500}, Size2{5, 700}}) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      expect_sound(random_picture(size, seed), kAsMnist, Invert::automatic,
                   std::to_string(size.height) + "x" + std::to_string(size.width));
    }
  }
}

}  // namespace
}  // namespace cnn
