#include "nn/shared_pass.hpp"

#include <algorithm>
#include <utility>

#include "cnn/error.hpp"

namespace cnn {
namespace {

// So many parts of a gradient are added one after the other: while one worker adds the second, the
// next one adds its own to the first.
constexpr int kGradientParts = 4;

// The next one's turn comes in any case, also if this one throws: nobody may wait for ever.
class Turn {
 public:
  // turns: of each part of the gradient; range: the parts that are added to
  Turn(std::atomic<std::size_t>* turns, std::size_t own, PartOf::Range range)
      : turns_(turns), own_(own), part_(range.first), end_(range.last) {}
  ~Turn() {
    while (part_ < end_) pass();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // For the next part, which pass then leaves to the next one.
  void wait() const {
    const std::atomic<std::size_t>& turn = turns_[part_];
    for (std::size_t now = turn.load(std::memory_order_acquire); now != own_;
         now = turn.load(std::memory_order_acquire)) {
      turn.wait(now, std::memory_order_acquire);
    }
  }
  void pass() {
    wait();
    turns_[part_].store(own_ + 1, std::memory_order_release);
    turns_[part_].notify_all();
    ++part_;
  }
  PartOf part() const { return {part_, kGradientParts}; }
  bool is_over() const { return part_ == end_; }

 private:
  std::atomic<std::size_t>* turns_;
  std::size_t own_;
  int part_;
  int end_;
};

std::size_t most_samples(std::span<const SharedPass::Group> groups) {
  std::size_t most = 0;
  for (const SharedPass::Group& group : groups) most = std::max(most, group.n);
  return most;
}

std::size_t divided_up(std::size_t n, std::size_t by) {
  return (n + by - 1) / by;
}

// A layer that is active and has an input that wants a gradient.
bool sends_back(const Network& network, std::size_t layer) {
  const auto wants = [&](std::size_t tensor) { return network.wants_gradient(tensor); };
  return wants(layer + 1) && std::ranges::any_of(network.nodes()[layer].inputs, wants);
}

// Whether many threads would have nothing to do while others do the last of these tasks.
bool leaves_idle(int tasks, int threads) {
  constexpr double kEnough = 0.8;
  const int rounds = (tasks + threads - 1) / threads;
  return tasks < kEnough * rounds * threads;
}

}  // namespace

SharedPass::SharedPass(const Network& network, Workers& workers, std::size_t workspaces,
                       std::vector<std::size_t> pauses)
    : network_(network),
      workers_(workers),
      workspaces_(workspaces),
      pauses_(std::move(pauses)),
      pieces_(pauses_.size() + 1),
      turns_(std::make_unique<std::atomic<std::size_t>[]>(workspaces * kGradientParts)) {
  find_forward();
  find_by_channels();
  find_backward();
  for (auto i = workspaces; i < static_cast<std::size_t>(workers.count()); ++i) {
    scratch_.emplace_back(network);
  }
}

std::size_t SharedPass::bytes(const Network& network, std::size_t workers, std::size_t workspaces) {
  return workers > workspaces ? (workers - workspaces) * Scratch::bytes(network) : 0;
}

void SharedPass::add_stage(std::vector<Stage>& stages, std::size_t layer, Cut cut, bool apart) {
  const bool joins = !apart && cut == Cut::samples && !stages.empty() && stages.back().cut == cut &&
                     (stages.back().end == layer || stages.back().begin == layer + 1);
  if (!joins) {
    stages.push_back({layer, layer + 1, cut});
    return;
  }
  stages.back().begin = std::min(stages.back().begin, layer);
  stages.back().end = std::max(stages.back().end, layer + 1);
}

// Nobody waits for layers that are merged into the one before.
void SharedPass::leave_out_merged(std::vector<Stage>& stages) const {
  std::erase_if(stages, [&](const Stage& stage) {
    const std::span layers =
        std::span(network_.nodes()).subspan(stage.begin, stage.end - stage.begin);
    return std::ranges::all_of(layers, &Network::Node::is_merged);
  });
}

void SharedPass::name_stages(std::vector<Stage>& stages, std::string_view way) const {
  const auto layer = [&](std::size_t i) { return network_.nodes()[i].spec.name; };
  for (Stage& stage : stages) {
    stage.name = std::string(way) + " " + layer(stage.begin);
    if (stage.end > stage.begin + 1) stage.name += " to " + layer(stage.end - 1);
    stage.packing = stage.name + ", weights";
  }
}

void SharedPass::find_forward() {
  for (std::size_t i = 0; i < network_.nodes().size(); ++i) {
    const LayerPlan& plan = network_.nodes()[i].plan;
    Cut cut = Cut::samples;
    if (plan.sharing == Sharing::pieces) {
      cut = Cut::pieces;
    } else if (plan.couples_samples) {
      cut = Cut::group;
    } else if (plan.prefers_all_samples) {
      cut = plan.sharing == Sharing::ordered_gradients ? Cut::unit : Cut::group;
    }
    add_stage(forward_, i, cut);
  }
  leave_out_merged(forward_);
  name_stages(forward_, "forward");
}

void SharedPass::find_by_channels() {
  for (std::size_t i = 0; i < network_.nodes().size(); ++i) {
    const LayerPlan& plan = network_.nodes()[i].plan;
    const auto channels_before = [&] {
      return network_.nodes()[by_channels_.back().begin].plan.output.channels;
    };
    const bool joins = plan.channel_cut == ChannelCut::own && !by_channels_.empty() &&
                       by_channels_.back().cut == Cut::channels &&
                       plan.output.channels == channels_before();
    if (joins) {
      by_channels_.back().end = i + 1;
    } else if (plan.channel_cut != ChannelCut::none) {
      by_channels_.push_back({i, i + 1, Cut::channels});
    } else {
      const bool whole = plan.sharing != Sharing::pieces;
      by_channels_.push_back({i, i + 1, whole ? Cut::group : Cut::pieces});
    }
  }
  name_stages(by_channels_, "forward");
}

// A layer whose backward does anything.
bool SharedPass::is_active(std::size_t layer) const {
  return network_.wants_gradient(layer + 1);
}

// Each task has some of them, as a call costs something beside its pieces: a layer makes about two
// tasks for each worker.
void SharedPass::add_pieces(std::size_t layer, std::vector<Piece>& pieces) const {
  const std::size_t count = network_.nodes()[layer].plan.pieces;
  const auto tasks = 2 * static_cast<std::size_t>(workers_.count());
  const std::size_t together = std::max<std::size_t>(1, count * workspaces_ / tasks);
  for (std::size_t first = 0; first < count; first += together) {
    pieces.push_back({layer, {first, std::min(first + together, count)}});
  }
}

void SharedPass::find_backward() {
  std::size_t pause = 0;
  for (std::size_t i = network_.nodes().size(); i-- > 0;) {
    const bool pauses = pause < pauses_.size() && i < pauses_[pause];
    if (pauses) ++pause;
    if (!is_active(i)) continue;
    const Network::Node& node = network_.nodes()[i];
    const LayerPlan& plan = node.plan;
    // A piece of a layer cannot tell which part of a share it has assigned.
    const bool adds = std::ranges::find(node.adds_share, true) != node.adds_share.end();
    Cut cut = Cut::group;
    if (plan.sharing == Sharing::pieces) {
      cut = adds ? Cut::group : Cut::pieces;
    } else if (plan.sharing == Sharing::ordered_gradients) {
      cut = Cut::unit;
    } else if (plan.sharing == Sharing::gradient_pieces) {
      cut = Cut::samples;
      add_pieces(i, pieces_[pause]);
    } else if (plan.parameters.empty() && !plan.takes_all_samples(Phase::train)) {
      cut = Cut::samples;
    }
    add_stage(backward_, i, cut, pauses);
  }
  leave_out_merged(backward_);
  name_stages(backward_, "backward");
  const auto work = [&](const Piece& piece) {
    const LayerPlan& plan = network_.nodes()[piece.layer].plan;
    const auto count = static_cast<std::int64_t>(piece.pieces.last - piece.pieces.first);
    return plan.multiply_adds * count / static_cast<std::int64_t>(plan.pieces);
  };
  for (std::vector<Piece>& pieces : pieces_) {
    std::ranges::stable_sort(pieces, std::ranges::greater(), work);
  }
}

int SharedPass::tasks(std::span<const Group> groups, std::size_t block) {
  return static_cast<int>(divided_up(most_samples(groups), block) * groups.size());
}

SharedPass::Block SharedPass::block_of(std::span<const Group> groups, int task, std::size_t block) {
  const auto number = static_cast<std::size_t>(task);
  const std::size_t of_each = divided_up(most_samples(groups), block);
  const std::size_t group = number / of_each;
  const std::size_t index = number % of_each;
  const std::size_t first = std::min(index * block, groups[group].n);
  return {group, index, {first, std::min(block, groups[group].n - first)}};
}

SharedPass::Block SharedPass::alternating_block_of(std::span<const Group> groups, int task,
                                                   std::size_t block) {
  const auto number = static_cast<std::size_t>(task);
  const std::size_t of_each = divided_up(most_samples(groups), block);
  const std::size_t at = number % groups.size() * of_each + number / groups.size();
  return block_of(groups, static_cast<int>(at), block);
}

// Several tasks for each worker: processors are not equally fast at every moment, and who is done
// early takes what another one has not begun.
std::size_t SharedPass::samples_of_a_task(std::span<const Group> groups, std::size_t unit) const {
  constexpr std::size_t kTasksOfEach = 4;
  std::size_t all = 0;
  for (const Group& group : groups) all += group.n;
  const std::size_t tasks = kTasksOfEach * static_cast<std::size_t>(workers_.count());
  return std::max<std::size_t>(1, all / (tasks * unit)) * unit;
}

Scratch& SharedPass::scratch_of(std::span<Workspace> workspaces, int worker) {
  const auto i = static_cast<std::size_t>(worker);
  return i < workspaces_ ? workspaces[i].scratch() : scratch_[i - workspaces_];
}

// What the layer makes of its weights, by all workers, for so many tasks: in the scratch of the
// first, whose own calls, given it, do not touch it. Nothing where no two tasks would share it.
CView SharedPass::packed(const Stage& stage, Way way, std::span<Workspace> workspaces, int tasks) {
  if (stage.cut != Cut::unit || tasks < 2) return {};
  Scratch& to = workspaces.front().scratch();
  const int parts = workers_.count();
  workers_.run_near(stage.packing, parts, [&](int worker, int task) {
    network_.pack(stage.begin, way, {task, parts}, scratch_of(workspaces, worker), to);
  });
  return network_.packed(stage.begin, way, to);
}

void SharedPass::forward_pieces(const Stage& stage, std::span<Workspace> workspaces,
                                std::span<const Group> groups) {
  const std::size_t pieces = network_.nodes()[stage.begin].plan.pieces;
  const auto all = static_cast<int>(groups.size() * pieces);
  workers_.run_near(stage.name, all, [&](int worker, int task) {
    const std::size_t k = static_cast<std::size_t>(task) / pieces;
    const std::size_t piece = static_cast<std::size_t>(task) % pieces;
    network_.forward_part(stage.begin, workspaces[k], scratch_of(workspaces, worker),
                          {.samples = {0, groups[k].n}, .pieces = {piece, piece + 1}},
                          groups[k].position);
  });
}

void SharedPass::forward(std::span<Workspace> workspaces, std::span<const Group> groups) {
  if (workspaces.front().phase() == Phase::evaluate) {
    if (most_samples(groups) > 1) throw ArgumentError("shared pass: evaluates single samples");
    return forward_by_channels(workspaces, groups);
  }
  for (const Stage& stage : forward_) {
    if (stage.cut == Cut::pieces) {
      forward_pieces(stage, workspaces, groups);
      continue;
    }
    const LayerPlan& plan = network_.nodes()[stage.begin].plan;
    const std::size_t block = stage.cut == Cut::samples ? Network::kBlock
                              : stage.cut == Cut::unit
                                  ? samples_of_a_task(groups, plan.unit / plan.pieces)
                                  : most_samples(groups);
    const int all = tasks(groups, block);
    const CView weights = packed(stage, Way::forward, workspaces, all);
    workers_.run_near(stage.name, all, [&](int worker, int task) {
      const Block part = block_of(groups, task, block);
      if (part.samples.count == 0) return;
      for (std::size_t i = stage.begin; i < stage.end; ++i) {
        network_.forward_part(i, workspaces[part.group], scratch_of(workspaces, worker),
                              {.samples = part.samples, .packed = weights},
                              groups[part.group].position);
      }
    });
  }
}

// So many that each worker has one, unless there are not channels enough or the work is not worth
// the barrier.
std::size_t SharedPass::parts_of(const Stage& stage, std::size_t samples) const {
  constexpr std::int64_t kLeast = 1 << 15;  // multiplications, some microseconds
  std::int64_t work = 0;
  std::size_t step = 1;
  std::size_t channels = 1;
  for (std::size_t i = stage.begin; i < stage.end; ++i) {
    const LayerPlan& plan = network_.nodes()[i].plan;
    work += plan.multiply_adds + static_cast<std::int64_t>(plan.output.size());
    step = std::max(step, plan.channel_step);
    channels = static_cast<std::size_t>(plan.output.channels);
  }
  const auto workers = static_cast<std::size_t>(workers_.count());
  const auto worthwhile = static_cast<std::size_t>(std::max<std::int64_t>(1, work / kLeast));
  return std::min({divided_up(workers, samples), divided_up(channels, step), worthwhile});
}

Channels SharedPass::channels_of(const Stage& stage, std::size_t part, std::size_t parts) const {
  if (parts == 1) return {};
  const LayerPlan& plan = network_.nodes()[stage.begin].plan;
  const auto channels = static_cast<std::size_t>(plan.output.channels);
  const std::size_t steps = divided_up(channels, plan.channel_step);
  const auto bound = [&](std::size_t k) {
    return std::min(steps * k / parts * plan.channel_step, channels);
  };
  return {bound(part), bound(part + 1)};
}

void SharedPass::forward_by_channels(std::span<Workspace> workspaces,
                                     std::span<const Group> groups) {
  for (const Stage& stage : by_channels_) {
    if (stage.cut == Cut::pieces) {
      forward_pieces(stage, workspaces, groups);
      continue;
    }
    const std::size_t parts = stage.cut == Cut::channels ? parts_of(stage, groups.size()) : 1;
    const auto all = static_cast<int>(parts * groups.size());
    workers_.run_near(stage.name, all, [&](int worker, int task) {
      const std::size_t k = static_cast<std::size_t>(task) / parts;
      const Channels channels = channels_of(stage, static_cast<std::size_t>(task) % parts, parts);
      for (std::size_t i = stage.begin; i < stage.end; ++i) {
        network_.forward_part(i, workspaces[k], scratch_of(workspaces, worker),
                              {.samples = {0, groups[k].n}, .channels = channels},
                              groups[k].position);
      }
    });
  }
}

void SharedPass::count_samples(std::span<const Group> groups) {
  for (const Group& group : groups) group.gradients->count_samples(group.n);
}

void SharedPass::backward_stage(const Stage& stage, std::span<Workspace> workspaces,
                                std::span<const Group> groups) {
  switch (stage.cut) {
    case Cut::samples:
      return backward_samples(stage, workspaces, groups);
    case Cut::unit:
      return backward_in_turn(stage, workspaces, groups);
    case Cut::pieces:
      return backward_pieces(stage, workspaces, groups);
    case Cut::group:
      return backward_groups(stage, workspaces, groups);
    case Cut::channels:  // of forward alone
      return;
  }
}

void SharedPass::backward_samples(const Stage& stage, std::span<Workspace> workspaces,
                                  std::span<const Group> groups) {
  workers_.run_near(stage.name, tasks(groups, Network::kBlock), [&](int worker, int task) {
    const Block part = block_of(groups, task, Network::kBlock);
    if (part.samples.count == 0) return;
    for (std::size_t i = stage.end; i-- > stage.begin;) {
      if (!sends_back(network_, i)) continue;
      network_.backward_part(i, workspaces[part.group], scratch_of(workspaces, worker),
                             {.samples = part.samples}, nullptr);
    }
  });
}

// Where there are not shares enough for all workers, dinputs are tasks of their own, and, where
// there are not even half as many, so is each half of a share: doutput is then transformed twice or
// three times.
void SharedPass::backward_in_turn(const Stage& stage, std::span<Workspace> workspaces,
                                  std::span<const Group> groups) {
  const std::size_t layer = stage.begin;
  const LayerPlan& plan = network_.nodes()[layer].plan;
  const int shares = tasks(groups, plan.unit);
  const bool apart = sends_back(network_, layer) && leaves_idle(shares, workers_.count());
  const int halves = 2 * shares <= workers_.count() ? 2 : 1;
  const std::size_t block = samples_of_a_task(groups, plan.unit / plan.pieces);
  for (std::size_t k = 0; k < groups.size() * kGradientParts; ++k) turns_[k].store(0);
  const int all = shares * halves + (apart ? tasks(groups, block) : 0);
  const CView weights =
      sends_back(network_, layer) ? packed(stage, Way::back, workspaces, all) : CView();
  const auto body = [&](int worker, int task) {
    Scratch& scratch = scratch_of(workspaces, worker);
    if (task >= shares * halves) {
      const Block part = alternating_block_of(groups, task - shares * halves, block);
      if (part.samples.count == 0) return;
      network_.backward_part(layer, workspaces[part.group], scratch,
                             {.samples = part.samples, .pieces = {0, 0}, .packed = weights},
                             nullptr);
      return;
    }
    const Block part = alternating_block_of(groups, task / halves, plan.unit);
    if (part.samples.count == 0) return;
    const PartOf half{task % halves, halves};
    Turn turn(&turns_[part.group * kGradientParts], part.index, half.range(kGradientParts));
    network_.backward_part(
        layer, workspaces[part.group], scratch,
        {.samples = part.samples, .wants_dinputs = !apart, .packed = weights, .half = half},
        nullptr);
    turn.wait();
    workers_.note_line(2 * part.group + static_cast<std::size_t>(half.number),
                       kGradientParts / halves);
    while (!turn.is_over()) {
      turn.wait();
      network_.add_gradients(layer, workspaces[part.group], scratch, part.samples, turn.part(),
                             *groups[part.group].gradients);
      turn.pass();
    }
  };
  // With several shares for each, the next worker would wait for the last of them.
  if (all <= workers_.count()) {
    workers_.run_near(stage.name, all, body);
  } else {
    workers_.run(stage.name, all, body);
  }
}

void SharedPass::backward_pieces(const Stage& stage, std::span<Workspace> workspaces,
                                 std::span<const Group> groups) {
  const std::size_t layer = stage.begin;
  const std::size_t pieces = network_.nodes()[layer].plan.pieces;
  const auto all = static_cast<int>(groups.size() * pieces);
  workers_.run_near(stage.name, all, [&](int worker, int task) {
    const std::size_t k = static_cast<std::size_t>(task) / pieces;
    const std::size_t piece = static_cast<std::size_t>(task) % pieces;
    network_.backward_part(layer, workspaces[k], scratch_of(workspaces, worker),
                           {.samples = {0, groups[k].n}, .pieces = {piece, piece + 1}},
                           groups[k].gradients);
  });
}

void SharedPass::backward_groups(const Stage& stage, std::span<Workspace> workspaces,
                                 std::span<const Group> groups) {
  const std::size_t layer = stage.begin;
  const bool whole = network_.nodes()[layer].plan.takes_all_samples(Phase::train);
  workers_.run_near(stage.name, static_cast<int>(groups.size()), [&](int worker, int task) {
    const auto k = static_cast<std::size_t>(task);
    const std::size_t block = whole ? groups[k].n : Network::kBlock;
    for (std::size_t first = 0; first < groups[k].n; first += block) {
      network_.backward_part(layer, workspaces[k], scratch_of(workspaces, worker),
                             {.samples = {first, std::min(block, groups[k].n - first)}},
                             groups[k].gradients);
    }
  });
}

void SharedPass::add_gradients(std::size_t pause, std::span<Workspace> workspaces,
                               std::span<const Group> groups) {
  const std::vector<Piece>& pieces = pieces_[pause];
  const auto tasks = static_cast<int>(groups.size() * pieces.size());
  workers_.run_near("backward, weights", tasks, [&](int worker, int task) {
    const std::size_t k = static_cast<std::size_t>(task) % groups.size();
    const Piece& piece = pieces[static_cast<std::size_t>(task) / groups.size()];
    network_.backward_part(
        piece.layer, workspaces[k], scratch_of(workspaces, worker),
        {.samples = {0, groups[k].n}, .pieces = piece.pieces, .wants_dinputs = false},
        groups[k].gradients);
  });
}

}  // namespace cnn
