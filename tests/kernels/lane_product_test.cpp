#include "kernels/lane_product.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "support/draw.hpp"

namespace cnn {
namespace {

constexpr std::size_t kBeside = 3;  // Reals behind each row that are no part of the matrix
constexpr Real kUntouched = 1e6;

struct Extents {
  std::size_t rows;
  std::size_t inner;
  std::size_t lanes;
  bool transposed;
  bool adds;
};

// Whole numbers, so that sums are exact in whatever order.
std::vector<Real> whole_numbers(Draw& draw, std::size_t count) {
  std::vector<Real> numbers(count);
  draw.integers(numbers, 3);
  return numbers;
}

void expect_definition(const Extents& e) {
  SCOPED_TRACE(testing::Message() << e.rows << " x " << e.inner << " x " << e.lanes
                                  << (e.transposed ? " transposed" : "") << (e.adds ? " +" : ""));
  Draw draw{1};
  const std::size_t a_step = (e.transposed ? e.rows : e.inner) + kBeside;
  const std::size_t step = e.lanes + kBeside;
  const std::vector<Real> a = whole_numbers(draw, (e.transposed ? e.inner : e.rows) * a_step);
  const std::vector<Real> b = whole_numbers(draw, e.inner * step);
  std::vector<Real> c = whole_numbers(draw, e.rows * step);
  for (std::size_t row = 0; row < e.rows; ++row) {
    for (std::size_t l = e.lanes; l < step; ++l) c[row * step + l] = kUntouched;
  }
  std::vector<Real> expected = c;
  for (std::size_t row = 0; row < e.rows; ++row) {
    for (std::size_t l = 0; l < e.lanes; ++l) {
      Real sum = e.adds ? c[row * step + l] : 0;
      for (std::size_t k = 0; k < e.inner; ++k) {
        sum += a[e.transposed ? k * a_step + row : row * a_step + k] * b[k * step + l];
      }
      expected[row * step + l] = sum;
    }
  }
  multiply({.rows = e.rows,
            .inner = e.inner,
            .lanes = e.lanes,
            .a = a.data(),
            .a_row_step = e.transposed ? 1 : a_step,
            .a_inner_step = e.transposed ? a_step : 1,
            .b = b.data(),
            .b_step = step,
            .c = c.data(),
            .c_step = step,
            .adds = e.adds});
  EXPECT_EQ(c, expected);
}

TEST(LaneProduct, IsTheDefinition) {
  for (const bool transposed : {false, true}) {
    for (const bool adds : {false, true}) {
      for (std::size_t rows = 1; rows <= 26; ++rows) {
        for (const std::size_t lanes : {8U, 16U, 24U, 40U}) {
          expect_definition({rows, 1 + rows % 5, lanes, transposed, adds});
        }
      }
      expect_definition({100, 300, 56, transposed, adds});  // more than the cache keeps
      expect_definition({37, 5000, 8, transposed, adds});
    }
  }
}

TEST(LaneProduct, ARowStartsWithItsValue) {
  const std::vector<Real> a = {1, 2, 3};
  const std::vector<Real> b(8, 10);
  const std::vector<Real> start = {0.5, -1, 4};
  std::vector<Real> c(3 * 8, kUntouched);
  multiply({.rows = 3,
            .inner = 1,
            .lanes = 8,
            .a = a.data(),
            .a_row_step = 1,
            .a_inner_step = 1,
            .b = b.data(),
            .b_step = 8,
            .c = c.data(),
            .c_step = 8,
            .row_start = start.data()});
  for (std::size_t i = 0; i < c.size(); ++i) EXPECT_EQ(c[i], start[i / 8] + a[i / 8] * 10);
}

// The bits of a row do not depend on where it stands, nor on how many there are.
TEST(LaneProduct, ARowsBitsAreItsOwn) {
  constexpr std::size_t kRows = 41;
  constexpr std::size_t kInner = 33;
  constexpr std::size_t kLanes = 24;
  Draw draw{2};
  std::vector<Real> row(kInner);
  std::vector<Real> b(kInner * kLanes);
  draw.reals(row, 1);
  draw.reals(b, 1);
  std::vector<Real> a;
  for (std::size_t i = 0; i < kRows; ++i) a.insert(a.end(), row.begin(), row.end());
  const auto product = [&](std::size_t rows) {
    std::vector<Real> c(rows * kLanes);
    multiply(
        {rows, kInner, kLanes, a.data(), kInner, 1, b.data(), kLanes, c.data(), kLanes, false});
    return c;
  };
  const std::vector<Real> alone = product(1);
  for (std::size_t rows = 2; rows <= kRows; ++rows) {
    const std::vector<Real> together = product(rows);
    for (std::size_t i = 0; i < together.size(); ++i) ASSERT_EQ(together[i], alone[i % kLanes]);
  }
}

}  // namespace
}  // namespace cnn
