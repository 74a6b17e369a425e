#include "optim/gradient_exchange.hpp"

#include <algorithm>

#include "optim/slot_tree.hpp"

namespace cnn {
namespace {

// The most subtrees that all other ranks together send to one, over all numbers of slots.
std::size_t most_received(std::size_t slots, int ranks) {
  std::size_t most = 0;
  for (std::size_t n = 1; n <= slots; ++n) {
    std::size_t all = 0;
    std::size_t fewest = n;
    for (int r = 0; r < ranks; ++r) {
      std::size_t own = 0;
      for_subtrees(even_part(n, r, ranks), n, [&](std::size_t, std::size_t) { ++own; });
      all += own;
      fewest = std::min(fewest, own);
    }
    most = std::max(most, all - fewest);
  }
  return most;
}

}  // namespace

GradientExchange::GradientExchange(Collective& collective, Solver& solver, std::size_t slots)
    : collective_(collective), solver_(solver), parts_(slots) {
  if (collective.is_alone()) return;
  const std::size_t most = most_received(slots, collective.size());
  const std::size_t size = most * solver.part(collective.rank()).count;
  arena_.reserve<Real>(size);
  arena_.allocate();
  received_ = arena_.view<Real>(0, size);
  const auto ranks = static_cast<std::size_t>(collective.size());
  receives_.reserve(most + ranks);
  sends_.reserve((slots + 1) * ranks);
}

std::size_t GradientExchange::bytes(std::size_t values, std::size_t slots, int ranks) {
  if (ranks == 1) return 0;
  const std::size_t part = values / static_cast<std::size_t>(ranks) + Solver::kChunk;
  return most_received(slots, ranks) * part * sizeof(Real);
}

std::span<Real* const> GradientExchange::run(std::span<Gradients> gradients, std::size_t slots,
                                             Workers& workers) {
  const int me = collective_.rank();
  const int ranks = collective_.size();
  const Part own = even_part(slots, me, ranks);
  const Part part = solver_.part(me);
  const auto values_of = [&](std::size_t slot) { return gradients[slot - own.first].values(); };
  std::fill(parts_.begin(), parts_.end(), nullptr);

  for_subtrees(own, slots, [&](std::size_t first, std::size_t count) {
    if (count > 1) solver_.reduce(gradients.subspan(first - own.first, count), workers);
    parts_[first] = values_of(first).data() + part.first;
  });
  std::size_t at = 0;
  collective_.for_others([&](int receiver, int sender) {
    const Part theirs = solver_.part(receiver);
    if (theirs.count > 0) {
      for_subtrees(own, slots, [&](std::size_t first, std::size_t) {
        const CView values = values_of(first).subspan(theirs.first, theirs.count);
        sends_.push_back({receiver, std::as_bytes(values)});
      });
    }
    if (part.count == 0) return;
    for_subtrees(even_part(slots, sender, ranks), slots, [&](std::size_t first, std::size_t) {
      const View room = received_.subspan(at, part.count);
      at += part.count;
      parts_[first] = room.data();
      receives_.push_back({sender, std::as_writable_bytes(room)});
    });
  });
  collective_.exchange(sends_, receives_);

  workers.run(ranks, [&](int, int r) {
    if (r == me) return;
    const Part theirs = solver_.part(r);
    for_subtrees(own, slots, [&](std::size_t first, std::size_t) {
      const View sent = values_of(first).subspan(theirs.first, theirs.count);
      std::fill(sent.begin(), sent.end(), Real{0});
    });
  });
  for (Gradients& slot : gradients) slot.take_samples();
  return std::span(parts_).first(slots);
}

}  // namespace cnn
