#include "run/memory_need.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "base/process_memory.hpp"
#include "support/sanitizers.hpp"

namespace cnn {
namespace {

// What a process has given back does not come on top of what it will take.
TEST(ProcessBytes, AreThePeakSoFarOrWhatIsToCome) {
  if (kSanitized) GTEST_SKIP() << "sanitizers take memory of their own";
  constexpr std::size_t kMega = 1'000'000;
  { const std::vector<char> held(300 * kMega, 'x'); }
  const std::size_t peak = peak_memory();
  ASSERT_GE(peak, 300 * kMega);
  ASSERT_LT(present_memory(), peak - 200 * kMega);
  EXPECT_EQ(process_bytes(100 * kMega), peak);
  EXPECT_GT(process_bytes(400 * kMega), present_memory() + 400 * kMega);
  EXPECT_LT(process_bytes(400 * kMega), peak + 400 * kMega);
}

}  // namespace
}  // namespace cnn
