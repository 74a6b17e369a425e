// How long each task of a training step takes, and how long the step would take on more threads.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/task_log.hpp"

namespace cnn::app {

// Seconds. A task first runs on its own; each of the equal parts of what it does in line waits for
// the same part of the tasks before it of that line.
struct TaskTime {
  double alone = 0;
  double in_line = 0;
  std::size_t line = 0;
  int parts = 1;

  double sum() const { return alone + in_line; }
};

// One call of Workers::run.
struct StageTimes {
  std::string name;
  std::vector<TaskTime> tasks;

  double sum() const;
};

struct StepTimes {
  std::vector<StageTimes> stages;
  double between = 0;  // of the caller, outside its stages

  double sum() const;
};

// The same step, task by task the undisturbed time of several (call_times.hpp). Requires at least
// one, and all of the same stages and tasks.
StepTimes undisturbed(const std::vector<StepTimes>& steps);

// What threads cost beside their work, in seconds.
struct HandOver {
  double stage = 0;  // of a stage, for each thread beyond the first
  double task = 0;   // of a task, if there are several threads
};

// The seconds of a stage on so many threads, each of which takes the next task as soon as it has
// done the last one, as Workers do.
double stage_seconds(const StageTimes& stage, int threads, const HandOver& cost);
double step_seconds(const StepTimes& step, int threads, const HandOver& cost);

// Times the steps of what uses Workers with this log, by the processor time of the thread that runs
// them: what others take on a busy machine is not the step's.
class StepClock : public TaskLog {
 public:
  StepClock();
  void begin_step();
  StepTimes end_step();

  void begin_stage(std::string_view stage, int tasks) override;
  void end_stage() override;
  void begin_task() override;
  void end_task() override;
  void wait_in_line(std::size_t line, int parts) override;

 private:
  // The seconds since the last call, without those of looking at the clock.
  double lap();

  double last_ = 0;
  double look_ = 0;  // seconds
  StepTimes step_;
};

}  // namespace cnn::app
