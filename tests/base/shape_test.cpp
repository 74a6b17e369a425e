#include "cnn/shape.hpp"

#include <gtest/gtest.h>

namespace cnn {
namespace {

TEST(Shape, CountsTheValuesOfOneSample) {
  EXPECT_EQ((Shape{3, 7, 6}.size()), 126U);
  EXPECT_EQ((Shape{10}.size()), 10U);
}

TEST(Shape, CountsBeyond32Bits) {
  EXPECT_EQ((Shape{32768, 32768, 32768}.size()), std::size_t{1} << 45);
}

TEST(Shape, ReadsAsChannelsHeightWidth) {
  EXPECT_EQ(to_string(Shape{20, 12, 11}), "20x12x11");
  EXPECT_EQ(to_string(Shape{3, 1, 7}), "3x1x7");
  EXPECT_EQ(to_string(Shape{3, 7, 1}), "3x7x1");
}

TEST(Shape, OfAVectorReadsAsItsLength) {
  EXPECT_EQ(to_string(Shape{500, 1, 1}), "500");
}

TEST(Size2, ReadsAsHeightWidth) {
  EXPECT_EQ(to_string(Size2{5, 3}), "5x3");
}

TEST(Dims, ReadAsAList) {
  EXPECT_EQ(to_string(Dims{50, 20, 5, 5}), "[50, 20, 5, 5]");
  EXPECT_EQ(to_string(Dims{10}), "[10]");
  EXPECT_EQ(to_string(Dims{}), "[]");
}

TEST(Dims, CountTheirElements) {
  EXPECT_EQ(element_count({50, 20, 5, 5}), 25'000U);
  EXPECT_EQ(element_count({4, 0}), 0U);
}

TEST(Dims, OfAScalarCountOneElement) {
  EXPECT_EQ(element_count({}), 1U);
}

}  // namespace
}  // namespace cnn
