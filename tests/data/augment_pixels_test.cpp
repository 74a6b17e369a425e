#include "data/augment_pixels.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "data/augment.hpp"
#include "support/idx_writer.hpp"

namespace cnn {
namespace {

using Pixels = std::vector<std::uint8_t>;
using Image = std::vector<Real>;

Pixels thickened(const Pixels& pixels, const Shape& shape, int steps) {
  Pixels work(thicken_bytes(shape), 77), result(pixels.size(), 78);
  thicken(pixels, shape, steps, work, result);
  return result;
}

// Does the neighbourhood of this radius reach (dx, dy)? The sum of pluses and squares in turn: an
// octagon, whose corners are cut off by the pluses' share.
bool reaches(int radius, int dx, int dy) {
  const int squares = radius / 2;
  return std::max(std::abs(dx), std::abs(dy)) <= radius &&
         std::abs(dx) + std::abs(dy) <= radius + squares;
}

// By the definition, pixel by pixel.
Pixels thickened_naively(const Pixels& pixels, const Shape& shape, int radius) {
  Pixels result;
  for (int c = 0; c < shape.channels; ++c) {
    for (int y = 0; y < shape.height; ++y) {
      for (int x = 0; x < shape.width; ++x) {
        int most = radius < 0 ? 255 : 0;
        for (int v = 0; v < shape.height; ++v) {
          for (int u = 0; u < shape.width; ++u) {
            if (!reaches(std::abs(radius), u - x, v - y)) continue;
            const int value =
                pixels[static_cast<std::size_t>((c * shape.height + v) * shape.width + u)];
            most = radius < 0 ? std::min(most, value) : std::max(most, value);
          }
        }
        result.push_back(static_cast<std::uint8_t>(most));
      }
    }
  }
  return result;
}

TEST(Thicken, GrowsALineByItsNeighbours) {
  const Shape shape{1, 3, 7};
  const Pixels line = {0, 0, 0, 200, 0, 0, 0, 0, 0, 0, 200, 0, 0, 0, 0, 0, 0, 200, 0, 0, 0};
  EXPECT_EQ(thickened(line, shape, 256), (Pixels{0,   0, 200, 200, 200, 0,   0,   0,   0, 200, 200,
                                                 200, 0, 0,   0,   0,   200, 200, 200, 0, 0}));
  // A quarter of a pixel: a quarter of the light.
  EXPECT_EQ(thickened(line, shape, 64),
            (Pixels{0, 0, 50, 200, 50, 0, 0, 0, 0, 50, 200, 50, 0, 0, 0, 0, 50, 200, 50, 0, 0}));
  EXPECT_EQ(thickened(line, shape, 512 + 128),
            (Pixels{100, 200, 200, 200, 200, 200, 100, 100, 200, 200, 200,
                    200, 200, 100, 100, 200, 200, 200, 200, 200, 100}));
  EXPECT_EQ(thickened(line, shape, -256), Pixels(21, 0));
}

TEST(Thicken, ThinsABarFromBothSides) {
  const Shape shape{1, 2, 8};
  const Pixels bar = {0, 0, 80, 80, 80, 80, 0, 0, 0, 0, 80, 80, 80, 80, 0, 0};
  EXPECT_EQ(thickened(bar, shape, -256),
            (Pixels{0, 0, 0, 80, 80, 0, 0, 0, 0, 0, 0, 80, 80, 0, 0, 0}));
  EXPECT_EQ(thickened(bar, shape, -128),
            (Pixels{0, 0, 40, 80, 80, 40, 0, 0, 0, 0, 40, 80, 80, 40, 0, 0}));
  EXPECT_EQ(thickened(thickened(bar, shape, 256), shape, -256), bar);
}

// One pixel becomes the neighbourhood: a plus, then a square of 5 without its corners.
TEST(Thicken, GrowsAPixelToAnOctagon) {
  const Shape shape{1, 5, 5};
  Pixels pixel(25, 0);
  pixel[12] = 9;
  EXPECT_EQ(thickened(pixel, shape, 256),
            (Pixels{0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 9, 9, 9, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(thickened(pixel, shape, 512),
            (Pixels{0, 9, 9, 9, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0, 9, 9, 9, 0}));
}

TEST(Thicken, IsTheDefinitionOnImagesOfAnyShape) {
  for (const Shape& shape : {Shape{1, 1, 1}, Shape{2, 1, 9}, Shape{1, 9, 1}, Shape{3, 8, 5},
                             Shape{1, 13, 70}, Shape{2, 28, 28}}) {
    const Pixels pixels = make_dataset(shape, 1, 2).pixels;
    for (const int radius : {-4, -3, -2, -1, 1, 2, 3, 4, 5}) {
      EXPECT_EQ(thickened(pixels, shape, kThicknessSteps * radius),
                thickened_naively(pixels, shape, radius))
          << shape.channels << "x" << shape.height << "x" << shape.width << " by " << radius;
    }
    EXPECT_EQ(thickened(pixels, shape, 0), pixels);
  }
}

TEST(Thicken, ByMoreIsNowhereDarker) {
  const Shape shape{1, 12, 17};
  const Pixels pixels = make_dataset(shape, 1, 2).pixels;
  Pixels thinner = thickened(pixels, shape, -800);
  for (int steps = -799; steps <= 800; ++steps) {
    const Pixels thicker = thickened(pixels, shape, steps);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      ASSERT_GE(thicker[i], thinner[i]) << "pixel " << i << " by " << steps;
      ASSERT_LE(thicker[i], thinner[i] + 2) << "pixel " << i << " by " << steps;
    }
    thinner = thicker;
  }
}

TEST(Brightness, MultipliesAndCuts) {
  Image image = {0, 10, 100, 200};
  scale_brightness(1.5F, image);
  EXPECT_EQ(image, (Image{0, 15, 150, 255}));
  scale_brightness(0.5F, image);
  EXPECT_EQ(image, (Image{0, 7.5F, 75, 127.5F}));
}

TEST(MeanOfGrey, WeighsRedGreenAndBlue) {
  const Image image = {10, 20, 30, 40, 50, 90};
  EXPECT_DOUBLE_EQ(mean_of_grey(image, {3, 1, 2}), 0.299 * 15 + 0.587 * 35 + 0.114 * 70);
  EXPECT_DOUBLE_EQ(mean_of_grey(image, {1, 2, 3}), 40);
  EXPECT_DOUBLE_EQ(mean_of_grey(image, {2, 3, 1}), 40);
  Image counted;
  for (int i = 1; i <= 1003; ++i) counted.push_back(static_cast<Real>(i));
  EXPECT_DOUBLE_EQ(mean_of_grey(counted, {1, 1, 1003}), 502);
}

TEST(Contrast, MovesValuesFromTheMeanOrToIt) {
  const Image original = {40, 60, 100, 200};  // mean 100
  Image image = original;
  scale_contrast(0.5F, {1, 2, 2}, image);
  EXPECT_EQ(image, (Image{70, 80, 100, 150}));
  image = original;
  scale_contrast(1, {1, 2, 2}, image);
  EXPECT_EQ(image, original);
  // 1.5 times as far, 10 … 250: the mean is kept. Twice as far, both ends are cut.
  scale_contrast(1.5F, {1, 2, 2}, image);
  EXPECT_EQ(image, (Image{10, 40, 100, 250}));
  EXPECT_DOUBLE_EQ(mean_of_grey(image, {1, 2, 2}), 100);
  image = original;
  scale_contrast(2, {1, 2, 2}, image);
  EXPECT_EQ(image, (Image{0, 20, 100, 255}));
}

// The channels move about one mean, that of the grey image: red stays red.
TEST(Contrast, HasOneMeanForAllChannels) {
  Image image = {200, 100, 50, 100, 50, 100};
  const double mean = 0.299 * 150 + 0.587 * 75 + 0.114 * 75;
  const Image before = image;
  scale_contrast(0.25F, {3, 1, 2}, image);
  for (std::size_t i = 0; i < image.size(); ++i) {
    EXPECT_NEAR(image[i], 0.25 * double{before[i]} + 0.75 * mean, 1e-4);
  }
}

// Grey, (R + G + B weighted), is kept but for what is cut off; 0 makes grey, 1 changes nothing.
TEST(Saturation, MovesColoursFromTheirGreyOrToIt) {
  const Image original = {200, 0, 30, 100, 0, 30, 50, 255, 30};  // three pixels
  Image image = original;
  scale_saturation(1, image);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(image[i], original[i], 1e-4);
  scale_saturation(0, image);
  for (std::size_t i = 0; i < 9; ++i) {
    const double grey = 0.299 * double{original[i % 3]} + 0.587 * double{original[3 + i % 3]} +
                        0.114 * double{original[6 + i % 3]};
    EXPECT_NEAR(image[i], grey, 1e-3);
  }
  image = original;
  scale_saturation(1.5F, image);
  const double grey = 0.299 * 200 + 0.587 * 100 + 0.114 * 50;
  EXPECT_NEAR(image[0], 1.5 * 200 - 0.5 * grey, 1e-3);
  EXPECT_NEAR(image[3], 1.5 * 100 - 0.5 * grey, 1e-3);
  EXPECT_NEAR(image[6], 1.5 * 50 - 0.5 * grey, 1e-3);
  EXPECT_EQ(image[1], 0);
  EXPECT_EQ(image[7], 255);
}

// Thirds of the circle exchange the channels; a sixth of it takes red to yellow.
TEST(Hue, TurnsTheCircle) {
  const Image original = {200, 90, 255, 40, 100, 90, 10, 40, 50, 90, 255, 40};  // four pixels
  const auto turned = [&](Real turn) {
    Image image = original;
    turn_hue(turn, image);
    return image;
  };
  const auto expect_close = [](const Image& image, const Image& expected) {
    for (std::size_t i = 0; i < image.size(); ++i) EXPECT_NEAR(image[i], expected[i], 1e-3) << i;
  };
  expect_close(turned(0), original);
  // Red becomes green, green blue, blue red.
  expect_close(turned(Real{1} / 3), {50, 90, 255, 40, 200, 90, 255, 40, 100, 90, 10, 40});
  expect_close(turned(Real{-1} / 3), {100, 90, 10, 40, 50, 90, 255, 40, 200, 90, 255, 40});
  expect_close(turned(0.5F), turned(-0.5F));
  Image red = {255, 0, 0};
  turn_hue(Real{1} / 6, red);
  expect_close(red, {255, 255, 0});
  turn_hue(-0.25F, red);  // 60° − 90°: red with half of blue
  expect_close(red, {255, 0, 127.5F});
}

// The widest turns of every corner of the cube stay within 0 … 255, whatever is rounded.
TEST(Hue, KeepsValueAndSmallest) {
  for (int colour = 0; colour < 27; ++colour) {
    const Image pixel = {static_cast<Real>(colour % 3) * 127.5F,
                         static_cast<Real>(colour / 3 % 3) * 127.5F,
                         static_cast<Real>(colour / 9) * 127.5F};
    for (int step = -50; step <= 50; ++step) {
      Image image = pixel;
      turn_hue(static_cast<Real>(step) / 100, image);
      EXPECT_NEAR(*std::max_element(image.begin(), image.end()),
                  *std::max_element(pixel.begin(), pixel.end()), 1e-3);
      EXPECT_NEAR(*std::min_element(image.begin(), image.end()),
                  *std::min_element(pixel.begin(), pixel.end()), 1e-3);
      for (const Real value : image) EXPECT_TRUE(value >= 0 && value <= 255) << value;
    }
  }
}

Image augmented(const AugmentOptions& options, const Shape& shape, const Pixels& pixels,
                std::uint32_t place) {
  const Augmenter augmenter(options, shape, 1);
  Augmenter::Scratch scratch = augmenter.make_scratch();
  Image image(shape.size(), -1);
  augmenter.apply(pixels, 0, place, scratch, image);
  return image;
}

// A line of one pixel: the pixel beside it says by how much it has grown, its own by how much it
// has been thinned.
TEST(Thickness, IsDrawnUniformlyForEachImage) {
  const Shape shape{1, 3, 7};
  Pixels line(21, 0);
  for (const std::size_t y : {0U, 1U, 2U}) line[7 * y + 3] = 200;
  std::set<Real> drawn;
  double sum = 0, squares = 0, largest = 0;
  constexpr int kDraws = 2000;
  for (std::uint32_t place = 0; place < kDraws; ++place) {
    const Image image = augmented({.thickness = 0.75}, shape, line, place);
    const double grown = (image[9] + image[10] - 200) / 200;
    sum += grown;
    squares += grown * grown;
    largest = std::max(largest, std::abs(grown));
    drawn.insert(image[9] + image[10]);
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.05);
  EXPECT_NEAR(std::sqrt(squares / kDraws), 0.75 / std::sqrt(3.0), 0.02);
  EXPECT_NEAR(largest, 0.75, 0.01);
  EXPECT_GT(drawn.size(), 250U);
}

// The stroke that a shift takes out of the image is thickened before.
TEST(Thickness, ComesBeforeTheGeometry) {
  const Shape shape{1, 1, 9};
  const Pixels line = {0, 0, 0, 0, 100, 0, 0, 0, 0};
  for (std::uint32_t place = 0; place < 50; ++place) {
    const AugmentOptions options{.shift = 4, .thickness = 1};
    const int right = Augmenter(options, shape, 1).draw(0, place).shift_x;
    const Image still = augmented({.thickness = 1}, shape, line, place);
    Image expected(9, 0);
    for (int x = 0; x < 9; ++x) {
      if (x - right >= 0 && x - right < 9) {
        expected[static_cast<std::size_t>(x)] = still[static_cast<std::size_t>(x - right)];
      }
    }
    const bool seen = Augmenter(options, shape, 1).draw(0, place).shift_y == 0;
    EXPECT_EQ(augmented(options, shape, line, place), seen ? expected : Image(9, 0));
  }
}

// Two values tell both factors: brightness·(50, 150), then contrast about their mean.
TEST(BrightnessAndContrast, AreDrawnUniformlyAndApart) {
  const Shape shape{1, 1, 2};
  double sum_b = 0, sum_c = 0, squares_b = 0, squares_c = 0, products = 0;
  constexpr int kDraws = 2000;
  for (std::uint32_t place = 0; place < kDraws; ++place) {
    const Image image = augmented({.brightness = 0.25, .contrast = 0.5}, shape, {50, 150}, place);
    const double b = (image[0] + image[1]) / 200 - 1;
    const double c = (image[1] - image[0]) / (100 * (1 + b)) - 1;
    ASSERT_LE(std::abs(b), 0.25 + 1e-6);
    ASSERT_LE(std::abs(c), 0.5 + 1e-6);
    sum_b += b;
    sum_c += c;
    squares_b += b * b;
    squares_c += c * c;
    products += b * c;
  }
  EXPECT_NEAR(sum_b / kDraws, 0, 0.02);
  EXPECT_NEAR(sum_c / kDraws, 0, 0.03);
  EXPECT_NEAR(std::sqrt(squares_b / kDraws), 0.25 / std::sqrt(3.0), 0.01);
  EXPECT_NEAR(std::sqrt(squares_c / kDraws), 0.5 / std::sqrt(3.0), 0.02);
  EXPECT_NEAR(products / kDraws, 0, 0.004);
}

// Of two colours, the grey ones tell nothing: the saturation of a pixel is the distance of its
// largest value from its smallest, the hue decides where between them the third is.
TEST(Colours, AreDrawnUniformlyAndApart) {
  const Shape shape{3, 1, 1};
  double sum_s = 0, sum_h = 0, squares_s = 0, squares_h = 0, products = 0;
  constexpr int kDraws = 2000;
  for (std::uint32_t place = 0; place < kDraws; ++place) {
    const Image image = augmented({.saturation = 0.25, .hue = 0.1}, shape, {150, 100, 100}, place);
    const Real most = *std::max_element(image.begin(), image.end());
    const Real least = *std::min_element(image.begin(), image.end());
    const double s = (most - least) / 50 - 1;
    const double h = (image[1] - image[2]) / (6 * (most - least));
    ASSERT_EQ(image[0], most);
    ASSERT_LE(std::abs(s), 0.25 + 1e-5);
    ASSERT_LE(std::abs(h), 0.1 + 1e-5);
    sum_s += s;
    sum_h += h;
    squares_s += s * s;
    squares_h += h * h;
    products += s * h;
  }
  EXPECT_NEAR(sum_s / kDraws, 0, 0.02);
  EXPECT_NEAR(sum_h / kDraws, 0, 0.01);
  EXPECT_NEAR(std::sqrt(squares_s / kDraws), 0.25 / std::sqrt(3.0), 0.01);
  EXPECT_NEAR(std::sqrt(squares_h / kDraws), 0.1 / std::sqrt(3.0), 0.004);
  EXPECT_NEAR(products / kDraws, 0, 0.001);
}

// Noise is not clipped, and a blanked square stays 0, whatever the contrast: both come after it.
TEST(BrightnessAndContrast, ComeBeforeNoiseAndErase) {
  const Shape shape{1, 20, 20};
  const AugmentOptions light{.brightness = 0.5, .contrast = 0.5};
  AugmentOptions all = light;
  all.noise = 30;
  all.erase = {.size = 5, .probability = 1};
  const Pixels pixels = make_dataset(shape, 1, 2).pixels;
  for (std::uint32_t place = 0; place < 20; ++place) {
    const Image lit = augmented(light, shape, pixels, place);
    const Image noise = augmented({.noise = 30}, shape, Pixels(400, 0), place);
    const Image image = augmented(all, shape, pixels, place);
    int erased = 0;
    for (std::size_t i = 0; i < image.size(); ++i) {
      if (image[i] == 0) {
        ++erased;
      } else {
        // A processor may scale noise and add it to the pixel in one rounding.
        const Real rounding =
            std::numeric_limits<Real>::epsilon() * (std::abs(lit[i]) + std::abs(noise[i]));
        EXPECT_NEAR(image[i], lit[i] + noise[i], rounding);
      }
    }
    EXPECT_EQ(erased, 25);
  }
}

// What a key draws does not depend on the others.
TEST(Augmenter, DrawsTheSameGeometryWithMoreKeys) {
  const AugmentOptions geometry{
      .shift = 2, .rotate = 20, .scale = 0.2, .shear = 0.1, .flip = {.horizontal = 0.5}};
  AugmentOptions more = geometry;
  more.thickness = 2;
  more.brightness = 0.5;
  more.contrast = 0.5;
  for (std::uint32_t place = 0; place < 20; ++place) {
    const Distortion a = Augmenter(geometry, Shape{1, 8, 8}, 1).draw(3, place);
    const Distortion b = Augmenter(more, Shape{1, 8, 8}, 1).draw(3, place);
    EXPECT_EQ(a.shift_x, b.shift_x);
    EXPECT_EQ(a.shift_y, b.shift_y);
    EXPECT_EQ(a.angle, b.angle);
    EXPECT_EQ(a.scale_x, b.scale_x);
    EXPECT_EQ(a.scale_y, b.scale_y);
    EXPECT_EQ(a.shear, b.shear);
    EXPECT_EQ(a.flip, b.flip);
  }
}

}  // namespace
}  // namespace cnn
