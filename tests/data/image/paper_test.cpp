#include "data/image/paper.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include <gtest/gtest.h>

#include "support/sketch.hpp"

namespace cnn {
namespace {

constexpr Size2 kSheet{240, 320};
constexpr double kPaper = 235;
constexpr double kInk = 0.25;  // what ink reflects of what paper does

Strokes digit_strokes() {
  return placed(two_strokes(), 120, 50, 130);
}

Gray digit() {
  return sketch(kSheet, digit_strokes(), 6);
}

// From 1 to 0, softly, about 0 over a width of 1.
double soft_step(double along) {
  return 1 / (1 + std::exp(4 * along));
}

struct Light {
  const char* name;
  std::function<double(double, double)> at;  // 0 … 1 of the full light
};

const std::vector<Light>& lights() {
  // 1 … 2.5 times as bright at one end as at the other.
  static const std::vector<Light> all{
      {"from the left", [](double, double x) { return 1 - 0.6 * x / kSheet.width; }},
      {"from below", [](double y, double) { return 0.4 + 0.6 * y / kSheet.height; }},
      {"from a corner",
       [](double y, double x) { return 1 - 0.3 * x / kSheet.width - 0.3 * y / kSheet.height; }},
      {"from above the middle",
       [](double y, double x) {
         const double v = y / kSheet.height - 0.5, u = x / kSheet.width - 0.5;
         return 1 - 1.2 * (u * u + v * v);
       }},
      {"from a near corner",
       [](double y, double x) {
         const double v = y / kSheet.height, u = x / kSheet.width;
         return 1 - 0.3 * (u * u + v * v);
       }},
      {"with a soft shadow at the right",
       [](double, double x) { return 0.5 + 0.5 * soft_step((x - 230) / 40); }},
      {"with a soft shadow across",
       [](double y, double x) { return 0.55 + 0.45 * soft_step((x + y - 300) / 60); }}};
  return all;
}

Gray photograph(const Gray& ink, const Light& light) {
  return on_paper(
      ink, [&](double y, double x) { return kPaper * light.at(y, x); }, kInk);
}

TEST(InkOf, EvenLightIsTheDigit) {
  const Gray drawn = digit();
  const Gray even = on_paper(
      drawn, [](double, double) { return kPaper; }, kInk);
  const std::optional<Ink> ink = ink_of(inverse(even));
  ASSERT_TRUE(ink.has_value());
  EXPECT_TRUE(ink->evenly_lit);
  EXPECT_GT(overlap(ink->gray, drawn), 0.98);
  EXPECT_EQ(*std::max_element(ink->gray.levels.begin(), ink->gray.levels.end()), 255);
  EXPECT_EQ(ink->gray.at(2, 2), 0);
}

TEST(InkOf, UnevenLightIsTheSameAsEvenLight) {
  const Gray drawn = digit();
  for (const Light& light : lights()) {
    for (const double noise : {0.0, 3.0}) {
      const Gray picture = with_noise(photograph(drawn, light), noise, 5);
      const std::optional<Ink> ink = ink_of(inverse(picture));
      ASSERT_TRUE(ink.has_value()) << light.name;
      EXPECT_GT(overlap(ink->gray, drawn), 0.9) << light.name << " " << noise;
    }
  }
}

// From 1 to 0 within a pixel.
double sharp_step(double along) {
  return std::clamp(0.5 - along, 0.0, 1.0);
}

// The shadow's edge runs through the digit; it may be of one tone, and the light fall off beside
// it.
TEST(InkOf, TheSharpEdgeOfAShadowIsNoInk) {
  const Gray drawn = digit();
  const Box all = box_of(drawn);
  const Box around{all.left - 5, all.top - 5, all.width + 10, all.height + 10};
  for (int degrees = 0; degrees < 360; degrees += 30) {
    const double angle = degrees * std::numbers::pi / 180;
    for (const double falls : {0.0, 0.3}) {
      const Light light{"", [&](double y, double x) {
                          const double v = y - kSheet.height / 2.0, u = x - kSheet.width / 2.0;
                          const double step = sharp_step(u * std::cos(angle) + v * std::sin(angle));
                          return (0.45 + 0.55 * step) * (1 - falls * x / kSheet.width);
                        }};
      const Gray picture = with_noise(photograph(drawn, light), 2, 5);
      const std::optional<Ink> ink = ink_of(inverse(picture));
      ASSERT_TRUE(ink.has_value()) << degrees << " " << falls;
      EXPECT_GT(overlap(cut_out(ink->gray, around), cut_out(drawn, around)), 0.9)
          << degrees << " " << falls;
    }
  }
}

TEST(InkOf, FaintInkIsFullInk) {
  const Gray drawn = digit();
  const Gray faint = on_paper(
      drawn, [](double, double) { return kPaper; }, 0.7);
  const std::optional<Ink> ink = ink_of(inverse(with_noise(faint, 3, 6)));
  ASSERT_TRUE(ink.has_value());
  EXPECT_GT(overlap(ink->gray, drawn), 0.9);
}

TEST(InkOf, BlankPaperAndNoiseAreNothing) {
  for (const int level : {0, 60, 128, 210, 250}) {
    const Gray blank{kSheet,
                     std::vector<std::uint8_t>(240 * 320, static_cast<std::uint8_t>(level))};
    EXPECT_FALSE(ink_of(blank).has_value()) << level;
    EXPECT_FALSE(small_ink_of(blank).has_value()) << level;
    for (const double noise : {1.0, 4.0, 12.0}) {
      if (level < 3 * noise || level > 255 - 3 * noise) continue;  // not all of the noise is seen
      const Gray noisy = with_noise(blank, noise, static_cast<std::uint64_t>(level));
      EXPECT_FALSE(ink_of(noisy).has_value()) << level << " " << noise;
      EXPECT_FALSE(small_ink_of(noisy).has_value()) << level << " " << noise;
    }
  }
}

TEST(SmallInkOf, ASmallDigitIsFoundInUnevenLight) {
  const Gray drawn = sketch(kSheet, placed(seven_strokes(), 60, 60, 22), 1.5);
  for (const Light& light : lights()) {
    const std::optional<Ink> ink =
        small_ink_of(inverse(with_noise(photograph(drawn, light), 2, 8)));
    ASSERT_TRUE(ink.has_value()) << light.name;
    EXPECT_GT(overlap(ink->gray, drawn, 96), 0.6) << light.name;
  }
}

TEST(InkOf, ATableBesideTheSheetIsPaper) {
  const Gray drawn = digit();
  for (const bool corner : {false, true}) {
    Gray picture = on_paper(
        drawn, [](double, double) { return kPaper; }, kInk);
    for (int y = 0; y < kSheet.height; ++y) {
      for (int x = 0; x < kSheet.width; ++x) {
        const bool table = x > 285 || (corner && y < 25);
        if (table) picture.levels[static_cast<std::size_t>(y * kSheet.width + x)] = 60;
      }
    }
    const std::optional<Ink> ink = ink_of(inverse(picture));
    ASSERT_TRUE(ink.has_value());
    EXPECT_GT(overlap(ink->gray, drawn), 0.9) << corner;
  }
}

// A sheet of `paper` with a digit of `ink` on it, turned by some degrees, on something of `around`.
Gray framed(int around, int paper, int ink, double degrees) {
  const double angle = degrees * std::numbers::pi / 180;
  const Gray drawn = sketch(kSheet, turned(digit_strokes(), degrees, {160, 120}), 6);
  Gray picture{kSheet, {}};
  for (int y = 0; y < kSheet.height; ++y) {
    for (int x = 0; x < kSheet.width; ++x) {
      const double v = y + 0.5 - 120, u = x + 0.5 - 160;
      const bool sheet = std::abs(u * std::cos(angle) + v * std::sin(angle)) < 130 &&
                         std::abs(v * std::cos(angle) - u * std::sin(angle)) < 95;
      const int covered = drawn.at(static_cast<std::size_t>(y), static_cast<std::size_t>(x));
      const int level = sheet ? paper + (ink - paper) * covered / 255 : around;
      picture.levels.push_back(static_cast<std::uint8_t>(level));
    }
  }
  return picture;
}

TEST(LeaveFrameOut, ASheetIsLeftAlone) {
  for (const auto& levels : {std::pair{235, 50}, std::pair{30, 220}}) {
    const int paper = levels.first;  // clang++ 14 lets no lambda take a structured binding
    const int ink = levels.second;
    for (const double degrees : {0.0, 3.0, -4.0}) {
      Gray picture = framed(ink, paper, ink, degrees);
      const Box box = leave_frame_out(picture);
      EXPECT_NEAR(box.left, 30, 12) << paper << " " << degrees;
      EXPECT_NEAR(box.top, 25, 12) << paper << " " << degrees;
      EXPECT_NEAR(box.left + box.width, 290, 12) << paper << " " << degrees;
      EXPECT_NEAR(box.top + box.height, 215, 12) << paper << " " << degrees;
      ASSERT_EQ(picture.size, (Size2{box.height, box.width}));
      for (std::size_t x = 0; x < picture.width(); ++x) {
        EXPECT_NEAR(picture.at(0, x), paper, 20) << paper << " " << degrees << " at " << x;
      }
      // The digit is still there.
      const int middle = (paper + ink) / 2;
      const auto inked =
          std::count_if(picture.levels.begin(), picture.levels.end(),
                        [&](std::uint8_t level) { return (level < middle) == (ink < middle); });
      EXPECT_NEAR(static_cast<double>(inked), box_of(digit()).width * 28.0, 2000);
    }
  }
}

// Pencil on white in a black frame is nearer to the paper's tone than to the frame's; an empty
// sheet shows nothing of another tone.
TEST(LeaveFrameOut, ASheetWithFaintInkOrNoneIsLeftAlone) {
  for (const auto& levels : {std::pair{170, 235}, std::pair{235, 235}}) {
    for (const double degrees : {0.0, 3.0}) {
      Gray picture = framed(20, levels.second, levels.first, degrees);
      const Box box = leave_frame_out(picture);
      EXPECT_NEAR(box.left, 30, 12) << levels.first << " " << degrees;
      EXPECT_NEAR(box.top + box.height, 215, 12) << levels.first << " " << degrees;
      for (const std::uint8_t level : picture.levels) {
        ASSERT_GE(level, levels.first - 20) << levels.first << " " << degrees;
      }
    }
  }
}

TEST(LeaveFrameOut, TheStrokeOfAOneIsNoSheet) {
  const Gray ink = sketch({120, 60}, {{{30, 20}, {30, 100}}}, 15);
  Gray same = ink;
  EXPECT_EQ(leave_frame_out(same), (Box{0, 0, 60, 120}));
  EXPECT_EQ(same.levels, ink.levels);
}

TEST(LeaveFrameOut, WhereThereIsNoneNothingChanges) {
  const Gray photo = on_paper(
      digit(), [](double, double) { return kPaper; }, kInk);
  const Gray blank{kSheet, std::vector<std::uint8_t>(240 * 320, 200)};
  for (const Gray& picture : {photo, inverse(photo), blank}) {
    Gray same = picture;
    EXPECT_EQ(leave_frame_out(same), (Box{0, 0, kSheet.width, kSheet.height}));
    EXPECT_EQ(same.levels, picture.levels);
  }
}

// A zero's outline encloses paper, as a frame does.
TEST(LeaveFrameOut, ADigitThatFillsThePictureIsNoSheet) {
  for (const auto& strokes : {zero_strokes(), five_strokes(0), two_strokes()}) {
    const Gray ink = sketch({220, 180}, placed(strokes, 20, 20, 180), 14);
    const Gray close = cut_out(ink, box_of(ink, 1));
    Gray same = close;
    EXPECT_EQ(leave_frame_out(same), (Box{0, 0, close.size.width, close.size.height}));
    EXPECT_EQ(same.levels, close.levels);
  }
}

TEST(PaperIsLight, IsToldByTheBorder) {
  const Gray photo = on_paper(
      digit(), [](double, double) { return kPaper; }, kInk);
  EXPECT_EQ(paper_is_light(photo), std::optional(true));
  EXPECT_EQ(paper_is_light(inverse(photo)), std::optional(false));
  EXPECT_EQ(paper_is_light(with_noise(photo, 6, 9)), std::optional(true));
}

TEST(PaperIsLight, EvenIfTheDigitReachesIt) {
  const Gray ink = sketch({200, 150}, placed(seven_strokes(), 20, 4, 190), 8);
  ASSERT_GT(*std::max_element(ink.levels.begin(), ink.levels.begin() + 150), 200);
  const Gray photo = on_paper(
      ink, [](double, double) { return 255.0; }, 0);
  EXPECT_EQ(paper_is_light(photo), std::optional(true));
  EXPECT_EQ(paper_is_light(inverse(photo)), std::optional(false));
}

TEST(PaperIsLight, IsNotToldByABlankSheet) {
  EXPECT_EQ(paper_is_light({kSheet, std::vector<std::uint8_t>(240 * 320, 90)}), std::nullopt);
}

}  // namespace
}  // namespace cnn
