#include "data/augment.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "cnn/error.hpp"

#include "support/idx_writer.hpp"

namespace cnn {
namespace {

using Pixels = std::vector<std::uint8_t>;
using Image = std::vector<Real>;

constexpr Shape kShape{1, 3, 4};
const Pixels kNumbers = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

Image warped(const Shape& shape, const Pixels& pixels, const Distortion& distortion,
             Fill fill = Fill::background) {
  const Augmenter augmenter({.rotate = 1, .fill = fill}, shape, 1);
  Augmenter::Scratch scratch = augmenter.make_scratch();
  Image image(shape.size(), -1);
  augmenter.warp(pixels, distortion, scratch, image);
  return image;
}

Image augmented(const AugmentOptions& options, const Shape& shape, const Pixels& pixels,
                std::uint64_t epoch = 0, std::uint32_t place = 0, std::uint64_t seed = 1) {
  const Augmenter augmenter(options, shape, seed);
  Augmenter::Scratch scratch = augmenter.make_scratch();
  Image image(shape.size(), -1);
  augmenter.apply(pixels, epoch, place, scratch, image);
  return image;
}

void expect_near(const Image& image, const Image& expected, double tolerance) {
  ASSERT_EQ(image.size(), expected.size());
  for (std::size_t i = 0; i < image.size(); ++i) {
    EXPECT_NEAR(image[i], expected[i], tolerance) << "pixel " << i;
  }
}

// An image that says of each pixel where it is.
Pixels columns_and_rows(const Shape& shape) {
  Pixels pixels;
  for (int c = 0; c < 2; ++c) {
    for (int y = 0; y < shape.height; ++y) {
      for (int x = 0; x < shape.width; ++x) {
        pixels.push_back(static_cast<std::uint8_t>(c == 0 ? x : y));
      }
    }
  }
  return pixels;
}

TEST(AugmentOptions, AreOnIfTheyChangeAnything) {
  EXPECT_FALSE(AugmentOptions{}.is_on());
  EXPECT_FALSE(AugmentOptions{.elastic = {.sigma = 8}}.is_on());
  EXPECT_FALSE((AugmentOptions{.crop = {.aspect = {1, 1}}, .fill = Fill::edge}).is_on());
  EXPECT_FALSE((AugmentOptions{.erase = {.size = 3, .probability = 0}}).is_on());
  for (const AugmentOptions& options :
       {AugmentOptions{.shift = 1}, AugmentOptions{.rotate = 1}, AugmentOptions{.scale = 0.1},
        AugmentOptions{.shear = 0.1}, AugmentOptions{.elastic = {.alpha = 1}},
        AugmentOptions{.flip = {.horizontal = 0.1}}, AugmentOptions{.thickness = 0.1},
        AugmentOptions{.brightness = 0.1}, AugmentOptions{.contrast = 0.1},
        AugmentOptions{.crop = {.area = {0.9, 1}}}, AugmentOptions{.flip = {.vertical = 0.1}},
        AugmentOptions{.turn = true}, AugmentOptions{.saturation = 0.1}, AugmentOptions{.hue = 0.1},
        AugmentOptions{.noise = 1}, AugmentOptions{.erase = {.size = 1}}}) {
    EXPECT_TRUE(options.is_on());
  }
}

TEST(Warp, OfNothingIsTheImage) {
  EXPECT_EQ(warped(kShape, kNumbers, {}), Image(kNumbers.begin(), kNumbers.end()));
}

TEST(Warp, ShiftsByWholePixelsExactly) {
  EXPECT_EQ(warped(kShape, kNumbers, {.shift_x = 1}),
            (Image{0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11}));
  EXPECT_EQ(warped(kShape, kNumbers, {.shift_x = -2, .shift_y = 1}),
            (Image{0, 0, 0, 0, 3, 4, 0, 0, 7, 8, 0, 0}));
  EXPECT_EQ(warped(kShape, kNumbers, {.shift_x = 4}), Image(12, 0));
  EXPECT_EQ(warped(kShape, kNumbers, {.shift_y = -1000}), Image(12, 0));
}

TEST(Warp, FlipsExactly) {
  EXPECT_EQ(warped(kShape, kNumbers, {.flip = true}),
            (Image{4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9}));
}

Image moved(const Shape& shape, const Pixels& pixels, const Distortion& distortion, Fill fill) {
  EXPECT_TRUE(only_moves(distortion));
  Image image(shape.size(), -1);
  move_pixels(pixels, shape, inverse_map(distortion, shape), fill, image);
  return image;
}

TEST(Move, FlipsAndTurns) {
  const Fill fill = Fill::background;
  EXPECT_EQ(moved(kShape, kNumbers, {.flip = true}, fill),
            (Image{4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9}));
  EXPECT_EQ(moved(kShape, kNumbers, {.flip_vertical = true}, fill),
            (Image{9, 10, 11, 12, 5, 6, 7, 8, 1, 2, 3, 4}));
  const Pixels square = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(moved({1, 3, 3}, square, {.quarters = 1}, fill), (Image{7, 4, 1, 8, 5, 2, 9, 6, 3}));
  EXPECT_EQ(moved({1, 3, 3}, square, {.quarters = 2}, fill), (Image{9, 8, 7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(moved({1, 3, 3}, square, {.quarters = 3}, fill), (Image{3, 6, 9, 2, 5, 8, 1, 4, 7}));
  // First flipped, then turned, then shifted.
  EXPECT_EQ(moved({1, 3, 3}, square, {.shift_x = 1, .flip = true, .quarters = 1}, fill),
            (Image{0, 9, 6, 0, 8, 5, 0, 7, 4}));
}

TEST(Move, RepeatsTheEdge) {
  EXPECT_EQ(moved(kShape, kNumbers, {.shift_x = 1, .shift_y = -1}, Fill::edge),
            (Image{5, 5, 6, 7, 9, 9, 10, 11, 9, 9, 10, 11}));
  EXPECT_EQ(moved(kShape, kNumbers, {.shift_x = -9}, Fill::edge),
            (Image{4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12}));
  EXPECT_EQ(moved(kShape, kNumbers, {.shift_x = -9, .flip = true}, Fill::edge),
            (Image{1, 1, 1, 1, 5, 5, 5, 5, 9, 9, 9, 9}));
}

// Copying is warping without interpolation: for every flip, turn, shift and fill.
TEST(Move, IsWhatTheWarpGives) {
  for (const Shape& shape : {Shape{2, 7, 7}, Shape{1, 8, 8}, Shape{1, 1, 1}, Shape{3, 5, 9}}) {
    const Pixels pixels = make_dataset(shape, 1, 2).pixels;
    for (int i = 0; i < 16 * 2 * 25; ++i) {
      const int quarters = i % 4;
      if (quarters % 2 != 0 && shape.height != shape.width) continue;
      const Fill fill = i / 16 % 2 == 0 ? Fill::background : Fill::edge;
      const Distortion d{.shift_x = i / 32 % 5 * 4 - 8,
                         .shift_y = i / 160 * 4 - 8,
                         .flip = i / 4 % 2 == 1,
                         .flip_vertical = i / 8 % 2 == 1,
                         .quarters = quarters};
      ASSERT_EQ(moved(shape, pixels, d, fill), warped(shape, pixels, d, fill)) << i;
    }
  }
}

// A white image stays white wherever its pixels come from.
TEST(Warp, RepeatsTheEdge) {
  for (const Distortion& d :
       {Distortion{.angle = 0.7}, Distortion{.shift_x = 30, .scale_x = 0.3, .scale_y = 0.2},
        Distortion{.shift_y = -3, .angle = 0.1, .shear = 1}}) {
    expect_near(warped({1, 6, 9}, Pixels(54, 200), d, Fill::edge), Image(54, 200), 1e-3);
  }
  EXPECT_EQ(warped({1, 1, 5}, {10, 20, 30, 40, 50}, {.scale_x = 0.5}, Fill::edge),
            (Image{10, 10, 30, 50, 50}));
}

// A quarter turn clockwise: row y of the result is column y of the image, from below.
TEST(Warp, TurnsASquareImageByAQuarter) {
  const Distortion quarter{.angle = std::numbers::pi / 2};
  expect_near(warped({1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}, quarter), {7, 4, 1, 8, 5, 2, 9, 6, 3},
              1e-4);
  expect_near(warped({1, 2, 2}, {10, 20, 30, 40}, quarter), {30, 10, 40, 20}, 1e-4);
  expect_near(warped({1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}, {.angle = -std::numbers::pi}),
              {9, 8, 7, 6, 5, 4, 3, 2, 1}, 1e-4);
}

// Half as large: u = 2·(x − 2) + 2, so that only the columns 0, 2 and 4 are seen.
TEST(Warp, ScalesAboutTheMiddle) {
  EXPECT_EQ(warped({1, 1, 5}, {10, 20, 30, 40, 50}, {.scale_x = 0.5}), (Image{0, 10, 30, 50, 0}));
  // Twice as large: u = (x − 2)/2 + 2.
  EXPECT_EQ(warped({1, 1, 5}, {10, 20, 30, 40, 50}, {.scale_x = 2}), (Image{20, 25, 30, 35, 40}));
  EXPECT_EQ(warped({1, 5, 1}, {10, 20, 30, 40, 50}, {.scale_y = 2}), (Image{20, 25, 30, 35, 40}));
}

// u = x − 1·(y − 1), with the neighbours' mean where it is between two of them.
TEST(Warp, ShearsTheRowsAgainstEachOther) {
  EXPECT_EQ(warped({1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}, {.shear = 1}),
            (Image{2, 3, 0, 4, 5, 6, 0, 7, 8}));
  EXPECT_EQ(warped({1, 3, 3}, {2, 4, 6, 8, 10, 12, 14, 16, 18}, {.shear = 0.5}),
            (Image{3, 5, 3, 8, 10, 12, 7, 15, 17}));
}

// The inverse map undoes R·K·D·F and the shift: a point of the image, taken forwards by hand, comes
// back.
TEST(InverseMap, UndoesTheDistortion) {
  const Shape shape{1, 21, 31};
  for (const bool flip : {false, true}) {
    const Distortion d{.shift_x = 3,
                       .shift_y = -2,
                       .angle = 0.4,
                       .scale_x = 1.25,
                       .scale_y = 0.75,
                       .shear = 0.3,
                       .flip = flip};
    const InverseMap map = inverse_map(d, shape);
    for (const auto& [u, v] : {std::pair{15.0, 10.0}, {0.0, 0.0}, {22.5, 3.25}}) {
      double px = u - 15, py = v - 10;
      if (flip) px = -px;
      px *= 1.25;
      py *= 0.75;
      px += 0.3 * py;
      const double qx = std::cos(0.4) * px - std::sin(0.4) * py;
      const double qy = std::sin(0.4) * px + std::cos(0.4) * py;
      const double x = qx + 15 + 3, y = qy + 10 - 2;
      EXPECT_NEAR(map.ux * x + map.uy * y + map.u0, u, 1e-12);
      EXPECT_NEAR(map.vx * x + map.vy * y + map.v0, v, 1e-12);
    }
  }
}

// Each pixel of these two channels tells its place: what the warp gives is the map's place.
TEST(Warp, TakesEachPixelFromWhereTheMapSays) {
  const Shape shape{2, 20, 27};
  const Distortion d{.angle = 0.3, .scale_x = 1.1, .scale_y = 0.9, .shear = -0.2};
  const InverseMap map = inverse_map(d, shape);
  const Image image = warped(shape, columns_and_rows(shape), d);
  int inside = 0;
  for (int y = 0; y < shape.height; ++y) {
    for (int x = 0; x < shape.width; ++x) {
      const double u = map.ux * x + map.uy * y + map.u0, v = map.vx * x + map.vy * y + map.v0;
      const auto at = static_cast<std::size_t>(y * shape.width + x);
      if (u < 0 || v < 0 || u > shape.width - 1 || v > shape.height - 1) continue;
      ++inside;
      EXPECT_NEAR(image[at], u, 1e-4);
      EXPECT_NEAR(image[at + 20 * 27], v, 1e-4);
    }
  }
  EXPECT_GT(inside, 300);
}

TEST(Augmenter, ShiftsTakeEveryWholeStepEquallyOften) {
  const Shape shape{2, 5, 7};
  const Pixels pixels = make_dataset(shape, 1, 2).pixels;
  std::vector<int> counts(25);
  const Augmenter augmenter({.shift = 2}, shape, 7);
  Augmenter::Scratch scratch = augmenter.make_scratch();
  constexpr int kDraws = 5000;
  Image fast(shape.size());
  for (std::uint32_t place = 0; place < kDraws; ++place) {
    const Distortion d = augmenter.draw(3, place);
    ASSERT_LE(std::max(std::abs(d.shift_x), std::abs(d.shift_y)), 2);
    ++counts[static_cast<std::size_t>(5 * (d.shift_y + 2) + d.shift_x + 2)];
    if (place >= 100) continue;
    augmenter.apply(pixels, 3, place, scratch, fast);
    EXPECT_EQ(fast, warped(shape, pixels, d));
  }
  for (const int count : counts) EXPECT_NEAR(count, kDraws / 25, 5 * std::sqrt(kDraws / 25));
}

TEST(Augmenter, DrawsUniformlyWithinItsRanges) {
  const Augmenter augmenter(
      {.rotate = 90, .scale = 0.2, .shear = 0.5, .flip = {.horizontal = 0.25}}, kShape, 7);
  constexpr int kDraws = 4000;
  double angle = 0, angle_squared = 0, largest = 0, widths = 0, shear_squared = 0;
  int flips = 0;
  for (std::uint32_t place = 0; place < kDraws; ++place) {
    const Distortion d = augmenter.draw(0, place);
    const double degrees = d.angle * 180 / std::numbers::pi;
    EXPECT_LE(std::abs(d.scale_x - 1), 0.2);
    EXPECT_LE(std::abs(d.scale_y - 1), 0.2);
    EXPECT_NE(d.scale_x, d.scale_y);
    largest = std::max(largest, std::abs(degrees));
    angle += degrees;
    angle_squared += degrees * degrees;
    widths += d.scale_x;
    shear_squared += d.shear * d.shear;
    flips += int{d.flip};
  }
  EXPECT_LE(largest, 90);
  EXPECT_GT(largest, 89);
  EXPECT_NEAR(angle / kDraws, 0, 4);
  EXPECT_NEAR(std::sqrt(angle_squared / kDraws), 90 / std::sqrt(3.0), 2);
  EXPECT_NEAR(widths / kDraws, 1, 0.01);
  EXPECT_NEAR(std::sqrt(shear_squared / kDraws), 0.5 / std::sqrt(3.0), 0.02);
  EXPECT_NEAR(flips, kDraws / 4, 5 * std::sqrt(kDraws * 0.1875));
}

TEST(Augmenter, DrawsFlipsAndTurnsApart) {
  const AugmentOptions options{.flip = {.horizontal = 0.5, .vertical = 0.25}, .turn = true};
  const Augmenter augmenter(options, {1, 8, 8}, 7);
  int both = 0, vertical = 0;
  std::vector<int> quarters(4);
  for (std::uint32_t place = 0; place < 4000; ++place) {
    const Distortion d = augmenter.draw(0, place);
    vertical += d.flip_vertical ? 1 : 0;
    both += d.flip && d.flip_vertical ? 1 : 0;
    ++quarters.at(static_cast<std::size_t>(d.quarters));
  }
  EXPECT_NEAR(vertical, 1000, 100);
  EXPECT_NEAR(both, 500, 80);
  for (const int count : quarters) EXPECT_NEAR(count, 1000, 100);
}

TEST(Augmenter, RefusesWhatDoesNotSuitTheImages) {
  const auto message = [](const AugmentOptions& options, const Shape& shape) -> std::string {
    try {
      const Augmenter augmenter(options, shape, 1);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({.turn = true}, {1, 4, 6}),
            "error: data.augment.turn needs images as wide as high, the images are 1x4x6; take it "
            "out");
  EXPECT_EQ(message({.saturation = 0.1}, {1, 4, 4}),
            "error: data.augment.saturation needs images of three channels, red, green and blue, "
            "the images are 1x4x4; take it out");
  EXPECT_NE(message({.hue = 0.1}, {4, 4, 4}).find("data.augment.hue"), std::string::npos);
  EXPECT_EQ(message({.turn = true, .saturation = 0.1, .hue = 0.1}, {3, 4, 4}), "");
}

TEST(Augmenter, DrawsAnewForEverySeedEpochAndPlace) {
  const AugmentOptions options{.rotate = 10};
  const auto angle = [&](std::uint64_t seed, std::uint64_t epoch, std::uint32_t place) {
    return Augmenter(options, {1, 8, 8}, seed).draw(epoch, place).angle;
  };
  EXPECT_EQ(angle(1, 2, 3), angle(1, 2, 3));
  EXPECT_NE(angle(1, 2, 3), angle(2, 2, 3));
  EXPECT_NE(angle(1, 2, 3), angle(1, 3, 3));
  EXPECT_NE(angle(1, 2, 3), angle(1, 2, 4));
}

TEST(Augmenter, DependsOnSeedEpochAndPlaceAlone) {
  const Shape shape{3, 9, 10};
  const Pixels pixels = make_dataset(shape, 1, 2).pixels;
  const AugmentOptions all{.crop = {.area = {0.5, 1}},
                           .shift = 2,
                           .rotate = 20,
                           .scale = 0.2,
                           .shear = 0.2,
                           .elastic = {.sigma = 2, .alpha = 8},
                           .flip = {.horizontal = 0.5, .vertical = 0.5},
                           .fill = Fill::edge,
                           .thickness = 1.5,
                           .brightness = 0.2,
                           .contrast = 0.2,
                           .saturation = 0.2,
                           .hue = 0.1,
                           .noise = 10,
                           .erase = {.size = 3, .probability = 0.5}};
  const Image image = augmented(all, shape, pixels, 4, 5, 6);
  EXPECT_EQ(augmented(all, shape, pixels, 4, 5, 6), image);
  EXPECT_NE(augmented(all, shape, pixels, 5, 5, 6), image);
  EXPECT_NE(augmented(all, shape, pixels, 4, 6, 6), image);
  EXPECT_NE(augmented(all, shape, pixels, 4, 5, 7), image);
  // Nothing of another image stays behind in the scratch.
  const Augmenter augmenter(all, shape, 6);
  Augmenter::Scratch scratch = augmenter.make_scratch();
  Image again(shape.size());
  for (const std::uint32_t place : {9U, 2U, 5U}) {
    augmenter.apply(pixels, 4, place, scratch, again);
  }
  EXPECT_EQ(again, image);
}

// A channel is distorted as the others are.
TEST(Augmenter, TreatsChannelsAlike) {
  Pixels twice = make_dataset({1, 9, 10}, 1, 2).pixels;
  twice.insert(twice.end(), twice.begin(), twice.begin() + 90);
  const Image image = augmented({.crop = {.area = {0.5, 0.9}},
                                 .shift = 1,
                                 .rotate = 30,
                                 .elastic = {.sigma = 2, .alpha = 9},
                                 .erase = {.size = 4, .probability = 1}},
                                {2, 9, 10}, twice);
  EXPECT_TRUE(std::equal(image.begin(), image.begin() + 90, image.begin() + 90));
}

// Fields of mean 0 whose deviation, far from the edges, is alpha·√(1/3)·Σw²: with Σw² ≈ 1/(2σ√π),
// alpha/(σ·√(12π)).
TEST(Elastic, FieldsHaveTheGaussiansDeviationAndSmoothness) {
  const Shape shape{1, 64, 60};
  const Augmenter augmenter({.elastic = {.sigma = 4, .alpha = 34}}, shape, 1);
  Augmenter::Scratch scratch = augmenter.make_scratch();
  double sum = 0, squares = 0, products = 0, across = 0, neighbours = 0;
  int count = 0;
  for (std::uint32_t place = 0; place < 200; ++place) {
    augmenter.draw_displacements(0, place, scratch);
    for (std::size_t y = 12; y < 52; ++y) {
      for (std::size_t x = 12; x < 48; ++x) {
        const std::size_t at = y * augmenter.pitch() + x;
        const double dx = scratch.dx[at], dy = scratch.dy[at];
        sum += dx + dy;
        squares += dx * dx + dy * dy;
        products += dx * dy;
        across += dx * scratch.dx[at + 4];
        neighbours += dx * scratch.dx[at + 4 * augmenter.pitch()];
        ++count;
      }
    }
  }
  const double deviation = 34 / (4 * std::sqrt(12 * std::numbers::pi));
  EXPECT_NEAR(sum / count / 2, 0, 0.05 * deviation);
  EXPECT_NEAR(std::sqrt(squares / count / 2), deviation, 0.03 * deviation);
  EXPECT_NEAR(products / count, 0, 0.05 * deviation * deviation);
  // A Gaussian smoothed by itself: e^(−d²/(4σ²)) at a distance of d = σ.
  const double expected = deviation * deviation * std::exp(-0.25);
  EXPECT_NEAR(across / count, expected, 0.06 * expected);
  EXPECT_NEAR(neighbours / count, expected, 0.06 * expected);
}

// The field, by its definition, from the draws that went into it: at the edges, too.
TEST(Elastic, FieldsAreTheDrawsSmoothed) {
  for (const double sigma : {0.3, 1.0, 5.0}) {
    const Shape shape{1, 6, 11};
    const Augmenter augmenter({.elastic = {.sigma = sigma, .alpha = 3}}, shape, 1);
    Augmenter::Scratch scratch = augmenter.make_scratch();
    augmenter.draw_displacements(0, 0, scratch);
    const int radius = std::min(static_cast<int>(std::ceil(3 * sigma)), 10);
    double norm = 0;
    const auto weight = [&](int d) { return std::exp(-d * d / (2 * sigma * sigma)); };
    for (int d = -radius; d <= radius; ++d) norm += weight(d);
    for (int y = 0; y < 6; ++y) {
      for (int x = 0; x < 11; ++x) {
        double expected = 0;
        for (int v = std::max(0, y - radius); v <= std::min(5, y + radius); ++v) {
          for (int u = std::max(0, x - radius); u <= std::min(10, x + radius); ++u) {
            const double draw = 2.0 * scratch.draws[static_cast<std::size_t>(11 * v + u)] - 1;
            expected += 3 * weight(u - x) / norm * weight(v - y) / norm * draw;
          }
        }
        const std::size_t at =
            static_cast<std::size_t>(y) * augmenter.pitch() + static_cast<std::size_t>(x);
        EXPECT_NEAR(scratch.dy[at], expected, 1e-5) << sigma << " " << x << " " << y;
      }
    }
  }
}

TEST(Elastic, MovesThePixels) {
  const Shape shape{2, 40, 40};
  const Augmenter augmenter({.elastic = {.sigma = 4, .alpha = 20}}, shape, 1);
  Augmenter::Scratch scratch = augmenter.make_scratch();
  Image image(shape.size());
  augmenter.apply(columns_and_rows(shape), 0, 0, scratch, image);
  for (const std::size_t y : {10U, 20U, 30U}) {
    for (const std::size_t x : {10U, 21U, 29U}) {
      const std::size_t at = y * augmenter.pitch() + x;
      EXPECT_NEAR(image[40 * y + x], static_cast<double>(x) + scratch.dx[at], 1e-4);
      EXPECT_NEAR(image[1600 + 40 * y + x], static_cast<double>(y) + scratch.dy[at], 1e-4);
    }
  }
}

TEST(Noise, IsNormal) {
  const Shape shape{1, 100, 100};
  const Image image = augmented({.noise = 20}, shape, Pixels(10000, 100));
  const double mean = std::accumulate(image.begin(), image.end(), 0.0) / 10000;
  double squares = 0;
  for (const Real value : image) squares += (value - mean) * (value - mean);
  EXPECT_NEAR(mean, 100, 1);
  EXPECT_NEAR(std::sqrt(squares / 10000), 20, 1);
}

TEST(Erase, BlanksASquareSomewhereWithinTheImage) {
  const Shape shape{2, 6, 8};
  std::set<std::size_t> corners;
  int erased = 0;
  constexpr int kDraws = 2000;
  for (std::uint32_t place = 0; place < kDraws; ++place) {
    const Image image = augmented({.erase = {.size = 3, .probability = 0.25}}, shape,
                                  Pixels(shape.size(), 200), 0, place);
    const auto zeros = std::count(image.begin(), image.end(), Real{0});
    EXPECT_TRUE(zeros == 0 || zeros == 2 * 9);
    if (zeros == 0) continue;
    ++erased;
    const auto corner =
        static_cast<std::size_t>(std::find(image.begin(), image.end(), Real{0}) - image.begin());
    EXPECT_EQ(image[corner + 2 * 8 + 2], 0) << "the opposite corner";
    corners.insert(corner);
  }
  EXPECT_NEAR(erased, kDraws / 4, 5 * std::sqrt(kDraws * 0.1875));
  EXPECT_EQ(corners.size(), 4U * 6U);
  // Cut to the image.
  EXPECT_EQ(augmented({.erase = {.size = 7, .probability = 1}}, {1, 7, 2}, Pixels(14, 9)),
            Image(14, 0));
}

TEST(Augmenter, KnowsItsBytes) {
  for (const double some : {0.0, 5.0}) {
    const Augmenter augmenter({.crop = {.area = {some == 0 ? 1 : 0.5, 1}},
                               .rotate = 5,
                               .elastic = {.alpha = some},
                               .thickness = some,
                               .noise = some},
                              {3, 13, 9}, 1);
    const Augmenter::Scratch s = augmenter.make_scratch();
    EXPECT_EQ(augmenter.scratch_bytes(),
              sizeof(Real) * (s.source.size() + s.dx.size() + s.dy.size() + s.draws.size() +
                              s.line.size() + s.rows.size() + s.noise.size()) +
                  s.strokes.size() + s.work.size() + s.part.size() +
                  (s.scaler ? CropScaler::bytes({13, 9}, {13, 9}) : 0));
  }
}

}  // namespace
}  // namespace cnn
