#include "apps/rank_plan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "cnn/error.hpp"

#include "apps/call_times.hpp"
#include "apps/random_training.hpp"
#include "base/collective.hpp"
#include "base/text.hpp"
#include "optim/slot_tree.hpp"
#include "optim/solver.hpp"
#include "run/train_step.hpp"

namespace cnn::app {
namespace {

// What TCP, IP and Ethernet leave of a link's rate: 1448 of 1538 bytes of a full frame, its gaps
// included.
constexpr double kPayload = 0.94;
// Seconds of a processor for each byte that is sent or received by TCP; fits runs over links of 0.3
// and 1 Gbit/s.
constexpr double kByteTime = 2e-9;

struct Unit {
  std::string_view name;
  double factor;
};

// The longer of two that end alike first.
constexpr std::array kRates = {Unit{"kbit", 1e3 / 8}, Unit{"Mbit", 1e6 / 8}, Unit{"Gbit", 1e9 / 8},
                               Unit{"bit", 1.0 / 8},  Unit{"kB", 1e3},       Unit{"MB", 1e6},
                               Unit{"GB", 1e9}};
constexpr std::array kTimes = {Unit{"ns", 1e-9}, Unit{"us", 1e-6}, Unit{"ms", 1e-3},
                               Unit{"s", 1.0}};

// Nothing if it is no number with one of the units.
std::optional<double> quantity(std::string_view text, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.name)) continue;
    const std::string_view digits = text.substr(0, text.size() - unit.name.size());
    double value = 0;
    const char* const end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, value, std::chars_format::fixed);
    if (result.ec != std::errc() || result.ptr != end || !(value >= 0 && std::isfinite(value)))
      return std::nullopt;
    return value * unit.factor;
  }
  return std::nullopt;
}

std::size_t groups_of(std::size_t batch) {
  return (batch + TrainStep::kGroup - 1) / TrainStep::kGroup;
}

// What the update costs one rank alone, in seconds.
struct UpdateTimes {
  double apply;  // of all parameters
  double add;    // of one gradient to another
};

UpdateTimes time_update(const BenchmarkSetup& setup, Solver& solver) {
  constexpr std::size_t kFewest = 3;
  Network& network = setup.network;
  std::vector<Gradients> gradients;
  for (int i = 0; i < 2; ++i) gradients.emplace_back(network);
  const double part = setup.seconds / 8;
  const auto add = [&] { solver.reduce(gradients, setup.workers); };
  const auto apply = [&] { solver.apply(network, gradients[0], 0, 0, setup.workers); };
  const double adding = undisturbed(time_calls(part, kFewest, add));
  return {undisturbed(time_calls(part, kFewest, apply)), adding};
}

// Of steps of so many images on the workers.
double time_step(const BenchmarkSetup& setup, std::size_t images, double seconds) {
  RandomTraining training(setup.config, setup.network, images, setup.workers);
  training.step(0);
  return undisturbed(time_calls(seconds, 2, [&] { training.step(0); }));
}

// The share of a pass, forward and backward, that layers before this one have of its way back.
double share_before(const std::vector<LayerTimes>& layers, std::size_t layer) {
  double all = 0;
  double before = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    all += layers[i].forward_ms + layers[i].backward_ms;
    if (i < layer) before += layers[i].backward_ms;
  }
  return all > 0 ? before / all : 0;
}

// `pass`: seconds of the last pass of a step.
Message message_of(const BenchmarkSetup& setup, const std::vector<LayerTimes>& layers,
                   const Solver& solver, std::size_t ranks, double pass) {
  constexpr double kResult = 16;  // bytes of an image's loss and class
  constexpr auto kChunk = static_cast<double>(Solver::kChunk);  // share a sum of squares
  const double values = static_cast<double>(setup.network.values().size());
  const bool clips = setup.config.training.solver.clip > 0;
  Message message{.results = kResult * static_cast<double>(setup.batch),
                  .norms = clips ? values / kChunk * sizeof(double) : 0};
  message.byte_time = kByteTime / static_cast<double>(setup.workers.count());
  const auto number = static_cast<int>(ranks);
  for (const Solver::Section& section : solver.sections(Solver::worth_beside(number))) {
    std::size_t most = 0;
    for (int r = 0; r < number; ++r) most = std::max(most, solver.part(section, r, number).count);
    const double part = static_cast<double>(most) * sizeof(Real);
    message.part += part;
    if (section.layer == 0) continue;
    message.early.push_back({part, pass * share_before(layers, section.layer)});
  }
  return message;
}

}  // namespace

Link parse_link(std::string_view text) {
  const std::size_t comma = text.find(',');
  if (comma != std::string_view::npos) {
    const auto rate = quantity(text.substr(0, comma), kRates);
    const auto latency = quantity(text.substr(comma + 1), kTimes);
    if (rate && *rate > 0 && latency) return {*rate, *latency};
  }
  throw ConfigError(
      "--link: error: expected a rate (bit, kbit, Mbit, Gbit, kB, MB, GB per second) "
      "and a latency (ns, us, ms, s), as 10Gbit,100us, found " +
      in_quotes(text));
}

std::size_t most_useful_ranks(std::size_t batch) {
  return static_cast<std::size_t>(TrainStep::most_ranks(batch));
}

RankShare share_of_ranks(std::size_t batch, std::size_t ranks) {
  const std::size_t groups = groups_of(batch);
  const std::size_t slots = most_useful_ranks(batch);
  RankShare share;
  std::size_t all = 0;
  std::size_t fewest = slots;
  for (int r = 0; r < static_cast<int>(ranks); ++r) {
    const Part own = even_part(slots, r, static_cast<int>(ranks));
    const std::size_t rest = groups % slots;
    const std::size_t more = rest > own.first ? std::min(rest - own.first, own.count) : 0;
    std::size_t sums = 0;
    for_subtrees(own, slots, [&](std::size_t, std::size_t) { ++sums; });
    share.groups = std::max(share.groups, groups / slots * own.count + more);
    share.sent = std::max(share.sent, sums);
    all += sums;
    fewest = std::min(fewest, sums);
  }
  share.received = all - fewest;
  return share;
}

double exchange_seconds(const Message& message, const RankShare& share, std::size_t ranks,
                        const Link& link) {
  if (ranks == 1) return 0;
  const auto n = static_cast<double>(ranks);
  const double others = (n - 1) / n;
  const auto turns = [&](double part) {
    const auto bytes = static_cast<std::size_t>(part);
    return Collective::takes_turns(static_cast<int>(ranks), bytes) ? n - 1 : 1;
  };
  const auto phase = [&](double bytes, double latencies) {
    return latencies * link.latency + bytes / (kPayload * link.bytes_per_second);
  };
  const double out = static_cast<double>(share.sent) * (n - 1);
  const auto in = static_cast<double>(share.received);
  double late = message.part;
  double early_time = 0;
  double end = -std::numeric_limits<double>::infinity();  // of what is early; computation ends at 0
  for (const Message::Early& early : message.early) {
    const double seconds = phase(early.part * std::max(out, in), turns(early.part));
    end = std::max(end, -early.ahead) + seconds;
    early_time += seconds;
    late -= early.part;
  }
  const double waiting = std::max(end, 0.0);
  // Of the time of a message beside computation; both ways at once.
  const double lost = std::min(1.0, 2 * message.byte_time * kPayload * link.bytes_per_second);
  return waiting + std::max(early_time - waiting, 0.0) * lost +
         phase(message.results * others + late * std::max(out, in), turns(late)) +
         (message.norms > 0 ? phase(message.norms * others, 1) : 0) +
         phase(message.part * (n - 1), turns(message.part));
}

RankPlan plan_ranks(const BenchmarkSetup& setup, const std::vector<LayerTimes>& layers,
                    const std::vector<int>& ranks, const Link& link) {
  RankPlan plan{
      .batch = setup.batch, .asked = static_cast<std::size_t>(ranks.back()), .estimates = {}};
  const std::size_t last = std::min(plan.asked, most_useful_ranks(setup.batch));
  std::map<std::size_t, double> step_of_groups;
  for (std::size_t n = 1; n <= last; ++n) step_of_groups[share_of_ranks(setup.batch, n).groups] = 0;
  for (auto& [groups, seconds] : step_of_groups) {
    const std::size_t images = std::min(setup.batch, groups * TrainStep::kGroup);
    seconds = time_step(setup, images, setup.seconds / static_cast<double>(step_of_groups.size()));
  }
  const SolverOptions& options = setup.config.training.solver;
  std::vector<Real> average;
  if (options.ema != 0) {
    average.assign(setup.network.values().begin(), setup.network.values().end());
  }
  Solver solver(setup.network, options, average);
  const UpdateTimes update = time_update(setup, solver);
  double alone = 0;
  for (std::size_t n = 1; n <= last; ++n) {
    const RankShare share = share_of_ranks(setup.batch, n);
    const auto number = static_cast<double>(n);
    // Each rank updates its part alone, and adds up what it has received for it.
    const double saved = update.apply * (1 - 1 / number) -
                         update.add * static_cast<double>(n > 1 ? share.received : 0) / number;
    RankEstimate estimate{.ranks = n};
    const double step = step_of_groups[share.groups];
    const auto threads = static_cast<std::size_t>(setup.workers.count());
    const std::size_t passes = (share.groups + threads - 1) / threads;
    const double pass = std::max(0.0, step - update.apply) / static_cast<double>(passes);
    const Message message = message_of(setup, layers, solver, n, pass);
    estimate.exchange = exchange_seconds(message, share, n, link);
    estimate.seconds = step - saved + estimate.exchange;
    if (n == 1) alone = estimate.seconds;
    estimate.efficiency = alone / estimate.seconds / number;
    if (n == 1 || estimate.seconds < plan.best.seconds) plan.best = estimate;
    if (std::ranges::binary_search(ranks, static_cast<int>(n))) plan.estimates.push_back(estimate);
  }
  return plan;
}

std::string rank_plan_text(const RankPlan& plan) {
  std::string text = fmt::format(
      "\nan estimate of training on several ranks, from steps of their shares of the batch and a "
      "model of the exchange\n\n{:>7} {:>11} {:>11} {:>11} {:>12}\n",
      "ranks", "images/s", "ms a step", "exchange ms", "efficiency");
  for (const RankEstimate& e : plan.estimates) {
    text += fmt::format("{:>7} {:>11.0f} {:>11.3f} {:>11.3f} {:>10.0f} %\n", e.ranks,
                        static_cast<double>(plan.batch) / e.seconds, 1e3 * e.seconds,
                        1e3 * e.exchange, 100 * e.efficiency);
  }
  text += fmt::format("fastest: {} rank{}\n", plan.best.ranks, plan.best.ranks == 1 ? "" : "s");
  const std::size_t most = most_useful_ranks(plan.batch);
  if (plan.asked > most) {
    text += fmt::format("a batch of {} images is work for at most {} ranks{}\n", plan.batch, most,
                        most < TrainStep::kSlots ? "; a larger --batch is work for more" : "");
  }
  return text;
}

}  // namespace cnn::app
