// TaskLog: is told what the calls of Workers::run do, task by task, by workers that run them one
// after the other (base/workers.hpp).

#pragma once

#include <cstddef>
#include <string_view>

namespace cnn {

class TaskLog {
 public:
  virtual ~TaskLog() = default;

  // A call of run: `stage` is what its caller names it, and lives as long as the call.
  virtual void begin_stage(std::string_view stage, int tasks) = 0;
  virtual void end_stage() = 0;

  virtual void begin_task() = 0;
  virtual void end_task() = 0;
  // The rest of the present task is in so many equal parts, each of which waits for the same part
  // of those of the tasks before it that are of the same line.
  virtual void wait_in_line(std::size_t line, int parts) = 0;

 protected:
  TaskLog() = default;
  TaskLog(const TaskLog&) = default;
  TaskLog& operator=(const TaskLog&) = default;
};

}  // namespace cnn
