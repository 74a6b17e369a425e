#include "base/arena.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <gtest/gtest.h>

namespace cnn {
namespace {

template <typename T>
bool is_aligned(std::span<T> view) {
  return reinterpret_cast<std::uintptr_t>(view.data()) % Arena::kAlignment == 0;
}

TEST(Arena, StartsEveryViewOnACacheLine) {
  Arena arena;
  const std::size_t bytes = arena.reserve<std::byte>(1);
  const std::size_t floats = arena.reserve<float>(17);
  const std::size_t doubles = arena.reserve<double>(3);
  arena.allocate();
  EXPECT_TRUE(is_aligned(arena.view<std::byte>(bytes, 1)));
  EXPECT_TRUE(is_aligned(arena.view<float>(floats, 17)));
  EXPECT_TRUE(is_aligned(arena.view<double>(doubles, 3)));
}

TEST(Arena, CountsTheBytesReservedInWholeCacheLines) {
  Arena arena;
  EXPECT_EQ(arena.bytes(), 0U);
  arena.reserve<float>(1);
  EXPECT_EQ(arena.bytes(), 64U);
  arena.reserve<float>(16);
  EXPECT_EQ(arena.bytes(), 128U);
  arena.reserve<float>(17);
  EXPECT_EQ(arena.bytes(), 256U);
}

TEST(Arena, ZeroesAllMemory) {
  Arena arena;
  const std::size_t offset = arena.reserve<int>(10'000);
  arena.allocate();
  const std::span<int> view = arena.view<int>(offset, 10'000);
  EXPECT_TRUE(std::all_of(view.begin(), view.end(), [](int value) { return value == 0; }));
}

TEST(Arena, PartsDoNotOverlap) {
  Arena arena;
  const std::size_t first = arena.reserve<int>(5);
  const std::size_t second = arena.reserve<int>(7);
  arena.allocate();
  std::ranges::fill(arena.view<int>(first, 5), 1);
  std::ranges::fill(arena.view<int>(second, 7), 2);
  EXPECT_TRUE(std::ranges::all_of(arena.view<int>(first, 5), [](int v) { return v == 1; }));
  EXPECT_TRUE(std::ranges::all_of(arena.view<int>(second, 7), [](int v) { return v == 2; }));
}

TEST(Arena, GivesAnEmptyPartNoRoom) {
  Arena arena;
  const std::size_t nothing = arena.reserve<float>(0);
  EXPECT_EQ(arena.bytes(), 0U);
  arena.allocate();
  EXPECT_TRUE(arena.view<float>(nothing, 0).empty());
}

TEST(Arena, KeepsItsViewsWhenMoved) {
  Arena arena;
  const std::size_t offset = arena.reserve<int>(3);
  arena.allocate();
  const std::span<int> before = arena.view<int>(offset, 3);
  before[1] = 42;
  const Arena moved = std::move(arena);
  EXPECT_EQ(moved.view<int>(offset, 3).data(), before.data());
  EXPECT_EQ(moved.view<int>(offset, 3)[1], 42);
}

TEST(PhysicalMemory, IsThatOfARealMachine) {
  EXPECT_GT(physical_memory(), std::size_t{64} << 20);
  EXPECT_LT(physical_memory(), std::size_t{1} << 47);
}

}  // namespace
}  // namespace cnn
