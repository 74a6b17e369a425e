#include "apps/simulation.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "apps/call_times.hpp"
#include "apps/random_training.hpp"
#include "apps/step_times.hpp"
#include "run/train_step.hpp"

namespace cnn::app {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Steps on one thread, timed task by task, that are cut as for `threads`.
class LoggedTraining {
 public:
  LoggedTraining(const BenchmarkSetup& setup, int threads)
      : workers_(threads, clock_), training_(setup.config, setup.network, setup.batch, workers_) {}

  StepTimes step() {
    clock_.begin_step();
    training_.step(0);
    return clock_.end_step();
  }

 private:
  StepClock clock_;
  Workers workers_;
  RandomTraining training_;
};

struct Measured {
  StepTimes step;                 // task by task
  StepTimes one;                  // of one thread, by turns with it
  std::optional<double> seconds;  // of one on real threads
};

// As many steps of each as fit into the time, but some. They take turns; the first of a turn, which
// finds threads asleep and what others left in the caches, does not count.
Measured measure(const BenchmarkSetup& setup, LoggedTraining& one, int threads, double seconds) {
  constexpr std::size_t kFewest = 3;
  constexpr int kStepsOfATurn = 3;
  constexpr std::size_t kMost = 300;  // more make no better figures
  LoggedTraining logged(setup, threads);
  std::optional<Workers> workers;
  std::optional<RandomTraining> real;
  if (threads <= Workers::available()) {
    real.emplace(setup.config, setup.network, setup.batch, workers.emplace(threads));
    real->step(0);
  }
  std::vector<StepTimes> steps;
  std::vector<StepTimes> steps_of_one;
  std::vector<double> real_seconds;
  const Clock::time_point begin = Clock::now();
  while (steps.size() < kFewest || (steps.size() < kMost && seconds_since(begin) < seconds)) {
    logged.step();
    for (int i = 0; i < kStepsOfATurn; ++i) steps.push_back(logged.step());
    if (threads > 1) one.step();
    for (int i = 0; i < kStepsOfATurn && threads > 1; ++i) steps_of_one.push_back(one.step());
    if (!real) continue;
    real->step(0);
    for (int i = 0; i < kStepsOfATurn; ++i) {
      const Clock::time_point before = Clock::now();
      real->step(0);
      real_seconds.push_back(seconds_since(before));
    }
  }
  Measured result{undisturbed(steps), undisturbed(threads > 1 ? steps_of_one : steps), {}};
  if (real) result.seconds = undisturbed(std::move(real_seconds));
  return result;
}

// Stages of one name are one.
std::vector<StageEstimate> estimate_stages(const StepTimes& step, int threads,
                                           const HandOver& cost) {
  std::vector<StageEstimate> estimates;
  for (const StageTimes& stage : step.stages) {
    auto at = std::ranges::find(estimates, stage.name, &StageEstimate::name);
    if (at == estimates.end()) at = estimates.insert(at, StageEstimate{.name = stage.name});
    at->work += stage.sum();
    at->seconds += stage_seconds(stage, threads, cost);
  }
  estimates.push_back({"between stages", step.between, step.between});
  return estimates;
}

std::string line(const ThreadsEstimate& e, double one) {
  const std::string measured = e.measured ? fmt::format("{:.0f}", *e.measured) : "-";
  return fmt::format("{:>7} {:>11.0f} {:>9.2f} {:>10.0f} % {:>10}\n", e.threads,
                     e.images_per_second, e.images_per_second / one, 100 * e.efficiency, measured);
}

// A column for each number of threads that is a power of two; rows of what loses most.
std::string table_of_stages(const std::vector<ThreadsEstimate>& estimates) {
  constexpr std::size_t kRows = 12;
  std::vector<const ThreadsEstimate*> columns;
  for (const ThreadsEstimate& e : estimates) {
    if (e.threads > 1 && (e.threads & (e.threads - 1)) == 0) columns.push_back(&e);
  }
  if (columns.empty()) columns.push_back(&estimates.back());
  const ThreadsEstimate& last = *columns.back();
  const auto loss = [&](const StageEstimate& stage) {
    return stage.seconds - stage.work / last.threads;
  };
  std::vector<double> losses;
  double work = 0;
  for (const StageEstimate& stage : last.stages) {
    losses.push_back(loss(stage));
    work += stage.work;
  }
  std::ranges::sort(losses, std::ranges::greater());
  const double least = losses.size() > kRows ? losses[kRows - 1] : losses.back();

  std::string text = fmt::format("{:<40} {:>7}", "efficiency of stages", "work");
  for (const ThreadsEstimate* e : columns) text += fmt::format(" {:>7}", e->threads);
  text += "\n";
  for (const StageEstimate& row : last.stages) {
    if (loss(row) < least) continue;
    text += fmt::format("{:<40} {:>5.1f} %", row.name, 100 * row.work / work);
    for (const ThreadsEstimate* e : columns) {
      const auto at = std::ranges::find(e->stages, row.name, &StageEstimate::name);
      const bool has = at != e->stages.end() && at->seconds > 0;
      text += has ? fmt::format(" {:>5.0f} %", 100 * at->work / at->seconds / e->threads)
                  : fmt::format(" {:>7}", "-");
    }
    text += "\n";
  }
  if (losses.size() > kRows) {
    text += fmt::format("(the {} of {} that lose most on {} threads)\n", kRows, losses.size(),
                        last.threads);
  }
  return text;
}

}  // namespace

double step_traffic(const Network& network, std::size_t batch, std::size_t states) {
  double per_sample = 0;
  for (std::size_t i = 0; i < network.nodes().size(); ++i) {
    const LayerPlan& plan = network.nodes()[i].plan;
    const auto output = static_cast<double>(plan.output.size() * sizeof(Real));
    const bool has_gradient = network.wants_gradient(i + 1) && !network.returns_in_place(i);
    per_sample += 2 * static_cast<double>(plan.saved_bytes_per_sample);
    per_sample += network.works_in_place(i) ? 0 : 2 * output;
    per_sample += has_gradient ? 2 * output : 0;
  }
  const double groups = static_cast<double>((batch + TrainStep::kGroup - 1) / TrainStep::kGroup);
  const double slots = std::min(groups, static_cast<double>(TrainStep::kSlots));
  const double values = static_cast<double>(network.values().size_bytes());
  // A group reads values twice, and reads and writes gradients; the update reads and clears those,
  // and reads and writes values and states.
  const double updates = 2 * slots + 2 + 2 * static_cast<double>(states);
  return per_sample * static_cast<double>(batch) + values * (4 * groups + updates);
}

MachineCosts measure_costs(const BenchmarkSetup& setup) {
  return measure_machine(
      TrainStep::bytes(setup.network, setup.batch, Workers::available(), setup.config.data.augment),
      setup.seconds);
}

Simulation simulate_threads(const BenchmarkSetup& setup, std::vector<int> threads,
                            const MachineCosts& costs) {
  const SolverOptions& solver = setup.config.training.solver;
  Simulation result{.costs = costs, .estimates = {}};
  result.bytes = step_traffic(setup.network, setup.batch, solver.rule->states.size());
  const bool wants_one = std::ranges::find(threads, 1) != threads.end();
  if (!wants_one) threads.insert(threads.begin(), 1);
  const double part = setup.seconds / static_cast<double>(threads.size());
  const auto images = static_cast<double>(setup.batch);
  LoggedTraining one(setup, 1);
  one.step();
  for (const int number : threads) {
    const HandOver& cost = result.costs.hand_over;
    const Measured measured = measure(setup, one, number, part);
    const double lost = result.costs.lost_to_memory(result.bytes, number);
    const double seconds = step_seconds(measured.step, number, cost) + lost;
    const double seconds_of_one = step_seconds(measured.one, 1, cost);
    ThreadsEstimate estimate{.threads = number};
    if (number == 1) result.images_per_second_of_one = images / seconds;
    // By the same minutes' step on one thread: a machine may slow down.
    estimate.efficiency = seconds_of_one / seconds / number;
    estimate.images_per_second = estimate.efficiency * number * result.images_per_second_of_one;
    if (measured.seconds) estimate.measured = images / *measured.seconds;
    estimate.stages = estimate_stages(measured.step, number, cost);
    estimate.stages.push_back({"memory shared by threads", 0, lost});
    if (number > 1 || wants_one) result.estimates.push_back(std::move(estimate));
  }
  return result;
}

std::string simulation_text(const Simulation& simulation) {
  const MachineCosts& costs = simulation.costs;
  std::string text = fmt::format(
      "\nan estimate of training, from the time of each task on one thread\n"
      "a stage costs {:.2f} us for each further thread, a task {:.3f} us; memory {:.1f} GB/s for "
      "one thread, {:.0f} % of it for each of {}\n\n",
      1e6 * costs.hand_over.stage, 1e6 * costs.hand_over.task, 1e-9 * costs.bytes_per_second,
      100 / (1 + costs.crowding * (costs.processors - 1)), costs.processors);
  text += fmt::format("{:>7} {:>11} {:>9} {:>12} {:>10}\n", "threads", "images/s", "speed-up",
                      "efficiency", "measured");
  for (const ThreadsEstimate& e : simulation.estimates) {
    text += line(e, simulation.images_per_second_of_one);
  }
  return text + "\n" + table_of_stages(simulation.estimates);
}

}  // namespace cnn::app
