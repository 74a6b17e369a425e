#include "data/epoch_order.hpp"

#include "base/random.hpp"

namespace cnn {

Selection epoch_order(const Selection& selection, bool shuffle, std::uint64_t seed,
                      std::uint64_t epoch) {
  if (!shuffle) return selection;
  Selection order = permutation(Random(seed, Purpose::shuffle, epoch),
                                static_cast<std::uint32_t>(selection.size()));
  for (std::uint32_t& index : order) index = selection[index];
  return order;
}

}  // namespace cnn
