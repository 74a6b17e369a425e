#include "optim/solver.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>

#include "cnn/error.hpp"

namespace cnn {
namespace {

// 4 KiB of each of 16 partial gradients stay in L2 while they are added up.
constexpr std::size_t kBlock = 1024;

// Moves the average a by the share 1 − d towards W: nowhere, to the last bit, where it is already.
void follow(Real share, std::size_t size, const Real* __restrict w, Real* __restrict a) {
  for (std::size_t i = 0; i < size; ++i) a[i] += share * (w[i] - a[i]);
}

// r ← (1 − β)·r + β·Σ/samples
void follow(double rate, CView sum, std::size_t samples, View r) {
  const Real rest = static_cast<Real>(1 - rate);
  const Real share = static_cast<Real>(rate / static_cast<double>(samples));
  for (std::size_t i = 0; i < r.size(); ++i) r[i] = rest * r[i] + share * sum[i];
}

constexpr double kClipMargin = 1e-6;

constexpr const char* kMisfit =
    "solver: needs gradients, and both these and the network as it was made for";

// In a fixed order, and with as many sums side by side as vector code wants.
double sum_of_squares(CView g) {
  constexpr std::size_t kLanes = 8;
  std::array<double, kLanes> sums{};
  std::size_t i = 0;
  for (; i + kLanes <= g.size(); i += kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) {
      sums[k] += static_cast<double>(g[i + k]) * static_cast<double>(g[i + k]);
    }
  }
  for (; i < g.size(); ++i) sums[0] += static_cast<double>(g[i]) * static_cast<double>(g[i]);
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

// sum ← sum + part,   part ← 0
void take_over(std::size_t size, Real* __restrict sum, Real* __restrict part) {
  for (std::size_t i = 0; i < size; ++i) {
    sum[i] += part[i];
    part[i] = 0;
  }
}

// The sum of n partial gradients over a fixed binary tree: for s = 1, 2, 4, … part i takes part
// i + s over, i being a multiple of 2s and i + s below n. An aligned power of two of parts is a
// subtree: whoever has it alone gets what the tree has of it, and gives it in place of its first
// part, and nullptr for the others. The sum takes the place of the first part, the others become
// zero. partial(i): where part i begins.
template <typename PartialSum>
View add_up(std::size_t n, const PartialSum& partial, std::size_t size) {
  for (std::size_t at = 0; at < size; at += kBlock) {
    const std::size_t block = std::min(kBlock, size - at);
    for (std::size_t s = 1; s < n; s *= 2) {
      for (std::size_t i = 0; i + s < n; i += 2 * s) {
        Real* const part = partial(i + s);
        if (part != nullptr) take_over(block, partial(i) + at, part + at);
      }
    }
  }
  return {partial(0), size};
}

}  // namespace

Solver::Solver(const Network& network, const SolverOptions& options, View average,
               Collective& collective)
    : collective_(collective),
      options_(options),
      size_(network.values().size()),
      average_(average) {
  if (!average.empty() && average.size() != size_) {
    throw ShapeError("solver: the average holds " + std::to_string(average.size()) +
                     " values, the network " + std::to_string(size_));
  }
  for (std::size_t i = 0; i < state_names().size(); ++i) states_.emplace_back(network);
  for (const Parameter& p : network.parameters()) {
    const LayerSpec& layer = network.nodes()[p.layer].spec;
    // Nothing reaches its gradient, and nothing moves it.
    if (!network.wants_gradient(p.layer + 1)) continue;
    const bool has_own_alpha = p.frozen || layer.alpha;
    const double alpha = p.frozen ? 0 : layer.alpha.value_or(options.alpha);
    const double lambda =
        p.kind == ParameterKind::weight ? layer.lambda.value_or(options.lambda) : 0.0;
    for (std::size_t at = 0; at < p.size; at += kChunk) {
      chunks_.push_back({p.layer, p.offset + at, std::min(kChunk, p.size - at), alpha,
                         has_own_alpha, lambda, p.is_learnt(), p.frozen, p.rate});
    }
  }
  squares_.resize(chunks_.size());
  for (const std::size_t layer : network.backward_pauses()) {
    const auto is_before = [&](const Chunk& chunk) { return chunk.layer < layer; };
    const auto chunk = std::ranges::partition_point(chunks_, is_before) - chunks_.begin();
    pauses_.push_back({layer, static_cast<std::size_t>(chunk)});
  }
  sections_ = sections(collective.worth_beside());
  find_own();
}

std::size_t Solver::worth_beside(int ranks) {
  constexpr std::size_t kChunksOfEach = 4;
  return static_cast<std::size_t>(ranks) * kChunksOfEach * kChunk * sizeof(Real);
}

std::vector<Solver::Section> Solver::sections(std::size_t worth_beside) const {
  std::vector<Section> sections;
  std::size_t end = chunks_.size();
  for (const Pause& pause : pauses_) {
    if (pause.chunk == end || sections.size() + 1 == kMostSections) continue;
    const Chunk& last = chunks_[end - 1];
    const std::size_t values = last.offset + last.size - chunks_[pause.chunk].offset;
    if (values * sizeof(Real) < worth_beside) continue;
    sections.push_back({pause.layer, {pause.chunk, end - pause.chunk}});
    end = pause.chunk;
  }
  sections.push_back({0, {0, end}});
  return sections;
}

void Solver::find_own() {
  for (std::size_t s = 0; s < sections_.size(); ++s) {
    const Part own = chunks_of(sections_[s], collective_.rank(), collective_.size());
    for (std::size_t i = 0; i < own.count; ++i) own_.push_back({own.first + i, s});
  }
}

void Solver::require_state(std::size_t i, const Parameter& p) const {
  if (i < states_.size() && p.offset <= size_ && p.size <= size_ - p.offset) return;
  throw ArgumentError("solver: keeps no state " + std::to_string(i) + " of '" + p.name + "'");
}

std::size_t Solver::bytes(const Network& network, const SolverOptions& options) {
  return options.rule->states.size() * network.values().size_bytes();
}

// Values, not chunks, are what ranks send: that of which the values before it are nearest to the
// rank's even share.
std::size_t Solver::first_chunk(const Section& section, int rank, int ranks) const {
  const auto [first, count] = section.chunks;
  if (count == 0) return first;
  const std::span<const Chunk> chunks = std::span<const Chunk>(chunks_).subspan(first, count);
  const auto end_of = [](const Chunk& chunk) { return chunk.offset + chunk.size; };
  const std::size_t begin = chunks.front().offset;
  const std::size_t all = end_of(chunks.back()) - begin;
  const std::size_t wanted =
      begin + all * static_cast<std::size_t>(rank) / static_cast<std::size_t>(ranks);
  const auto is_before = [&](const Chunk& chunk) {
    return chunk.offset + chunk.size / 2 < wanted || end_of(chunk) <= wanted;
  };
  return first +
         static_cast<std::size_t>(std::ranges::partition_point(chunks, is_before) - chunks.begin());
}

Part Solver::chunks_of(const Section& section, int rank, int ranks) const {
  const std::size_t first = first_chunk(section, rank, ranks);
  return {first, first_chunk(section, rank + 1, ranks) - first};
}

Part Solver::part(const Section& section, int rank, int ranks) const {
  const Part own = chunks_of(section, rank, ranks);
  if (own.count == 0) return {};
  const Chunk& first = chunks_[own.first];
  const Chunk& last = chunks_[own.first + own.count - 1];
  return {first.offset, last.offset + last.size - first.offset};
}

template <typename T, typename PartOf>
void Solver::all_gather(std::span<T> all, const PartOf& part_of) {
  if (collective_.is_alone()) return;
  sends_.clear();
  receives_.clear();
  for (const Section& section : sections_) {
    collective_.add_gather(
        all, [&](int rank) { return part_of(section, rank); }, sends_, receives_);
  }
  collective_.exchange(sends_, receives_);
}

// Adds the partial gradients up and returns what their sum is to be multiplied by. Its squares are
// added by chunks, and these in their order: the same norm for any number of threads and ranks.
template <typename PartialSum>
Real Solver::add_up_and_measure(std::size_t count, const PartialSum& partial, Workers& workers) {
  workers.run("reduce", static_cast<int>(own_.size()), [&](int, int task) {
    const auto [i, section] = own_[static_cast<std::size_t>(task)];
    const Chunk& chunk = chunks_[i];
    const CView sum = add_up(
        count, [&, s = section](std::size_t k) { return partial(k, chunk.offset, s); }, chunk.size);
    squares_[i] = chunk.learnt && !chunk.frozen ? sum_of_squares(sum) : 0;
  });
  all_gather(std::span(squares_), [this](const Section& section, int rank) {
    return chunks_of(section, rank, collective_.size());
  });
  const double norm = std::sqrt(std::accumulate(squares_.begin(), squares_.end(), 0.0));
  return static_cast<Real>(std::min(1.0, options_.clip / (norm + kClipMargin)));
}

void Solver::update(View w, CView g, const Chunk& chunk, std::uint64_t t, double schedule_factor) {
  SolverStep step{.options = options_,
                  .alpha = schedule_factor * chunk.alpha,
                  .lambda = chunk.lambda,
                  .t = static_cast<double>(t) + 1,
                  .g = g,
                  .states = {},
                  .w = w};
  for (std::size_t i = 0; i < states_.size(); ++i) {
    step.states[i] = states_[i].values().subspan(chunk.offset, chunk.size);
  }
  options_.rule->step(step);
}

void Solver::average(CView w, const Chunk& chunk, std::uint64_t t) {
  const double steps = static_cast<double>(t);
  const double decay = std::min(options_.ema, (1 + steps) / (10 + steps));
  follow(static_cast<Real>(1 - decay), chunk.size, w.data(), average_.data() + chunk.offset);
}

void Solver::require(std::span<const Gradients> gradients, std::size_t network_size) const {
  const auto fits = [&](const Gradients& partial) { return partial.values().size() == size_; };
  if (gradients.empty() || network_size != size_ ||
      !std::all_of(gradients.begin(), gradients.end(), fits)) {
    throw ArgumentError(kMisfit);
  }
}

void Solver::set_alpha(double alpha) {
  for (Chunk& chunk : chunks_) {
    if (!chunk.has_own_alpha) chunk.alpha = alpha;
  }
}

Gradients& Solver::reduce(std::span<Gradients> gradients, Workers& workers) {
  require(gradients, size_);
  workers.run("reduce", static_cast<int>(chunks_.size()), [&](int, int task) {
    const Chunk& chunk = chunks_[static_cast<std::size_t>(task)];
    add_up(
        gradients.size(),
        [&](std::size_t i) { return gradients[i].values().data() + chunk.offset; }, chunk.size);
  });
  std::size_t samples = 0;
  for (Gradients& partial : gradients) samples += partial.take_samples();
  gradients.front().count_samples(samples);
  return gradients.front();
}

void Solver::reduce_chunk(const Section& section, std::size_t i,
                          std::span<Gradients> gradients) const {
  const Chunk& chunk = chunks_[section.chunks.first + i];
  add_up(
      gradients.size(), [&](std::size_t k) { return gradients[k].values().data() + chunk.offset; },
      chunk.size);
}

void Solver::apply(Network& network, Gradients& sum, std::uint64_t t, double schedule_factor,
                   Workers& workers) {
  step(network, {&sum, 1}, t, schedule_factor, workers);
}

// partial(i, offset, section): where the values of part i from `offset` on begin, which lie in that
// section.
template <typename PartialSum>
void Solver::move(Network& network, std::size_t count, const PartialSum& partial,
                  std::size_t samples, std::uint64_t t, double schedule_factor, Workers& workers) {
  const bool clips = options_.clip > 0;
  const Real scale = clips ? add_up_and_measure(count, partial, workers) : 1;
  const std::size_t parts = clips ? 1 : count;
  // A chunk's values and states stay near the worker that moved them in the step before.
  workers.run_near("update", static_cast<int>(own_.size()), [&](int, int task) {
    const auto [i, section] = own_[static_cast<std::size_t>(task)];
    const Chunk& chunk = chunks_[i];
    const View sum = add_up(
        parts, [&, s = section](std::size_t k) { return partial(k, chunk.offset, s); }, chunk.size);
    const View w = network.values().subspan(chunk.offset, chunk.size);
    if (!chunk.learnt) {
      if (samples > 0 && chunk.rate > 0) follow(chunk.rate, sum, samples, w);
    } else if (!chunk.frozen) {
      if (scale < 1) {
        for (Real& g : sum) g *= scale;
      }
      update(w, sum, chunk, t, schedule_factor);
    }
    if (!average_.empty()) average(w, chunk, t);
    std::fill(sum.begin(), sum.end(), Real{0});
  });
  all_gather(network.values(),
             [this](const Section& section, int rank) { return part(section, rank); });
}

void Solver::step(Network& network, std::span<Gradients> gradients, std::uint64_t t,
                  double schedule_factor, Workers& workers) {
  require(gradients, network.values().size());
  std::size_t samples = 0;
  for (Gradients& partial : gradients) samples += partial.take_samples();
  const auto partial = [&](std::size_t i, std::size_t offset, std::size_t) {
    return gradients[i].values().data() + offset;
  };
  move(network, gradients.size(), partial, samples, t, schedule_factor, workers);
}

void Solver::step(Network& network, const Sums& sums, std::size_t samples, std::uint64_t t,
                  double schedule_factor, Workers& workers) {
  if (sums.front().empty() || network.values().size() != size_) throw ArgumentError(kMisfit);
  std::array<std::size_t, kMostSections> begins{};
  for (std::size_t s = 0; s < sections_.size(); ++s) {
    begins[s] = part(sections_[s], collective_.rank()).first;
  }
  const auto partial = [&](std::size_t i, std::size_t offset, std::size_t section) {
    Real* const sum = sums[section][i];
    return sum == nullptr ? nullptr : sum + (offset - begins[section]);
  };
  move(network, sums.front().size(), partial, samples, t, schedule_factor, workers);
}

void Solver::gather_average() {
  if (average_.empty()) return;
  all_gather(average_, [this](const Section& section, int rank) { return part(section, rank); });
}

void Solver::gather_states() {
  for (Gradients& state : states_) {
    for (const Section& section : sections_) {
      collective_.gather(state.values(),
                         [&](int rank) { return part(section, rank, collective_.size()); });
    }
  }
}

void Solver::broadcast() {
  for (Gradients& state : states_) collective_.broadcast(state.values());
  collective_.broadcast(average_);
}

}  // namespace cnn
