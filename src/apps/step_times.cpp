#include "apps/step_times.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <time.h>

#include "apps/call_times.hpp"

namespace cnn::app {
namespace {

// Of the calling thread.
double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

double StageTimes::sum() const {
  double seconds = 0;
  for (const TaskTime& task : tasks) seconds += task.sum();
  return seconds;
}

double StepTimes::sum() const {
  double seconds = between;
  for (const StageTimes& stage : stages) seconds += stage.sum();
  return seconds;
}

StepTimes undisturbed(const std::vector<StepTimes>& steps) {
  StepTimes result = steps.front();
  std::vector<double> values(steps.size());
  const auto assign = [&](double& to, const auto& seconds_of) {
    std::ranges::transform(steps, values.begin(), seconds_of);
    to = undisturbed(values);
  };
  assign(result.between, [](const StepTimes& step) { return step.between; });
  for (std::size_t s = 0; s < result.stages.size(); ++s) {
    for (std::size_t t = 0; t < result.stages[s].tasks.size(); ++t) {
      TaskTime& task = result.stages[s].tasks[t];
      assign(task.alone, [&](const StepTimes& step) { return step.stages[s].tasks[t].alone; });
      assign(task.in_line, [&](const StepTimes& step) { return step.stages[s].tasks[t].in_line; });
    }
  }
  return result;
}

double stage_seconds(const StageTimes& stage, int threads, const HandOver& cost) {
  const std::size_t used = std::min(static_cast<std::size_t>(threads), stage.tasks.size());
  if (used <= 1) return stage.sum();
  std::vector<double> free(used, 0.0);  // when each thread has done its tasks
  // When the last task in a line has done a part.
  std::map<std::pair<std::size_t, int>, double> end_of_lines;
  for (const TaskTime& task : stage.tasks) {
    double& thread = *std::ranges::min_element(free);
    thread += cost.task + task.alone;
    for (int part = 0; task.in_line > 0 && part < task.parts; ++part) {
      double& end = end_of_lines[{task.line, part}];
      end = std::max(end, thread) + task.in_line / task.parts;
      thread = end;
    }
  }
  return *std::ranges::max_element(free) + cost.stage * static_cast<double>(used - 1);
}

double step_seconds(const StepTimes& step, int threads, const HandOver& cost) {
  double seconds = step.between;
  for (const StageTimes& stage : step.stages) seconds += stage_seconds(stage, threads, cost);
  return seconds;
}

StepClock::StepClock() {
  constexpr int kLooks = 1000;
  lap();
  double least = lap();
  for (int i = 0; i < kLooks; ++i) least = std::min(least, lap());
  look_ = least;
}

double StepClock::lap() {
  const double now = processor_seconds();
  return std::max(0.0, now - std::exchange(last_, now) - look_);
}

void StepClock::begin_step() {
  step_ = {};
  lap();
}

StepTimes StepClock::end_step() {
  step_.between += lap();
  return std::move(step_);
}

void StepClock::begin_stage(std::string_view stage, int tasks) {
  step_.between += lap();
  step_.stages.push_back({std::string(stage), {}});
  step_.stages.back().tasks.reserve(static_cast<std::size_t>(tasks));
}

void StepClock::end_stage() {
  lap();
}

void StepClock::begin_task() {
  step_.stages.back().tasks.emplace_back();
  lap();
}

void StepClock::end_task() {
  TaskTime& task = step_.stages.back().tasks.back();
  (task.in_line < 0 ? task.in_line : task.alone) = lap();
}

// Marked until its end by a time that cannot be.
void StepClock::wait_in_line(std::size_t line, int parts) {
  TaskTime& task = step_.stages.back().tasks.back();
  task.alone = lap();
  task.line = line;
  task.parts = parts;
  task.in_line = -1;
}

}  // namespace cnn::app
