#include "kernels/winograd.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/draw.hpp"
#include "support/naive.hpp"

namespace cnn {
namespace {

struct WinogradCase {
  Shape input;
  int kernel = 3;
  Size2 pad{0, 0};
  int count = 1;
  std::size_t n = 1;

  naive::Slide slide() const { return {input, {kernel, kernel}, {1, 1}, pad}; }
  Window window() const { return make_window(input, {kernel, kernel}, {1, 1}, pad); }
};

std::string to_string(const WinogradCase& c) {
  return std::to_string(c.n) + " of " + to_string(c.input) + ", " + std::to_string(c.count) +
         " kernels of " + std::to_string(c.kernel) + ", pad " + to_string(c.pad);
}

// Everything one convolution reads and writes, in the layout of Winograd's functions.
struct Convolved {
  explicit Convolved(const WinogradCase& convolution)
      : c(convolution),
        x(c.n * c.input.size()),
        weight(static_cast<std::size_t>(c.count * c.window().patch())),
        bias(static_cast<std::size_t>(c.count)),
        y(c.n * static_cast<std::size_t>(c.count * c.window().positions())),
        dy(y.size()),
        dweight(weight.size()),
        dx(x.size()) {}

  void run() {
    const Winograd winograd(c.window(), c.count);
    std::vector<Real> scratch(winograd.scratch(), std::numeric_limits<Real>::quiet_NaN());
    winograd.forward(c.n, {0, static_cast<std::size_t>(c.count)}, x, weight, {}, bias, y, scratch);
    winograd.backward(c.n, x, weight, dy, dweight, dx, scratch);
  }

  Values sample(const std::vector<Real>& values, std::size_t i) const {
    const std::size_t size = values.size() / c.n;
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i * size);
    return {begin, begin + static_cast<std::ptrdiff_t>(size)};
  }

  WinogradCase c;
  std::vector<Real> x, weight, bias, y, dy, dweight, dx;
};

// What the definition makes of it.
struct Expected {
  Values y, dweight, dx;
};

Expected expected(const Convolved& run, const Values& dweight_before) {
  Expected e{{}, dweight_before, {}};
  const Values weight(run.weight.begin(), run.weight.end());
  const Values bias(run.bias.begin(), run.bias.end());
  for (std::size_t i = 0; i < run.c.n; ++i) {
    const Values x = run.sample(run.x, i);
    const Values y = naive::convolve(run.c.slide(), x, weight, bias);
    const naive::ConvolutionGradients d =
        naive::convolve_backward(run.c.slide(), x, weight, run.sample(run.dy, i));
    e.y.insert(e.y.end(), y.begin(), y.end());
    e.dx.insert(e.dx.end(), d.dx.begin(), d.dx.end());
    for (std::size_t k = 0; k < d.dweight.size(); ++k) e.dweight[k] += d.dweight[k];
  }
  return e;
}

Values values(const std::vector<Real>& v) {
  return {v.begin(), v.end()};
}

// |a − b| / |b|, in Euclidean norms.
double difference(const std::vector<Real>& a, const Values& b) {
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    error += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  return std::sqrt(error / norm);
}

std::vector<Real> packed_in_parts(const Winograd& winograd, Way way,
                                  const std::vector<Real>& weight) {
  constexpr int kParts = 3;
  std::vector<Real> packed(winograd.packed(way));
  for (int part = kParts; part-- > 0;) winograd.pack(way, {part, kParts}, weight, packed);
  return packed;
}

// From weights packed before or not, all kernels or some at a time.
void expect_same_outputs(Draw& draw, const WinogradCase& c) {
  SCOPED_TRACE(to_string(c));
  Convolved run(c);
  for (std::vector<Real>* v : {&run.x, &run.weight, &run.bias}) draw.reals(*v, 1);
  const Winograd winograd(c.window(), c.count);
  const auto count = static_cast<std::size_t>(c.count);
  std::vector<Real> scratch(winograd.scratch(), std::numeric_limits<Real>::quiet_NaN());
  const std::vector<Real> packed = packed_in_parts(winograd, Way::forward, run.weight);
  winograd.forward(c.n, {0, count}, run.x, run.weight, {}, run.bias, run.y, scratch);
  std::vector<Real> parts(run.y.size());
  for (std::size_t first = 0; first < count; first += Winograd::kStep) {
    winograd.forward(c.n, {first, std::min(first + Winograd::kStep, count)}, run.x, run.weight,
                     packed, run.bias, parts, scratch);
  }
  EXPECT_EQ(parts, run.y);
}

// A part of the images after the other, from weights packed before, in the first Reals of another
// scratch, and its gradient added in parts.
void expect_same_gradients(Draw& draw, const WinogradCase& c) {
  SCOPED_TRACE(to_string(c));
  Convolved whole(c);
  for (std::vector<Real>* v : {&whole.x, &whole.weight, &whole.dy, &whole.dweight}) {
    draw.reals(*v, 1);
  }
  Convolved parts = whole;
  const Winograd winograd(c.window(), c.count);
  std::vector<Real> scratch(winograd.scratch(), std::numeric_limits<Real>::quiet_NaN());
  winograd.backward(c.n, whole.x, whole.weight, whole.dy, whole.dweight, whole.dx, scratch);
  const std::vector<Real> packed = packed_in_parts(winograd, Way::back, parts.weight);
  std::vector<Real> shared(winograd.scratch(), std::numeric_limits<Real>::quiet_NaN());
  std::copy(packed.begin(), packed.end(), shared.begin());
  const std::size_t x_size = parts.x.size() / c.n;
  const std::size_t y_size = parts.y.size() / c.n;
  std::vector<Real> halves = parts.dweight;
  bool first = true;
  for (std::size_t i = 0; i < c.n; i += winograd.part(), first = false) {
    const View own = first ? View(shared) : View(scratch);
    Winograd::Images images{std::min(winograd.part(), c.n - i), CView(parts.x).subspan(i * x_size),
                            CView(parts.dy).subspan(i * y_size)};
    const CView points = CView(shared).first(packed.size());
    winograd.backward_part(images, parts.weight, points, View(parts.dx).subspan(i * x_size), own);
    for (int part = 0; part < 4; ++part) winograd.add_dweight({part, 4}, parts.dweight, own);
    for (const int half : {1, 0}) {
      std::fill(scratch.begin(), scratch.end(), std::numeric_limits<Real>::quiet_NaN());
      images.half = {half, 2};
      winograd.backward_part(images, parts.weight, points, {}, scratch);
      for (const int part : {2 * half, 2 * half + 1}) {
        winograd.add_dweight({part, 4}, halves, scratch);
      }
    }
  }
  EXPECT_EQ(parts.dx, whole.dx);
  EXPECT_EQ(parts.dweight, whole.dweight);
  EXPECT_EQ(halves, whole.dweight);
}

TEST(Winograd, GivesWholeAndInPartsTheSameGradients) {
  Draw draw(7);
  for (const int count : {1, 20, 50, 140}) {
    expect_same_gradients(draw, {{3, 9, 7}, 3, {1, 1}, count, 19});
    expect_same_gradients(draw, {{24, 12, 12}, 5, {2, 0}, count, 17});
    expect_same_gradients(draw, {{150, 4, 4}, 3, {1, 1}, count, 18});
  }
}

TEST(Winograd, GivesWholeAndInPartsTheSameBits) {
  Draw draw(6);
  for (const int count : {1, 20, 32, 50, 70}) {
    expect_same_outputs(draw, {{3, 9, 7}, 3, {1, 1}, count, 3});
    expect_same_outputs(draw, {{24, 12, 12}, 5, {2, 0}, count, 2});
    expect_same_outputs(draw, {{5, 40, 41}, 3, {0, 1}, count, 1});
    expect_same_outputs(draw, {{20, 4, 4}, 3, {1, 1}, count, 3});
  }
}

// Transforms multiply small integers by small integers: no result is rounded.
void expect_exact(Draw& draw, const WinogradCase& c) {
  SCOPED_TRACE(to_string(c));
  Convolved run(c);
  for (std::vector<Real>* v : {&run.x, &run.weight, &run.bias, &run.dy, &run.dweight}) {
    draw.integers(*v, 1);
  }
  const Expected e = expected(run, values(run.dweight));
  run.run();
  EXPECT_EQ(values(run.y), e.y);
  EXPECT_EQ(values(run.dweight), e.dweight);
  EXPECT_EQ(values(run.dx), e.dx);
}

TEST(Winograd, IsExactOnIntegersOfRandomShapes) {
  Draw draw(1);
  for (int i = 0; i < 100 && !testing::Test::HasFailure(); ++i) {
    WinogradCase c;
    c.kernel = i % 2 == 0 ? 3 : 5;
    c.pad = draw.size2(0, 2);
    const Size2 image = draw.size2(c.kernel, 20);
    c.input = {draw.integer(1, 20), image.height, image.width};
    c.count = draw.integer(1, 20);
    c.n = static_cast<std::size_t>(draw.integer(1, 6));
    expect_exact(draw, c);
  }
}

// More tiles than go through the matrix products at a time.
TEST(Winograd, IsExactOnImagesOfSeveralBlocksOfTiles) {
  Draw draw(4);
  expect_exact(draw, {{3, 45, 50}, 3, {1, 2}, 9, 2});
  expect_exact(draw, {{9, 33, 26}, 5, {2, 0}, 3, 2});
}

TEST(Winograd, RoundsWithinItsBound) {
  for (const WinogradCase& c :
       {WinogradCase{{20, 12, 12}, 5, {0, 0}, 50, 2}, WinogradCase{{64, 28, 28}, 3, {1, 1}, 16, 1},
        WinogradCase{{128, 14, 14}, 3, {1, 1}, 32, 1},
        WinogradCase{{256, 8, 8}, 3, {1, 1}, 16, 2}}) {
    SCOPED_TRACE(to_string(c));
    Draw draw(2);
    Convolved run(c);
    draw.reals(run.x, 1);
    for (Real& value : run.x) value = std::max(value, Real{0});  // as after a ReLU
    draw.reals(run.weight, 1);
    draw.reals(run.dy, 1);
    const Expected e = expected(run, Values(run.weight.size()));
    run.run();
    constexpr double kBound = 5e-6;
    EXPECT_LT(difference(run.y, e.y), kBound);
    EXPECT_LT(difference(run.dweight, e.dweight), kBound);
    EXPECT_LT(difference(run.dx, e.dx), kBound);
  }
}

TEST(Winograd, LeavesAGradientAloneThatNobodyWants) {
  const WinogradCase c{{8, 9, 9}, 3, {1, 1}, 8, 2};
  Draw draw(3);
  Convolved run(c);
  draw.integers(run.x, 1);
  draw.integers(run.weight, 1);
  draw.integers(run.dy, 1);
  const Expected e = expected(run, Values(run.weight.size()));
  const Winograd winograd(c.window(), c.count);
  std::vector<Real> scratch(winograd.scratch());
  winograd.backward(c.n, run.x, run.weight, run.dy, run.dweight, {}, scratch);
  EXPECT_EQ(values(run.dweight), e.dweight);
}

TEST(Winograd, PaysForSquareKernelsOfThreeOrFiveWithoutStrideOverManyChannels) {
  EXPECT_TRUE(Winograd::pays(make_window({20, 12, 12}, {5, 5}, {1, 1}, {0, 0}), 50));
  EXPECT_TRUE(Winograd::pays(make_window({64, 28, 28}, {3, 3}, {1, 1}, {1, 1}), 64));
  EXPECT_FALSE(Winograd::pays(make_window({1, 28, 28}, {5, 5}, {1, 1}, {0, 0}), 20));
  EXPECT_FALSE(Winograd::pays(make_window({64, 28, 28}, {3, 3}, {2, 2}, {1, 1}), 64));
  EXPECT_FALSE(Winograd::pays(make_window({64, 28, 28}, {3, 5}, {1, 1}, {1, 1}), 64));
  EXPECT_FALSE(Winograd::pays(make_window({64, 28, 28}, {7, 7}, {1, 1}, {1, 1}), 64));
  EXPECT_FALSE(Winograd::pays(make_window({64, 3, 3}, {3, 3}, {1, 1}, {0, 0}), 64))
      << "one output of a tile's sixteen";
}

}  // namespace
}  // namespace cnn
