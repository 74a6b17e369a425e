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
    : collective_(collective), solver_(solver) {
  if (collective.is_alone()) return;
  const std::span<const Solver::Section> sections = solver.sections();
  const std::size_t most = most_received(slots, collective.size());
  std::size_t size = 0;
  for (std::size_t s = 0; s < sections.size(); ++s) {
    sums_[s].resize(slots);
    rooms_[s] = size;
    size += most * solver.part(sections[s], collective.rank()).count;
  }
  arena_.reserve<Real>(size);
  arena_.allocate();
  received_ = arena_.view<Real>(0, size);
  const auto ranks = static_cast<std::size_t>(collective.size());
  receives_.reserve(most + ranks);
  sends_.reserve((slots + 1) * ranks);
  if (sections.size() == 1) return;
  courier_ = std::make_unique<Courier>([this](std::size_t section) {
    clear();
    collect(section);
    collective_.exchange_beside(sends_, receives_);
  });
}

std::size_t GradientExchange::bytes(std::size_t values, std::size_t slots, int ranks) {
  if (ranks == 1) return 0;
  // A part of each section may be a chunk more than its even share.
  const std::size_t worthwhile = values * sizeof(Real) / Solver::worth_beside(ranks);
  const std::size_t sections = std::min(Solver::kMostSections, worthwhile + 1);
  const std::size_t part = values / static_cast<std::size_t>(ranks) + sections * Solver::kChunk;
  return most_received(slots, ranks) * part * sizeof(Real);
}

// Calls each(first, gradients) for the subtrees that this rank has all of.
template <typename Each>
void GradientExchange::for_own_subtrees(const Each& each) const {
  const Part own = even_part(slots_, collective_.rank(), collective_.size());
  for_subtrees(own, slots_, [&](std::size_t first, std::size_t count) {
    each(first, gradients_.subspan(first - own.first, count));
  });
}

void GradientExchange::begin(std::span<Gradients> gradients, std::size_t slots,
                             std::size_t groups) {
  gradients_ = gradients;
  slots_ = slots;
  for (Progress& progress : progress_) {
    progress.groups_left = groups;
    progress.next_chunk = 0;
    progress.chunks_done = 0;
  }
}

void GradientExchange::pass(Way& way, std::size_t layer) {
  const std::span<const Solver::Section> sections = solver_.sections();
  while (way.passed + 1 < sections.size() && layer <= sections[way.passed].layer) {
    progress_[way.passed++].groups_left.fetch_sub(way.groups, std::memory_order_acq_rel);
  }
}

void GradientExchange::add_up() {
  const std::span<const Solver::Section> sections = solver_.sections();
  for (std::size_t s = 0; s + 1 < sections.size(); ++s) {
    Progress& progress = progress_[s];
    if (progress.groups_left.load(std::memory_order_acquire) > 0) return;
    const std::size_t chunks = sections[s].chunks.count;
    for (std::size_t i = progress.next_chunk++; i < chunks; i = progress.next_chunk++) {
      add_up_chunk(s, i);
      if (progress.chunks_done.fetch_add(1, std::memory_order_acq_rel) + 1 == chunks) {
        courier_->allow(s);
      }
    }
  }
}

void GradientExchange::add_up_chunk(std::size_t section, std::size_t i) const {
  for_own_subtrees([&](std::size_t, std::span<Gradients> subtree) {
    if (subtree.size() > 1) solver_.reduce_chunk(solver_.sections()[section], i, subtree);
  });
}

void GradientExchange::add_up(std::size_t section, Workers& workers) const {
  const std::size_t chunks = solver_.sections()[section].chunks.count;
  workers.run("reduce", static_cast<int>(chunks),
              [&](int, int i) { add_up_chunk(section, static_cast<std::size_t>(i)); });
}

void GradientExchange::clear() {
  sends_.clear();
  receives_.clear();
}

void GradientExchange::collect(std::size_t section) {
  const Solver::Section& of = solver_.sections()[section];
  const int ranks = collective_.size();
  const Part part = solver_.part(of, collective_.rank());
  std::vector<Real*>& sums = sums_[section];
  std::fill(sums.begin(), sums.end(), nullptr);
  for_own_subtrees([&](std::size_t first, std::span<Gradients> subtree) {
    sums[first] = subtree.front().values().data() + part.first;
  });
  std::size_t at = rooms_[section];
  collective_.for_others([&](int receiver, int sender) {
    const Part theirs = solver_.part(of, receiver);
    if (theirs.count > 0) {
      for_own_subtrees([&](std::size_t, std::span<Gradients> subtree) {
        const CView values = subtree.front().values().subspan(theirs.first, theirs.count);
        sends_.push_back({receiver, std::as_bytes(values)});
      });
    }
    if (part.count == 0) return;
    for_subtrees(even_part(slots_, sender, ranks), slots_, [&](std::size_t first, std::size_t) {
      const View room = received_.subspan(at, part.count);
      at += part.count;
      sums[first] = room.data();
      receives_.push_back({sender, std::as_writable_bytes(room)});
    });
  });
}

Solver::Sums GradientExchange::end(Workers& workers) {
  workers.run(collective_.size(), [&](int, int r) {
    if (r == collective_.rank()) return;
    for (const Solver::Section& section : solver_.sections()) {
      const Part theirs = solver_.part(section, r);
      for_own_subtrees([&](std::size_t, std::span<Gradients> subtree) {
        const View sent = subtree.front().values().subspan(theirs.first, theirs.count);
        std::fill(sent.begin(), sent.end(), Real{0});
      });
    }
  });
  for (Gradients& slot : gradients_) slot.take_samples();
  Solver::Sums sums;
  for (std::size_t s = 0; s < solver_.sections().size(); ++s) {
    sums[s] = std::span<Real* const>(sums_[s]).first(slots_);
  }
  return sums;
}

}  // namespace cnn
