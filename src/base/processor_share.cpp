#include "base/processor_share.hpp"

#include <algorithm>
#include <atomic>
#include <climits>

namespace cnn {
namespace {

std::atomic<int> limit{INT_MAX};

}  // namespace

void limit_processors(int count) {
  limit.store(std::max(count, 1));
}

int processor_limit() {
  return limit.load();
}

}  // namespace cnn
