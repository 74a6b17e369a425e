#include "base/lifetimes.hpp"

#include <algorithm>
#include <numeric>

namespace cnn {
namespace {

bool meet(const Lifetime& a, const Lifetime& b) {
  return a.first <= b.last && b.first <= a.last;
}

}  // namespace

SharedMemory place(std::span<const Lifetime> buffers) {
  SharedMemory memory;
  memory.offsets.resize(buffers.size());
  std::vector<std::size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(),
                           [&](std::size_t i) { return buffers[i].size; });
  std::vector<std::size_t> placed;  // in the order of their offsets
  for (const std::size_t i : order) {
    std::size_t offset = 0;
    for (const std::size_t j : placed) {
      if (!meet(buffers[i], buffers[j])) continue;
      if (memory.offsets[j] >= offset + buffers[i].size) break;
      offset = std::max(offset, memory.offsets[j] + buffers[j].size);
    }
    memory.offsets[i] = offset;
    memory.size = std::max(memory.size, offset + buffers[i].size);
    const auto at = std::ranges::upper_bound(placed, offset, {},
                                             [&](std::size_t j) { return memory.offsets[j]; });
    placed.insert(at, i);
  }
  return memory;
}

}  // namespace cnn
